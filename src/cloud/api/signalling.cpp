#include "cloud/api/signalling.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"

namespace redan::cloud::api::signalling {
namespace {

constexpr std::size_t kMaxDepth = 8;
constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxError = 1024;

/// Reads members until one is invalid, which becomes the refusal.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  std::string text(std::string_view key, std::size_t limit) { return take(string_member(object_, key, limit)); }
  std::vector<std::string> texts(std::string_view key) { return take(strings_member(object_, key)); }
  std::int64_t integer(std::string_view key, std::int64_t otherwise) {
    return take(integer_member(object_, key, otherwise));
  }
  bool boolean(std::string_view key) { return take(bool_member(object_, key, false)); }
  json::object object(std::string_view key) { return take(object_member(object_, key)); }
  std::string base64(std::string_view key, std::size_t limit) {
    const std::string encoded = text(key, (limit + 2) / 3 * 4);
    const auto decoded = from_base64(encoded);
    if (!decoded || decoded->size() > limit) {
      take<std::string>(refuse(bad_request("\"" + std::string(key) + "\" is not base64")));
      return {};
    }
    return {decoded->begin(), decoded->end()};
  }
  template <class T>
  Outcome<Message> checked(T message) {
    if (refusal_) return refuse(*refusal_);
    return message;
  }

 private:
  template <class T>
  T take(Outcome<T> value) {
    if (value) return std::move(*value);
    if (!refusal_) refusal_ = value.error();
    return T();
  }
  const json::object& object_;
  std::optional<Refusal> refusal_;
};

Outcome<Message> parse_settings(const json::object& object) {
  Members members(object);
  Settings settings;
  settings.api_version = members.integer("api_version", 0);
  settings.data_channels = members.texts("data_channels");
  settings.enable_speaker = members.boolean("enable_speaker");
  settings.enable_microphone = members.boolean("enable_microphone");
  settings.enable_video = members.boolean("enable_video");
  settings.enable_camera = members.boolean("enable_camera");
  settings.device_type = members.text("device_type", kMaxName);
  settings.foreground_activity = members.text("foreground_activity", 4 * kMaxName);
  const json::object video = members.object("video");
  Members of_video(video);
  settings.preferred_decoder_codecs = of_video.texts("preferred_decoder_codecs");
  if (auto wrong = of_video.checked(Settings()); !wrong) return wrong;
  return members.checked(std::move(settings));
}

Outcome<Message> parse_typed(std::string_view type, const json::object& object) {
  Members members(object);
  if (type == "discover") return Discover{};
  if (type == "settings") return parse_settings(object);
  if (type == "offer") {
    return members.checked(Offer{members.base64("sdp", kMaxSdp), members.texts("dataChannels")});
  }
  if (type == "answer") return members.checked(Answer{members.base64("sdp", kMaxSdp)});
  if (type == "candidate") {
    return members.checked(Candidate{members.base64("candidate", kMaxCandidate), members.text("sdpMid", kMaxName),
                                     members.integer("sdpMLineIndex", 0)});
  }
  if (type == "resp:discover") {
    return members.checked(
        Discovered{members.integer("max_api_version", 0), members.integer("fps", 0), members.texts("capabilities")});
  }
  if (type == "error") return members.checked(Error{members.text("message", kMaxError)});
  if (type == "seal") return members.checked(Seal{members.base64("body", kMaxSeal)});
  return Unknown{std::string(type)};
}

json::array array_of(const std::vector<std::string>& texts) { return json::array(texts.begin(), texts.end()); }
std::string base64_of(std::string_view text) { return to_base64(as_bytes(text)); }

struct ToJson {
  json::object operator()(const Discover&) const { return {{"type", "discover"}}; }
  json::object operator()(const Discovered& m) const {
    return {{"type", "resp:discover"},
            {"max_api_version", m.max_api_version},
            {"fps", m.fps},
            {"capabilities", array_of(m.capabilities)}};
  }
  json::object operator()(const Settings& m) const {
    json::object object{{"type", "settings"},
                        {"api_version", m.api_version},
                        {"data_channels", array_of(m.data_channels)},
                        {"enable_speaker", m.enable_speaker},
                        {"enable_microphone", m.enable_microphone},
                        {"enable_video", m.enable_video},
                        {"enable_camera", m.enable_camera}};
    if (!m.device_type.empty()) object["device_type"] = m.device_type;
    if (!m.foreground_activity.empty()) object["foreground_activity"] = m.foreground_activity;
    if (!m.preferred_decoder_codecs.empty()) {
      object["video"] = json::object{{"preferred_decoder_codecs", array_of(m.preferred_decoder_codecs)}};
    }
    return object;
  }
  json::object operator()(const Offer& m) const {
    json::object object{{"type", "offer"}, {"sdp", base64_of(m.sdp)}};
    if (!m.data_channels.empty()) object["dataChannels"] = array_of(m.data_channels);
    return object;
  }
  json::object operator()(const Answer& m) const { return {{"type", "answer"}, {"sdp", base64_of(m.sdp)}}; }
  json::object operator()(const Candidate& m) const {
    return {{"type", "candidate"},
            {"candidate", base64_of(m.candidate)},
            {"sdpMid", m.sdp_mid},
            {"sdpMLineIndex", m.sdp_m_line_index}};
  }
  json::object operator()(const Error& m) const { return {{"type", "error"}, {"message", m.message}}; }
  json::object operator()(const Seal& m) const { return {{"type", "seal"}, {"body", base64_of(m.body)}}; }
  json::object operator()(const Unknown& m) const { return {{"type", m.type}}; }
};

}  // namespace

Outcome<Message> parse(std::string_view text) {
  if (text.size() > kMaxMessage) return refuse(bad_request("a signalling message has at most 128 KiB"));
  json::error_code error;
  json::parse_options limits;
  limits.max_depth = kMaxDepth;
  const json::value value = json::parse(text, error, {}, limits);
  if (error || !value.is_object()) return refuse(bad_request("a signalling message is a JSON object"));
  const auto type = string_member(value.get_object(), "type", kMaxName);
  if (!type) return refuse(type.error());
  if (type->empty()) return refuse(bad_request("a signalling message has a \"type\""));
  return parse_typed(*type, value.get_object());
}

std::string text(const Message& message) { return json::serialize(std::visit(ToJson(), message)); }

}  // namespace redan::cloud::api::signalling
