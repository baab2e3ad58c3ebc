#include "rtc/sdp/sections.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "base/words.hpp"

namespace redan::sdp {
namespace {

// RFC 8829 section 5.1.2: all of these mean DTLS-SRTP, or SCTP over DTLS. The transport requires a fingerprint.
constexpr std::array<std::string_view, 8> kMediaProfiles{"UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF",
                                                         "TCP/DTLS/RTP/SAVP", "RTP/SAVPF",        "RTP/SAVP",
                                                         "RTP/AVPF",          "RTP/AVP"};
constexpr std::array<std::string_view, 3> kDataProfiles{"UDP/DTLS/SCTP", "TCP/DTLS/SCTP", "DTLS/SCTP"};
constexpr std::string_view kDataChannel = "webrtc-datachannel";

constexpr std::array<std::string_view, 7> kRepairCodecs{
    "rtx", "red", "ulpfec", "flexfec-03", "CN", "telephone-event", "flexfec"};
// The spelling that applications see.
constexpr std::array<std::string_view, 8> kCodecs{"opus", "VP8", "VP9", "AV1", "H264", "PCMU", "PCMA", "G722"};

struct StaticPayloadType {
  std::size_t number;
  std::string_view rtpmap;
};
// RFC 3551 section 6, the ones used in WebRTC: they need no a=rtpmap.
constexpr std::array<StaticPayloadType, 3> kStatic{{{0, "PCMU/8000"}, {8, "PCMA/8000"}, {9, "G722/8000"}}};

template <std::size_t N>
auto find_name(const std::array<std::string_view, N>& names, std::string_view name) {
  return std::find_if(names.begin(), names.end(),
                      [&](std::string_view each) { return equals_ignoring_case(each, name); });
}
template <std::size_t N>
bool contains(const std::array<std::string_view, N>& names, std::string_view name) {
  return find_name(names, name) != names.end();
}

/// RFC 5761 section 4: with a=rtcp-mux, 64 to 95 look like RTCP.
bool is_payload_type(std::size_t number) { return number <= 127 && (number < 64 || number > 95); }

using RtpMaps = std::array<std::string_view, 128>;

RtpMaps rtpmaps_of(const MediaSection& section) {
  RtpMaps maps{};
  for (std::string_view value : section.attributes("rtpmap")) {
    const auto type = to_number<std::size_t>(next_word(value));
    if (type && is_payload_type(*type) && maps[*type].empty()) maps[*type] = next_word(value);
  }
  if (section.kind() != MediaKind::audio) return maps;
  for (const StaticPayloadType& each : kStatic) {
    if (maps[each.number].empty()) maps[each.number] = each.rtpmap;
  }
  return maps;
}

std::string_view codec_name(std::string_view rtpmap) {
  const std::string_view name = rtpmap.substr(0, rtpmap.find('/'));
  const auto known = find_name(kCodecs, name);
  return known != kCodecs.end() ? *known : name;
}

/// Opus or VP8 if offered, otherwise the first format that is media, not repair or comfort noise.
std::optional<Codec> choose_codec(const MediaSection& section) {
  const std::string_view preferred = section.kind() == MediaKind::audio ? "opus" : "VP8";
  const RtpMaps maps = rtpmaps_of(section);
  std::optional<Codec> first;
  for (const std::string_view format : section.formats) {
    const auto type = to_number<std::size_t>(format);
    if (!type || !is_payload_type(*type) || maps[*type].empty()) continue;
    const Codec codec{static_cast<std::uint8_t>(*type), format, codec_name(maps[*type]), maps[*type]};
    if (codec.name == preferred) return codec;
    if (!first && !contains(kRepairCodecs, codec.name)) first = codec;
  }
  return first;
}

std::optional<SctpPort> choose_sctp(const MediaSection& section) {
  const std::string_view format = section.formats.front();
  if (!contains(kDataProfiles, section.protocol)) return std::nullopt;
  if (format == kDataChannel) return SctpPort{section.attribute("sctp-port").value_or("5000"), false};
  for (std::string_view map : section.attributes("sctpmap")) {
    if (next_word(map) == format && next_word(map) == kDataChannel) return SctpPort{format, true};
  }
  return std::nullopt;
}

/// The first direction at this level.
std::optional<MediaDirection> direction_of(const Lines& level) {
  for (const Line& line : level.lines) {
    const std::string_view name = trimmed(line.value);
    for (const auto direction :
         {MediaDirection::sendrecv, MediaDirection::sendonly, MediaDirection::recvonly, MediaDirection::inactive}) {
      if (line.type == 'a' && name == name_of(direction)) return direction;
    }
  }
  return std::nullopt;
}

MediaDirection mirrored(MediaDirection direction) {
  if (direction == MediaDirection::sendonly) return MediaDirection::recvonly;
  return direction == MediaDirection::recvonly ? MediaDirection::sendonly : direction;
}

/// Port 0 rejects, unless the section is marked as bundle-only (RFC 8843 sections 6 and 7.3.3).
bool is_rejected(const MediaSection& section, Kind kind) {
  return section.port == 0 && (kind == Kind::answer || !section.has("bundle-only"));
}

// RFC 8843 section 9.3.1.1: a section that is bundle-only need not repeat a=rtcp-mux.
bool has_rtcp_mux(const MediaSection& section) { return section.has("rtcp-mux") || section.has("bundle-only"); }

/// Examines a section on its own, without the bundle.
Section look_at(const MediaSection& lines, Kind kind, bool accept_media, MediaDirection session_direction) {
  Section section{.lines = &lines, .mid = lines.mid(), .direction = {}, .codec = {}, .sctp = {}, .declined = {}};
  section.direction = mirrored(direction_of(lines).value_or(session_direction));
  section.declined = Refusal{Errc::sdp_nothing_usable, "no data channel, audio or video section that can be served"};
  if (is_rejected(lines, kind)) return section;
  if (lines.kind() == MediaKind::application) {
    section.sctp = choose_sctp(lines);
  } else if (lines.kind() != MediaKind::other && accept_media && contains(kMediaProfiles, lines.protocol)) {
    section.codec = choose_codec(lines);
  }
  if (section.codec && !has_rtcp_mux(lines)) {
    section.declined = Refusal{Errc::sdp_no_rtcp_mux, "this section has no a=rtcp-mux"};
  } else if (section.codec || section.sctp) {
    section.declined.reset();
  }
  return section;
}

/// The sections named by groups, found by their mid.
class Groups {
 public:
  explicit Groups(std::vector<Section>& sections) {
    for (Section& section : sections) {
      if (!section.mid.empty()) by_mid_.push_back(&section);
    }
    std::sort(by_mid_.begin(), by_mid_.end(), [](const Section* a, const Section* b) { return a->mid < b->mid; });
  }

  /// The members of an a=group line, without duplicates; none if it is not a bundle.
  std::vector<Section*> members(std::string_view group) const {
    std::vector<Section*> members;
    if (next_word(group) != "BUNDLE") return members;
    std::vector<bool> taken(by_mid_.size());
    for (std::string_view mid = next_word(group); !mid.empty(); mid = next_word(group)) {
      const auto found = std::lower_bound(by_mid_.begin(), by_mid_.end(), mid,
                                          [](const Section* section, std::string_view m) { return section->mid < m; });
      const auto index = static_cast<std::size_t>(found - by_mid_.begin());
      if (found == by_mid_.end() || (*found)->mid != mid || taken[index]) continue;
      taken[index] = true;
      members.push_back(*found);
    }
    return members;
  }

 private:
  std::vector<Section*> by_mid_;
};

bool can_serve(const Section* section) { return !section->declined; }

/// The sections that share the transport with the first accepted one.
std::vector<Section*> choose_bundle(const SessionDescription& description, std::vector<Section>& sections) {
  const Groups groups(sections);
  for (const std::string_view group : description.session.attributes("group")) {
    std::vector<Section*> members = groups.members(group);
    if (std::any_of(members.begin(), members.end(), can_serve)) return members;
  }
  const auto first = std::find_if(sections.begin(), sections.end(),
                                  [](const Section& each) { return can_serve(&each) && each.lines->port != 0; });
  return first != sections.end() ? std::vector<Section*>{&*first} : std::vector<Section*>{};
}

const MediaSection* transport_of(const SessionDescription& description, const std::vector<Section*>& bundle,
                                 const Section& tagged) {
  if (tagged.lines->has("ice-ufrag") || description.session.has("ice-ufrag")) return tagged.lines;
  const auto other =
      std::find_if(bundle.begin(), bundle.end(), [](const Section* each) { return each->lines->has("ice-ufrag"); });
  return other != bundle.end() ? (*other)->lines : tagged.lines;
}

void decline_others(std::vector<Section>& sections, const std::vector<Section*>& bundle) {
  std::vector<bool> bundled(sections.size());
  for (const Section* member : bundle) bundled[static_cast<std::size_t>(member - sections.data())] = true;
  bool data = false;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    Section& section = sections[i];
    if (section.declined) continue;
    if (!bundled[i]) {
      section.declined = Refusal{Errc::sdp_not_bundled, "this section is not in the BUNDLE group"};
    } else if (section.sctp && std::exchange(data, true)) {
      // One association per peer.
      section.declined = Refusal{Errc::sdp_nothing_usable, "a second section for data channels"};
    }
  }
}

}  // namespace

Sections sections_of(const SessionDescription& description, Kind kind, bool accept_media) {
  Sections found;
  const MediaDirection session_direction = direction_of(description.session).value_or(MediaDirection::sendrecv);
  found.all.reserve(description.media.size());
  for (const MediaSection& lines : description.media) {
    found.all.push_back(look_at(lines, kind, accept_media, session_direction));
  }
  const std::vector<Section*> bundle = choose_bundle(description, found.all);
  decline_others(found.all, bundle);
  std::copy_if(bundle.begin(), bundle.end(), std::back_inserter(found.served), can_serve);
  if (!found.served.empty()) found.transport = transport_of(description, bundle, *found.served.front());
  return found;
}

Feedback feedback_of(const MediaSection& section, std::string_view format) {
  Feedback feedback;
  for (std::string_view value : section.attributes("rtcp-fb")) {
    const std::string_view type = next_word(value);
    if (type != format && type != "*") continue;
    const std::string_view what = next_word(value);
    const std::string_view parameter = next_word(value);
    feedback.nack = feedback.nack || (what == "nack" && parameter.empty());
    feedback.nack_pli = feedback.nack_pli || (what == "nack" && parameter == "pli");
    feedback.ccm_fir = feedback.ccm_fir || (what == "ccm" && parameter == "fir");
    feedback.goog_remb = feedback.goog_remb || (what == "goog-remb" && parameter.empty());
  }
  return feedback;
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

}  // namespace redan::sdp
