// The messages between a streaming client and the runtime before they are connected: JSON texts with a member "type"
// (docs/protocols/streaming.md). SDP and candidates travel in base64; the structs contain plain text.
//
//   api 2   discover ->   <- resp:discover   settings ->   <- offer   answer ->   candidate <->
//   api 1   [settings ->]   offer ->   <- answer   candidate <->
#pragma once

#include <variant>

#include "cloud/api/members.hpp"

namespace redan::cloud::api::signalling {

/// Limit of one message, in bytes: a description of 64 KiB in base64 fits.
inline constexpr std::size_t kMaxMessage = 128 * 1024;
inline constexpr std::size_t kMaxSdp = 64 * 1024;
inline constexpr std::size_t kMaxCandidate = 1024;
inline constexpr std::size_t kMaxSeal = 96 * 1024 - 64;
inline constexpr std::int64_t kMaxApiVersion = 2;

/// Client: asks for the capabilities.
struct Discover {
  friend bool operator==(const Discover&, const Discover&) = default;
};
struct Discovered {
  std::int64_t max_api_version = kMaxApiVersion;
  std::int64_t fps = 30;
  std::vector<std::string> capabilities{};
  friend bool operator==(const Discovered&, const Discovered&) = default;
};
/// Client: its settings. Below api version 2 only api_version counts.
struct Settings {
  std::int64_t api_version = kMaxApiVersion;
  std::vector<std::string> data_channels{};
  bool enable_speaker = false, enable_microphone = false, enable_video = false, enable_camera = false;
  std::string device_type{}, foreground_activity{};
  std::vector<std::string> preferred_decoder_codecs{};
  friend bool operator==(const Settings&, const Settings&) = default;
};
struct Offer {
  std::string sdp;
  std::vector<std::string> data_channels{};  ///< a client's offer only (api 1)
  friend bool operator==(const Offer&, const Offer&) = default;
};
struct Answer {
  std::string sdp;
  friend bool operator==(const Answer&, const Answer&) = default;
};
struct Candidate {
  std::string candidate;  ///< "candidate:..."; "" ends the candidates
  std::string sdp_mid{};
  std::int64_t sdp_m_line_index = 0;
  friend bool operator==(const Candidate&, const Candidate&) = default;
};
/// Runtime: the stream has ended. Sent before the socket is closed, because otherwise clients wait for minutes.
struct Error {
  std::string message;
  friend bool operator==(const Error&, const Error&) = default;
};
/// A message of the sealed channel, or of its handshake (docs/protocols/sealed.md).
struct Seal {
  std::string body;  ///< bytes
  friend bool operator==(const Seal&, const Seal&) = default;
};
/// A message of an unknown type: ignored.
struct Unknown {
  std::string type;
  friend bool operator==(const Unknown&, const Unknown&) = default;
};
using Message = std::variant<Discover, Discovered, Settings, Offer, Answer, Candidate, Error, Seal, Unknown>;

/// 400 for an invalid message: not an object, no type, a member of the wrong type, bad base64, beyond a limit.
Outcome<Message> parse(std::string_view text);
std::string text(const Message& message);

}  // namespace redan::cloud::api::signalling
