#include <algorithm>
#include <array>
#include <span>

#include "base/words.hpp"
#include "rtc/sdp/offer_answer.hpp"
#include "rtc/sdp/sections.hpp"

namespace redan::sdp {
namespace {

constexpr std::string_view kMidExtension = "urn:ietf:params:rtp-hdrext:sdes:mid";
// RFC 8285 section 4.2: the longest value of a one-byte header extension.
constexpr std::size_t kLongestMidInHeader = 16;

class Text {
 public:
  void line(std::string_view text) {
    text_ += text;
    text_ += "\r\n";
  }
  void attribute(std::string_view name, std::string_view value) {
    text_ += "a=";
    text_ += name;
    text_ += ':';
    line(value);
  }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
};

void write_session(Text& text, const Local& local, const std::vector<std::string_view>& bundle) {
  text.line("v=0");
  text.line("o=- " + std::to_string(local.session_id) + " " + std::to_string(local.version) + " IN IP4 127.0.0.1");
  text.line("s=-");
  text.line("t=0 0");
  // RFC 8843 section 7.3: no group if it would be empty; a single section may have no mid.
  if (!bundle.empty()) {
    std::string group = "BUNDLE";
    for (const std::string_view mid : bundle) group.append(" ").append(mid);
    text.attribute("group", group);
  }
  if (local.ice_lite) text.line("a=ice-lite");
  // RFC 8445 section 10.
  text.attribute("ice-options", local.trickle ? "trickle ice2" : "ice2");
}

void write_transport(Text& text, const Local& local, std::string_view mid, bool tagged) {
  text.line("c=IN IP4 0.0.0.0");
  if (!mid.empty()) text.attribute("mid", mid);
  text.attribute("ice-ufrag", local.ufrag);
  text.attribute("ice-pwd", local.pwd);
  text.attribute("fingerprint", local.fingerprint);
  text.attribute("setup", local.setup == Setup::actpass  ? "actpass"
                          : local.setup == Setup::active ? "active"
                                                         : "passive");
  if (!tagged) return;
  for (const std::string& candidate : local.candidates) text.line("a=" + candidate);
  if (!local.trickle) text.line("a=end-of-candidates");
}

void write_data(Text& text, const Local& local, bool older_form) {
  const std::string port = std::to_string(local.sctp_port);
  if (older_form) {
    text.attribute("sctpmap", port + " webrtc-datachannel 65535");
  } else {
    text.attribute("sctp-port", port);
  }
  text.attribute("max-message-size", std::to_string(local.max_message_size));
}

// Receivers play and synchronise audio and video with the same stream and CNAME together.
void write_source(Text& text, const MediaSources& sources, std::string_view mid, bool audio) {
  text.attribute("msid", sources.stream + " " + sources.stream + "-" + std::string(mid));
  const std::uint32_t ssrc = audio ? sources.audio_ssrc : sources.video_ssrc;
  // RFC 5576 section 4.1
  if (ssrc != 0) text.attribute("ssrc", std::to_string(ssrc) + " cname:" + sources.cname);
}

// RFC 8285 section 5: the direction of an extension is reversed in the answer.
std::optional<std::string> mirrored_extension(std::string_view extmap) {
  const std::string_view id_and_direction = next_word(extmap);
  if (next_word(extmap) != kMidExtension) return std::nullopt;
  const std::size_t slash = id_and_direction.find('/');
  std::string id(id_and_direction.substr(0, slash));
  if (slash != std::string_view::npos) {
    const std::string_view direction = id_and_direction.substr(slash + 1);
    if (direction == "sendonly") id += "/recvonly";
    if (direction == "recvonly") id += "/sendonly";
  }
  return id + " " + std::string(kMidExtension);
}

bool sends(MediaDirection direction) {
  return direction == MediaDirection::sendrecv || direction == MediaDirection::sendonly;
}

void write_mid_extension(Text& text, const Section& offered) {
  if (offered.mid.size() > kLongestMidInHeader) return;
  for (const std::string_view extmap : offered.lines->attributes("extmap")) {
    const auto kept = mirrored_extension(extmap);
    if (kept) return text.attribute("extmap", *kept);
  }
}

// transport-cc needs a header extension that we do not write.
void write_feedback(Text& text, std::string_view format, const Feedback& feedback) {
  const std::string prefix(format);
  if (feedback.nack) text.attribute("rtcp-fb", prefix + " nack");
  if (feedback.nack_pli) text.attribute("rtcp-fb", prefix + " nack pli");
  if (feedback.ccm_fir) text.attribute("rtcp-fb", prefix + " ccm fir");
  if (feedback.goog_remb) text.attribute("rtcp-fb", prefix + " goog-remb");
}

void write_codec(Text& text, const MediaSection& offered, const Codec& codec) {
  text.attribute("rtpmap", std::string(codec.format) + " " + std::string(codec.rtpmap));
  for (const std::string_view value : offered.attributes("fmtp")) {
    std::string_view rest = value;
    if (next_word(rest) == codec.format) return text.attribute("fmtp", value);
  }
}

void write_media(Text& text, const Section& offered, const MediaSources& sources) {
  text.line("a=" + std::string(name_of(offered.direction)));
  if (sends(offered.direction)) write_source(text, sources, offered.mid, offered.lines->kind() == MediaKind::audio);
  text.line("a=rtcp-mux");
  if (offered.lines->has("rtcp-rsize")) text.line("a=rtcp-rsize");
  write_mid_extension(text, offered);
  write_codec(text, *offered.lines, *offered.codec);
  Feedback feedback = feedback_of(*offered.lines, offered.codec->format);
  feedback.goog_remb = feedback.goog_remb && sources.receiver_estimates;
  write_feedback(text, offered.codec->format, feedback);
}

void write_declined(Text& text, const Section& offered) {
  text.line("m=" + offered.lines->media + " 0 " + offered.lines->protocol + " " + offered.lines->formats.front());
  text.line("c=IN IP4 0.0.0.0");
  if (!offered.mid.empty()) text.attribute("mid", offered.mid);
  text.line("a=inactive");
}

/// The end of our m= line: the offered format that we accept, or our port in the older form of data channels.
std::string answered_format(const Section& offered, const Local& local) {
  if (offered.codec) return std::string(offered.codec->format);
  return offered.sctp->is_format ? std::to_string(local.sctp_port) : "webrtc-datachannel";
}

}  // namespace

std::string make_answer(const SessionDescription& offer, const Local& local) {
  const Sections sections = sections_of(offer, Kind::offer, local.accept_media);
  std::vector<std::string_view> mids;
  for (const Section* section : sections.served) {
    if (!section->mid.empty()) mids.push_back(section->mid);
  }
  Text text;
  write_session(text, local, mids);
  for (const Section& section : sections.all) {
    if (section.declined) {
      write_declined(text, section);
      continue;
    }
    text.line("m=" + section.lines->media + " 9 " + section.lines->protocol + " " + answered_format(section, local));
    write_transport(text, local, section.mid, &section == sections.served.front());
    if (section.sctp) {
      write_data(text, local, section.sctp->is_format);
    } else {
      write_media(text, section, local.sources);
    }
  }
  return text.take();
}

std::string make_offer(const Local& local, const Plan& plan) {
  static constexpr std::array<std::string_view, 3> kMids{"0", "1", "2"};
  const std::span mids(kMids.data(), static_cast<std::size_t>(plan.audio) + plan.video + plan.data);
  Text text;
  write_session(text, local, {mids.begin(), mids.end()});
  std::size_t index = 0;
  const auto media = [&](std::string_view kind, std::string_view format, std::span<const std::string_view> lines) {
    text.line("m=" + std::string(kind) + " 9 UDP/TLS/RTP/SAVPF " + std::string(format));
    write_transport(text, local, mids[index], index == 0);
    text.line("a=" + std::string(name_of(plan.direction)));
    if (sends(plan.direction)) write_source(text, local.sources, mids[index], kind == "audio");
    text.line("a=rtcp-mux");
    text.line("a=rtcp-rsize");
    text.attribute("extmap", "1 " + std::string(kMidExtension));
    for (const std::string_view each : lines) text.line(each);
    ++index;
  };
  static constexpr std::array<std::string_view, 2> kOpus{"a=rtpmap:111 opus/48000/2",
                                                         "a=fmtp:111 minptime=10;useinbandfec=1"};
  static constexpr std::array<std::string_view, 5> kVp8{"a=rtpmap:96 VP8/90000", "a=rtcp-fb:96 nack",
                                                        "a=rtcp-fb:96 nack pli", "a=rtcp-fb:96 ccm fir",
                                                        "a=rtcp-fb:96 goog-remb"};
  if (plan.audio) media("audio", "111", kOpus);
  if (plan.video) media("video", "96", std::span(kVp8).first(local.sources.receiver_estimates ? 5 : 4));
  if (plan.data) {
    text.line("m=application 9 UDP/DTLS/SCTP webrtc-datachannel");
    write_transport(text, local, mids[index], index == 0);
    write_data(text, local, false);
  }
  return text.take();
}

}  // namespace redan::sdp
