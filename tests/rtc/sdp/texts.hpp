// Session descriptions for tests, composed of lines.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

#include "rtc/sdp/offer_answer.hpp"

namespace redan::sdp::test {

inline std::string hex(char first, std::size_t bytes) {
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i) text += std::string(i == 0 ? "" : ":") + first + "B";
  return text;
}
inline const std::string kFingerprint = "sha-256 " + hex('A', 32);
inline const std::string kOtherFingerprint = "sha-256 " + hex('C', 32);

using Texts = std::vector<std::string>;

inline std::string joined(const Texts& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\r\n";
  return text;
}
/// The session's lines, with the transport.
inline std::string session(const Texts& more = {}, const std::string& fingerprint = kFingerprint) {
  return joined({"v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "t=0 0", "a=ice-ufrag:peer",
                 "a=ice-pwd:0123456789012345678901", "a=fingerprint:" + fingerprint, "a=setup:actpass"}) +
         joined(more);
}
inline std::string section(const std::string& line, const std::string& mid, const Texts& more = {}) {
  return joined({line, "a=mid:" + mid}) + joined(more);
}
inline std::string audio(const std::string& mid, const Texts& more = {"a=rtcp-mux"}) {
  return section("m=audio 9 UDP/TLS/RTP/SAVPF 111", mid, {"a=rtpmap:111 opus/48000/2"}) + joined(more);
}
inline std::string data(const std::string& mid, const Texts& more = {"a=sctp-port:5000"}) {
  return section("m=application 9 UDP/DTLS/SCTP webrtc-datachannel", mid, more);
}

inline Local local() {
  Local ours;
  ours.ufrag = "ours";
  ours.pwd = "abcdefghijklmnopqrstuvwx";
  ours.fingerprint = kOtherFingerprint;
  ours.candidates = {"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"};
  return ours;
}

/// The line that an error names; 0 if it names none.
inline std::size_t line_of(const Error& error) {
  unsigned long line = 0;
  return std::sscanf(error.detail.c_str(), "line %lu: ", &line) == 1 ? line : 0;
}

inline Result<Remote> read(const std::string& text) {
  const auto offer = SessionDescription::parse(text);
  if (!offer) return refuse(offer.error());
  return read_offer(*offer, true);
}

/// Our answer to an accepted offer, as parsed by the peer.
struct Answered {
  explicit Answered(const std::string& text, const Local& ours = local()) {
    const auto parsed = SessionDescription::parse(text);
    if (!parsed) return;
    offer = *parsed;
    const auto read = read_offer(offer, ours.accept_media);
    if (!read) return;
    remote = *read;
    answer = SessionDescription::parse(make_answer(offer, ours)).value_or(SessionDescription{});
    accepted = read_answer(offer, answer).has_value();
  }
  [[nodiscard]] const MediaSection& at(std::size_t i) const { return answer.media.at(i); }

  bool accepted = false;
  SessionDescription offer;
  Remote remote;
  SessionDescription answer;
};

}  // namespace redan::sdp::test
