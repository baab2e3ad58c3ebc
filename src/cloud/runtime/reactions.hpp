// Shows a client's input in the generated picture immediately, so that a client can measure the latency.
#pragma once

#include <bitset>
#include <set>

#include "cloud/runtime/control.hpp"
#include "media/picture.hpp"

namespace redan::cloud::runtime {

class Reactions {
 public:
  /// `scene` must outlive this.
  explicit Reactions(media::Scene& scene) : scene_(scene) {}

  void apply(const control::Message& message);
  /// The client that held something has left.
  void release();

 private:
  void on(const control::MouseMove& move);
  void on(const control::MouseButton& button);
  void on(const control::MouseWheel&) { scene_.flip(media::Indicator::wheel); }
  void on(const control::Touch& touch);
  void on(const control::TouchEnd& end);
  void on(const control::Key& key);
  void on(const control::GamepadButton& button);
  void on(const control::GamepadAxes& axes);
  void on(const control::ImeText& text);
  void on(const control::Position&) { scene_.flip(media::Indicator::sensor); }
  void on(const control::Sensor&) { scene_.flip(media::Indicator::sensor); }
  template <class Other>
  void on(const Other&) {}
  void type(std::string_view text);
  void show_held();

  static constexpr std::size_t kMaxHeld = 64;
  media::Scene& scene_;
  std::bitset<10> fingers_;
  std::set<std::int64_t> buttons_, keys_, pad_buttons_;
};

/// "a" for 4; "" for keys without a letter, digit or space (USB HID usage tables, keyboard page).
std::string_view letter_of_key(std::int64_t code);

}  // namespace redan::cloud::runtime
