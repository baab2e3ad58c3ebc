#include <algorithm>
#include <array>
#include <span>

#include "rtc/sdp/offer_answer.hpp"
#include "rtc/sdp/sections.hpp"

namespace redan::sdp {
namespace {

constexpr std::string_view kMidExtension = "urn:ietf:params:rtp-hdrext:sdes:mid";
// Feedback that we understand or relay. transport-cc needs a header extension that we do not write.
constexpr std::array<std::string_view, 3> kKeptFeedback{"nack", "nack pli", "ccm fir"};
// The receiver's estimate, draft-alvestrand-rmcat-remb.
constexpr std::string_view kEstimate = "goog-remb";
constexpr std::array<std::string_view, 7> kRepairCodecs{
    "rtx", "red", "ulpfec", "flexfec-03", "CN", "telephone-event", "flexfec"};

/// "96 VP8/90000" -> {"96", "VP8/90000"}.
std::pair<std::string_view, std::string_view> split_once(std::string_view text) {
  const std::size_t space = text.find(' ');
  if (space == std::string_view::npos) return {text, ""};
  return {text.substr(0, space), text.substr(space + 1)};
}

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

void write_session(Text& text, const Local& local, const std::vector<std::string>& bundle) {
  text.line("v=0");
  text.line("o=- " + std::to_string(local.session_id) + " " + std::to_string(local.version) + " IN IP4 127.0.0.1");
  text.line("s=-");
  text.line("t=0 0");
  // RFC 8843 section 7.3: no group if there is nothing to name; a lone section may have no mid.
  if (!bundle.empty()) {
    std::string group = "BUNDLE";
    for (const std::string& mid : bundle) group += " " + mid;
    text.attribute("group", group);
  }
  if (local.ice_lite) text.line("a=ice-lite");
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
  text.line("a=end-of-candidates");
}

void write_data(Text& text, const Local& local) {
  text.line("a=sctp-port:5000");
  text.attribute("max-message-size", std::to_string(local.max_message_size));
}

// What receivers show and synchronise: audio and video of one stream and CNAME belong together.
void write_source(Text& text, const MediaSources& sources, std::string_view mid, bool audio) {
  text.attribute("msid", sources.stream + " " + sources.stream + "-" + std::string(mid));
  const std::uint32_t ssrc = audio ? sources.audio_ssrc : sources.video_ssrc;
  // RFC 5576 section 4.1
  if (ssrc != 0) text.attribute("ssrc", std::to_string(ssrc) + " cname:" + sources.cname);
}

// RFC 8285 section 5: the direction of an extension is reversed in the answer.
std::optional<std::string> mirrored_extension(std::string_view extmap) {
  const auto [id_and_direction, rest] = split_once(extmap);
  if (rest.substr(0, rest.find(' ')) != kMidExtension) return std::nullopt;
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

bool is_kept(std::string_view feedback, const MediaSources& sources) {
  if (feedback == kEstimate) return sources.receiver_estimates;
  return std::find(kKeptFeedback.begin(), kKeptFeedback.end(), feedback) != kKeptFeedback.end();
}

void write_media(Text& text, const MediaSection& offered, std::string_view format, const MediaSources& sources) {
  const MediaDirection direction = mirrored(offered);
  text.line("a=" + std::string(name_of(direction)));
  if (sends(direction)) write_source(text, sources, offered.mid(), offered.kind() == MediaKind::audio);
  text.line("a=rtcp-mux");
  if (offered.has("rtcp-rsize")) text.line("a=rtcp-rsize");
  for (const std::string_view extmap : offered.attributes("extmap")) {
    if (const auto kept = mirrored_extension(extmap)) text.attribute("extmap", *kept);
  }
  for (const std::string_view name : {"rtpmap", "fmtp"}) {
    for (const std::string_view value : offered.attributes(name)) {
      if (split_once(value).first == format) text.attribute(name, value);
    }
  }
  for (const std::string_view feedback : offered.attributes("rtcp-fb")) {
    const auto [type, what] = split_once(feedback);
    if (type == format && is_kept(what, sources)) text.attribute("rtcp-fb", feedback);
  }
}

void write_declined(Text& text, const MediaSection& offered) {
  text.line("m=" + offered.media + " 0 " + offered.protocol + " " + offered.formats.front());
  text.line("c=IN IP4 0.0.0.0");
  if (!offered.mid().empty()) text.attribute("mid", offered.mid());
  text.line("a=inactive");
}

}  // namespace

std::string_view codec_of(const std::vector<std::string_view>& rtpmaps, std::string_view format) {
  for (const std::string_view map : rtpmaps) {
    if (!map.starts_with(format)) continue;
    const auto [type, encoding] = split_once(map);
    if (type == format) return encoding.substr(0, encoding.find('/'));
  }
  return "";
}

MediaDirection mirrored(const MediaSection& section) {
  if (section.has("sendonly")) return MediaDirection::recvonly;
  if (section.has("recvonly")) return MediaDirection::sendonly;
  return section.has("inactive") ? MediaDirection::inactive : MediaDirection::sendrecv;
}

std::string_view name_of(MediaDirection direction) {
  switch (direction) {
    case MediaDirection::sendrecv:
      return "sendrecv";
    case MediaDirection::sendonly:
      return "sendonly";
    case MediaDirection::recvonly:
      return "recvonly";
    case MediaDirection::inactive:
      break;
  }
  return "inactive";
}

std::optional<std::string_view> choose_format(const MediaSection& section) {
  const std::string_view preferred = section.kind() == MediaKind::audio ? "opus" : "VP8";
  const auto rtpmaps = section.attributes("rtpmap");
  std::optional<std::string_view> first;
  for (const std::string_view format : section.formats) {
    const std::string_view codec = codec_of(rtpmaps, format);
    if (codec == preferred) return format;
    const bool repair = std::find(kRepairCodecs.begin(), kRepairCodecs.end(), codec) != kRepairCodecs.end();
    if (!first && !codec.empty() && !repair) first = format;
  }
  return first;
}

std::string make_answer(const SessionDescription& offer, const Local& local) {
  const auto used = served(offer, local.accept_media);
  const auto is_used = [&](const MediaSection& section) {
    return std::find(used.begin(), used.end(), &section) != used.end();
  };
  std::vector<std::string> mids;
  for (const MediaSection* section : used) {
    if (!section->mid().empty()) mids.emplace_back(section->mid());
  }
  Text text;
  write_session(text, local, mids);
  for (const MediaSection& section : offer.media) {
    if (!is_used(section)) {
      write_declined(text, section);
      continue;
    }
    const bool data = section.kind() == MediaKind::application;
    const std::string format(data ? "webrtc-datachannel" : choose_format(section).value_or(""));
    text.line("m=" + section.media + " 9 " + section.protocol + " " + format);
    write_transport(text, local, section.mid(), &section == used.front());
    if (data) {
      write_data(text, local);
    } else {
      write_media(text, section, format, local.sources);
    }
  }
  return text.take();
}

std::string make_offer(const Local& local, const Plan& plan) {
  std::vector<std::string> mids;
  for (std::size_t i = 0; i < static_cast<std::size_t>(plan.audio) + plan.video + plan.data; ++i) {
    mids.push_back(std::to_string(i));
  }
  Text text;
  write_session(text, local, mids);
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
    write_data(text, local);
  }
  return text.take();
}

}  // namespace redan::sdp
