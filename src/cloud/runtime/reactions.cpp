#include "cloud/runtime/reactions.hpp"

#include <algorithm>

namespace redan::cloud::runtime {
namespace {

constexpr std::int64_t kBackspace = 42, kEnter = 40;
constexpr std::size_t kMaxShown = 24;  // letters: one line of the picture

std::uint8_t shade(bool white) { return white ? media::kWhite : media::kBlack; }

}  // namespace

std::string_view letter_of_key(std::int64_t code) {
  constexpr std::int64_t kFirst = 4;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz1234567890";
  constexpr std::int64_t kSpace = 44;
  if (code == kSpace) return " ";
  if (code < kFirst || code - kFirst >= static_cast<std::int64_t>(kLetters.size())) return "";
  return kLetters.substr(static_cast<std::size_t>(code - kFirst), 1);
}

void Reactions::apply(const control::Message& message) {
  ++scene_.inputs;
  std::visit([this](const auto& each) { on(each); }, message);
  show_held();
}

void Reactions::release() {
  fingers_.reset();
  buttons_.clear();
  keys_.clear();
  pad_buttons_.clear();
  show_held();
}

void Reactions::show_held() {
  const bool held = fingers_.any() || !buttons_.empty();
  scene_[media::Indicator::held] = shade(held);
  scene_[media::Indicator::key_held] = shade(!keys_.empty());
  scene_[media::Indicator::button] = shade(!pad_buttons_.empty());
  if (scene_.marker) scene_.marker->held = held;
}

void Reactions::on(const control::MouseMove& move) {
  scene_.flip(media::Indicator::moved);
  const media::Scene::Marker last = scene_.marker.value_or(media::Scene::Marker{});
  // With a locked pointer only the relative motion is known.
  scene_.marker = media::Scene::Marker{static_cast<float>(move.x.value_or(last.x + move.rx)),
                                       static_cast<float>(move.y.value_or(last.y + move.ry)), last.held};
}

void Reactions::on(const control::MouseButton& button) {
  if (!button.pressed) {
    buttons_.erase(button.button);
    return;
  }
  scene_.flip(media::Indicator::press);
  if (buttons_.size() < kMaxHeld) buttons_.insert(button.button);
}

void Reactions::on(const control::Touch& touch) {
  if (touch.kind == control::Touch::Kind::start) {
    scene_.flip(media::Indicator::press);
    fingers_.set(static_cast<std::size_t>(touch.id));
  } else {
    scene_.flip(media::Indicator::moved);
  }
  scene_.marker = media::Scene::Marker{static_cast<float>(touch.x), static_cast<float>(touch.y), true};
}

void Reactions::on(const control::TouchEnd& end) {
  fingers_.reset(static_cast<std::size_t>(end.id));
  if (end.last) fingers_.reset();
}

void Reactions::on(const control::Key& key) {
  if (!key.pressed) {
    keys_.erase(key.code);
    return;
  }
  scene_.flip(media::Indicator::key);
  if (keys_.size() < kMaxHeld) keys_.insert(key.code);
  if (key.code == kBackspace && !scene_.text.empty()) scene_.text.pop_back();
  if (key.code == kEnter) scene_.text.clear();
  type(letter_of_key(key.code));
}

void Reactions::on(const control::GamepadButton& button) {
  const std::int64_t which = button.id << 32U | button.index;
  if (!button.pressed) {
    pad_buttons_.erase(which);
  } else if (pad_buttons_.size() < kMaxHeld) {
    pad_buttons_.insert(which);
  }
}

void Reactions::on(const control::GamepadAxes& axes) {
  const double value = std::clamp(axes.value, -1.0, 1.0);
  scene_[media::Indicator::axis] =
      static_cast<std::uint8_t>(media::kBlack + (value + 1) / 2 * (media::kWhite - media::kBlack));
}

void Reactions::on(const control::ImeText& text) {
  scene_.flip(media::Indicator::text);
  if (!text.composing) type(text.text);
}

void Reactions::type(std::string_view text) {
  scene_.text += text;
  if (scene_.text.size() > kMaxShown) scene_.text.erase(0, scene_.text.size() - kMaxShown);
}

}  // namespace redan::cloud::runtime
