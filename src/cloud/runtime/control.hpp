// The control channel: {"type":...,"data":...} texts between a client and the runtime (docs/protocols/streaming.md).
// Clients send input; values that are not numbers, or exceed the size of any screen, do not parse.
#pragma once

#include <variant>

#include "cloud/api/envelope.hpp"

namespace redan::cloud::runtime::control {

namespace json = api::json;

// Limit on a client's message.
inline constexpr std::size_t kMaxMessage = 16 * 1024;
inline constexpr std::size_t kMaxText = 1024;
inline constexpr double kMaxCoordinate = 1e5;

struct MouseMove {
  double rx = 0, ry = 0;       ///< pixels since the previous one
  std::optional<double> x, y;  ///< absent while the pointer is locked
  friend bool operator==(const MouseMove&, const MouseMove&) = default;
};
struct MouseButton {
  bool pressed = false;
  std::int64_t button = 1;  ///< from 1
  friend bool operator==(const MouseButton&, const MouseButton&) = default;
};
struct MouseWheel {
  double x = 0, y = 0;  ///< -1, 0 or 1
  friend bool operator==(const MouseWheel&, const MouseWheel&) = default;
};
/// touch-start and touch-move.
struct Touch {
  enum class Kind : std::uint8_t { start, move } kind = Kind::start;
  std::int64_t id = 0;  ///< of the finger: 0 to 9
  double x = 0, y = 0;
  friend bool operator==(const Touch&, const Touch&) = default;
};
struct TouchEnd {
  std::int64_t id = 0;
  bool last = false;  ///< no finger is left on the screen
  friend bool operator==(const TouchEnd&, const TouchEnd&) = default;
};
struct Key {
  std::int64_t code = 0;  ///< USB HID usage: a is 4
  bool pressed = false;
  friend bool operator==(const Key&, const Key&) = default;
};
struct GamepadButton {
  std::int64_t id = 0, index = 0;
  bool pressed = false;
  friend bool operator==(const GamepadButton&, const GamepadButton&) = default;
};
struct GamepadAxes {
  std::int64_t id = 0, index = 0;
  double value = 0;  ///< -1 to 1
  friend bool operator==(const GamepadAxes&, const GamepadAxes&) = default;
};
struct ImeText {
  std::string text;
  bool composing = false;  ///< not final yet
  friend bool operator==(const ImeText&, const ImeText&) = default;
};
struct ImeKeycode {
  std::string code;
  std::int64_t times = 1;
  friend bool operator==(const ImeKeycode&, const ImeKeycode&) = default;
};
struct ImeAction {
  std::string name;
  friend bool operator==(const ImeAction&, const ImeAction&) = default;
};
struct ImeRegion {
  std::int64_t start = 0, end = 0;
  friend bool operator==(const ImeRegion&, const ImeRegion&) = default;
};
struct Position {
  std::string format = "wgs84";  ///< or "nmea"
  double time = 0, latitude = 0, longitude = 0, altitude = 0, speed = 0, bearing = 0;
  friend bool operator==(const Position&, const Position&) = default;
};
struct Sensor {
  enum class Kind : std::uint8_t { acceleration, gyroscope, orientation } kind = Kind::acceleration;
  double x = 0, y = 0, z = 0;  ///< orientation: roll, pitch, azimuth
  friend bool operator==(const Sensor&, const Sensor&) = default;
};
/// Vehicle properties: there are none, and the answer reports that.
struct VhalRequest {
  enum class Kind : std::uint8_t { all, get, set } kind = Kind::all;
  std::int64_t property = 0, area = 0;
  friend bool operator==(const VhalRequest&, const VhalRequest&) = default;
};
/// The client disconnects.
struct Disconnect {
  friend bool operator==(const Disconnect&, const Disconnect&) = default;
};
/// Binds the DTLS connection to the sealed channel (docs/protocols/sealed.md), in either direction.
struct SealConfirm {
  std::string mac;  ///< bytes
  friend bool operator==(const SealConfirm&, const SealConfirm&) = default;
};
/// Of an unknown or unsupported type.
struct Unknown {
  std::string type;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};
using Message =
    std::variant<MouseMove, MouseButton, MouseWheel, Touch, TouchEnd, Key, GamepadButton, GamepadAxes, ImeText,
                 ImeKeycode, ImeAction, ImeRegion, Position, Sensor, VhalRequest, Disconnect, SealConfirm, Unknown>;

/// nullopt for an invalid message: not an object, a member missing or of the wrong type or size.
std::optional<Message> parse(std::string_view text);
/// In the format of a client.
std::string text(const Message& message);

// To the client: `data` is JSON text inside the JSON. show-ime and hide-ime exist in the protocol but break browsers,
// so they cannot be created here.

std::string message_text(std::string_view type, const json::value& data);
std::string message_text(std::string_view type);
/// The answer to a request for a vehicle's properties. Clients match answers by their order.
std::string vhal_answer(const VhalRequest& request);

}  // namespace redan::cloud::runtime::control
