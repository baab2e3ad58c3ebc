#include "cloud/runtime/control.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cmath>

#include "base/base64.hpp"

namespace redan::cloud::runtime::control {
namespace {

constexpr std::size_t kMaxDepth = 6;
constexpr std::size_t kMaxType = 64;
constexpr std::int64_t kMostFingers = 10;
constexpr std::int64_t kMaxSmall = 1 << 16;  // ids, indices, codes
// VHAL's StatusCode NOT_AVAILABLE.
constexpr std::int64_t kNotAvailable = 3;

/// Members of "data"; one invalid member invalidates the whole message.
class Data {
 public:
  explicit Data(const json::value* value) : object_(value != nullptr ? value->if_object() : nullptr) {}

  double number(std::string_view key, double most = kMaxCoordinate) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_number()) return fail(0.0);
    const auto value = member->to_number<double>();
    return std::isfinite(value) && std::abs(value) <= most ? value : fail(0.0);
  }
  double number_or_zero(std::string_view key, double most) {
    const json::value* member = find(key);
    return member == nullptr || member->is_null() ? 0 : number(key, most);
  }
  std::optional<double> optional_number(std::string_view key) {
    if (find(key) == nullptr) return std::nullopt;
    return number(key);
  }
  std::int64_t integer(std::string_view key, std::int64_t least, std::int64_t most) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_int64()) return fail(std::int64_t{0});
    const std::int64_t value = member->get_int64();
    return value >= least && value <= most ? value : fail(std::int64_t{0});
  }
  bool boolean(std::string_view key) {
    const json::value* member = find(key);
    return member != nullptr && member->is_bool() ? member->get_bool() : fail(false);
  }
  std::string text(std::string_view key) {
    const json::value* member = find(key);
    if (member == nullptr || !member->is_string() || member->get_string().size() > kMaxText) return fail(std::string());
    return std::string(member->get_string());
  }
  /// A name or a number: clients send both.
  std::string word(std::string_view key) {
    const json::value* member = find(key);
    if (member != nullptr && member->is_int64()) return std::to_string(member->get_int64());
    return text(key);
  }
  [[nodiscard]] const json::value* find(std::string_view key) const {
    return object_ != nullptr ? object_->if_contains(key) : nullptr;
  }
  [[nodiscard]] bool is_object() const { return object_ != nullptr; }
  template <class T>
  std::optional<Message> checked(T message) const {
    if (failed_) return std::nullopt;
    return message;
  }
  template <class T>
  T fail(T nothing) {
    failed_ = true;
    return nothing;
  }

 private:
  const json::object* object_;
  bool failed_ = false;
};

std::optional<Message> parse_touch(Touch::Kind kind, Data data) {
  return data.checked(Touch{kind, data.integer("id", 0, kMostFingers - 1), data.number("x"), data.number("y")});
}

// {"type":1,"data":{...}}: the kinds of the SDK's input method events.
std::optional<Message> parse_ime(Data event) {
  const std::int64_t kind = event.integer("type", 0, kMaxSmall);
  Data data(event.find("data"));
  switch (kind) {
    case 1:
    case 4:
      return data.checked(ImeText{data.text("text"), kind == 4});
    case 2:
      return data.checked(ImeKeycode{data.word("code"), data.integer("times", 0, kMaxSmall)});
    case 3:
      return data.checked(ImeAction{data.text("name")});
    case 5:
      return data.checked(ImeRegion{data.integer("start", -1, kMaxSmall), data.integer("end", -1, kMaxSmall)});
    default:
      return event.checked(Unknown{"input::ime-event " + std::to_string(kind)});
  }
}

std::optional<Message> parse_position(Data data) {
  constexpr double kMaxTime = 1e15;  // enough for a time in milliseconds
  Position position;
  if (data.find("format") != nullptr) position.format = data.text("format");
  if (position.format != "wgs84" && position.format != "nmea") return std::nullopt;
  position.time = data.number_or_zero("time", kMaxTime);
  position.latitude = data.number("latitude");
  position.longitude = data.number("longitude");
  position.altitude = data.number_or_zero("altitude", kMaxCoordinate);
  position.speed = data.number_or_zero("speed", kMaxCoordinate);
  position.bearing = data.number_or_zero("bearing", kMaxCoordinate);
  return data.checked(position);
}

std::optional<Message> parse_sensor(Data data) {
  const std::string which = data.text("sensor");
  if (which == "orientation") {
    return data.checked(
        Sensor{Sensor::Kind::orientation, data.number("roll"), data.number("pitch"), data.number("azimuth")});
  }
  if (which != "acceleration" && which != "gyroscope") return std::nullopt;
  const auto kind = which == "gyroscope" ? Sensor::Kind::gyroscope : Sensor::Kind::acceleration;
  return data.checked(Sensor{kind, data.number("x"), data.number("y"), data.number("z")});
}

std::optional<Message> parse_confirm(Data data) {
  const auto mac = from_base64(data.text("mac"));
  return mac ? data.checked(SealConfirm{{mac->begin(), mac->end()}}) : std::nullopt;
}

std::optional<Message> parse_vhal(VhalRequest::Kind kind, Data data) {
  constexpr std::int64_t kMost = 0xFFFFFFFF;
  const std::int64_t area = data.find("area_id") != nullptr ? data.integer("area_id", -kMost, kMost) : 0;
  return data.checked(VhalRequest{kind, data.integer("prop", -kMost, kMost), area});
}

using Parse = std::optional<Message> (*)(Data);
struct Row {
  std::string_view type;
  Parse parse;
};
constexpr Row kRows[] = {
    {"input::mouse-move",
     [](Data d) {
       const double rx = d.number("rx"), ry = d.number("ry");
       const auto x = d.optional_number("x"), y = d.optional_number("y");
       return d.checked(MouseMove{rx, ry, x, y});
     }},
    {"input::mouse-button",
     [](Data d) {
       const bool pressed = d.boolean("pressed");
       return d.checked(MouseButton{pressed, d.integer("button", 1, 32)});
     }},
    {"input::mouse-wheel",
     [](Data d) {
       const double x = d.number("x");
       return d.checked(MouseWheel{x, d.number("y")});
     }},
    {"input::touch-start", [](Data d) { return parse_touch(Touch::Kind::start, d); }},
    {"input::touch-move", [](Data d) { return parse_touch(Touch::Kind::move, d); }},
    {"input::touch-end",
     [](Data d) {
       const std::int64_t id = d.integer("id", 0, kMostFingers - 1);
       return d.checked(TouchEnd{id, d.boolean("last")});
     }},
    {"input::key",
     [](Data d) {
       const std::int64_t code = d.integer("code", 0, kMaxSmall);
       return d.checked(Key{code, d.boolean("pressed")});
     }},
    {"input::gamepad-button",
     [](Data d) {
       const std::int64_t id = d.integer("id", 0, kMaxSmall), index = d.integer("index", 0, kMaxSmall);
       return d.checked(GamepadButton{id, index, d.boolean("pressed")});
     }},
    {"input::gamepad-axes",
     [](Data d) {
       const std::int64_t id = d.integer("id", 0, kMaxSmall), index = d.integer("index", 0, kMaxSmall);
       return d.checked(GamepadAxes{id, index, d.number("value", 2)});
     }},
    {"input::ime-event", parse_ime},
    {"location::update-position", parse_position},
    {"sensor:event", parse_sensor},
    {"vhal::get-all-prop-configs", [](Data d) { return d.checked(VhalRequest{}); }},
    {"vhal::get", [](Data d) { return parse_vhal(VhalRequest::Kind::get, d); }},
    {"vhal::set", [](Data d) { return parse_vhal(VhalRequest::Kind::set, d); }},
    {"stream::disconnect", [](Data d) { return d.checked(Disconnect{}); }},
    {"seal::confirm", parse_confirm},
};

json::value value_of(double number) { return number; }

struct ToJson {
  using Typed = std::pair<std::string_view, json::object>;
  Typed operator()(const MouseMove& m) const {
    json::object data{{"rx", m.rx}, {"ry", m.ry}};
    if (m.x) data["x"] = *m.x;
    if (m.y) data["y"] = *m.y;
    return {"input::mouse-move", data};
  }
  Typed operator()(const MouseButton& m) const {
    return {"input::mouse-button", {{"pressed", m.pressed}, {"button", m.button}}};
  }
  Typed operator()(const MouseWheel& m) const { return {"input::mouse-wheel", {{"x", m.x}, {"y", m.y}}}; }
  Typed operator()(const Touch& m) const {
    return {m.kind == Touch::Kind::start ? "input::touch-start" : "input::touch-move",
            {{"id", m.id}, {"x", m.x}, {"y", m.y}}};
  }
  Typed operator()(const TouchEnd& m) const { return {"input::touch-end", {{"id", m.id}, {"last", m.last}}}; }
  Typed operator()(const Key& m) const { return {"input::key", {{"code", m.code}, {"pressed", m.pressed}}}; }
  Typed operator()(const GamepadButton& m) const {
    return {"input::gamepad-button", {{"id", m.id}, {"index", m.index}, {"pressed", m.pressed}}};
  }
  Typed operator()(const GamepadAxes& m) const {
    return {"input::gamepad-axes", {{"id", m.id}, {"index", m.index}, {"value", m.value}}};
  }
  Typed operator()(const ImeText& m) const { return ime(m.composing ? 4 : 1, {{"text", m.text}}); }
  Typed operator()(const ImeKeycode& m) const { return ime(2, {{"code", m.code}, {"times", m.times}}); }
  Typed operator()(const ImeAction& m) const { return ime(3, {{"name", m.name}}); }
  Typed operator()(const ImeRegion& m) const { return ime(5, {{"start", m.start}, {"end", m.end}}); }
  Typed operator()(const Position& m) const {
    return {"location::update-position",
            {{"format", m.format},
             {"time", value_of(m.time)},
             {"latitude", m.latitude},
             {"longitude", m.longitude},
             {"altitude", m.altitude},
             {"speed", m.speed},
             {"bearing", m.bearing}}};
  }
  Typed operator()(const Sensor& m) const {
    if (m.kind == Sensor::Kind::orientation) {
      return {"sensor:event", {{"sensor", "orientation"}, {"roll", m.x}, {"pitch", m.y}, {"azimuth", m.z}}};
    }
    const char* sensor = m.kind == Sensor::Kind::gyroscope ? "gyroscope" : "acceleration";
    return {"sensor:event", {{"sensor", sensor}, {"x", m.x}, {"y", m.y}, {"z", m.z}}};
  }
  Typed operator()(const VhalRequest& m) const {
    if (m.kind == VhalRequest::Kind::all) return {"vhal::get-all-prop-configs", {}};
    return {m.kind == VhalRequest::Kind::get ? "vhal::get" : "vhal::set", {{"prop", m.property}, {"area_id", m.area}}};
  }
  Typed operator()(const Disconnect&) const { return {"stream::disconnect", {}}; }
  Typed operator()(const SealConfirm& m) const { return {"seal::confirm", {{"mac", to_base64(as_bytes(m.mac))}}}; }
  Typed operator()(const Unknown& m) const { return {m.type, {}}; }

 private:
  static Typed ime(int type, const json::object& data) {
    return {"input::ime-event", {{"type", type}, {"data", data}}};
  }
};

}  // namespace

std::optional<Message> parse(std::string_view text) {
  if (text.size() > kMaxMessage) return std::nullopt;
  json::error_code error;
  json::parse_options limits;
  limits.max_depth = kMaxDepth;
  const json::value value = json::parse(text, error, {}, limits);
  const json::object* object = error ? nullptr : value.if_object();
  const json::value* type = object != nullptr ? object->if_contains("type") : nullptr;
  if (type == nullptr || !type->is_string() || type->get_string().size() > kMaxType) return std::nullopt;
  const std::string_view name(type->get_string());
  for (const Row& row : kRows) {
    if (row.type == name) return row.parse(Data(object->if_contains("data")));
  }
  return Unknown{std::string(name)};
}

std::string text(const Message& message) {
  const auto [type, data] = std::visit(ToJson(), message);
  return json::serialize(json::object{{"type", type}, {"data", data}});
}

std::string message_text(std::string_view type, const json::value& data) {
  return json::serialize(json::object{{"type", type}, {"data", json::serialize(data)}});
}
std::string message_text(std::string_view type) { return json::serialize(json::object{{"type", type}}); }

std::string vhal_answer(const VhalRequest& request) {
  if (request.kind == VhalRequest::Kind::all) return message_text("vhal-prop-configs", json::array());
  const char* type = request.kind == VhalRequest::Kind::get ? "vhal-get-answer" : "vhal-set-answer";
  return message_text(type,
                      json::object{{"prop", request.property}, {"area_id", request.area}, {"status", kNotAvailable}});
}

}  // namespace redan::cloud::runtime::control
