#include <algorithm>
#include <charconv>
#include <limits>

#include "rtc/sdp/offer_answer.hpp"
#include "rtc/sdp/sections.hpp"

namespace redan::sdp {
namespace {

template <class T>
std::optional<T> number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

tl::unexpected<Errc> wrong(Errc code, Problem* problem, const MediaSection* section, std::string_view what) {
  if (problem != nullptr) *problem = {section != nullptr ? section->line : 0, std::string(what)};
  return refuse(code);
}

std::optional<Setup> setup_of(std::string_view value) {
  if (value == "actpass") return Setup::actpass;
  if (value == "active") return Setup::active;
  if (value == "passive") return Setup::passive;
  return std::nullopt;
}

Result<DataSection> read_data(const MediaSection& section, Problem* problem) {
  DataSection data;
  if (const auto port = section.attribute("sctp-port")) {
    const auto value = number<std::uint16_t>(*port);
    if (!value || *value == 0) return wrong(Errc::sdp_syntax, problem, &section, "a=sctp-port is not a port");
    data.sctp_port = *value;
  }
  if (const auto size = section.attribute("max-message-size")) {
    const auto value = number<std::uint64_t>(*size);
    if (!value) return wrong(Errc::sdp_syntax, problem, &section, "a=max-message-size is not a number");
    data.max_message_size = *value == 0 ? std::numeric_limits<std::size_t>::max() : static_cast<std::size_t>(*value);
  }
  return data;
}

// Of a bundle only the tagged section has to describe the transport (RFC 8843 section 7.1.3); in an offer it may be one
// that we decline.
const MediaSection& transport_of(const SessionDescription& description, const MediaSection& section) {
  if (section.has("ice-ufrag")) return section;
  const auto tagged = std::find_if(description.media.begin(), description.media.end(), [&](const MediaSection& each) {
    return each.has("ice-ufrag") && in_bundle(description, each);
  });
  return tagged != description.media.end() && in_bundle(description, section) ? *tagged : section;
}

Result<Remote> read_transport(const SessionDescription& description, const MediaSection& first, Problem* problem) {
  const MediaSection& tagged = transport_of(description, first);
  Remote remote;
  remote.ice_lite = description.session.has("ice-lite");
  const auto ufrag = description.attribute(tagged, "ice-ufrag");
  const auto pwd = description.attribute(tagged, "ice-pwd");
  // RFC 8839 section 5.4: 4 to 256 and 22 to 256 characters.
  if (!ufrag || !pwd || ufrag->size() < 4 || ufrag->size() > 256 || pwd->size() < 22 || pwd->size() > 256) {
    return wrong(Errc::sdp_no_ice_credentials, problem, &tagged,
                 "this section has no usable a=ice-ufrag and a=ice-pwd");
  }
  remote.ufrag = *ufrag;
  remote.pwd = *pwd;
  auto fingerprints = tagged.attributes("fingerprint");
  if (fingerprints.empty()) fingerprints = description.session.attributes("fingerprint");
  if (fingerprints.empty())
    return wrong(Errc::sdp_no_fingerprint, problem, &tagged, "this section has no a=fingerprint");
  remote.fingerprints.assign(fingerprints.begin(), fingerprints.end());
  const auto setup = setup_of(description.attribute(tagged, "setup").value_or(""));
  if (!setup)
    return wrong(Errc::sdp_bad_setup, problem, &tagged, "a=setup is missing, or not actpass, active or passive");
  remote.setup = *setup;
  for (const std::string_view candidate : tagged.attributes("candidate")) {
    if (remote.candidates.size() < Remote::kMaxCandidates) remote.candidates.emplace_back(candidate);
  }
  return remote;
}

// RFC 5888 section 4: a token, unique in the description. We write it back. At most 16 characters, as many as a
// one-byte header extension can carry (RFC 8285 section 4.2).
const MediaSection* find_wrong_mid(const SessionDescription& description) {
  std::vector<std::string_view> seen;
  for (const MediaSection& section : description.media) {
    const auto mid = section.attribute("mid");
    if (!mid) continue;
    const bool token = std::all_of(mid->begin(), mid->end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (mid->empty() || mid->size() > 16 || !token) return &section;
    if (std::find(seen.begin(), seen.end(), *mid) != seen.end()) return &section;
    seen.push_back(*mid);
  }
  return nullptr;
}

// The section is served, so its format is there.
AgreedMedia agreed(const MediaSection& section, std::string_view format, std::uint8_t payload_type) {
  AgreedMedia media;
  media.type = section.kind() == MediaKind::audio ? MediaType::audio : MediaType::video;
  media.mid = section.mid();
  media.codec = codec_of(section.attributes("rtpmap"), format);
  media.payload_type = payload_type;
  media.direction = mirrored(section);
  for (const std::string_view feedback : section.attributes("rtcp-fb")) {
    const std::size_t space = feedback.find(' ');
    const std::string_view type = feedback.substr(0, space);
    if ((type != format && type != "*") || space == std::string_view::npos) continue;
    const std::string_view what = feedback.substr(space + 1);
    media.nack = media.nack || what == "nack";
    media.nack_pli = media.nack_pli || what == "nack pli";
    media.ccm_fir = media.ccm_fir || what == "ccm fir";
  }
  return media;
}

Result<Remote> read_sections(const SessionDescription& description, const std::vector<const MediaSection*>& used,
                             Problem* problem) {
  if (used.empty())
    return wrong(Errc::sdp_nothing_usable, problem, nullptr,
                 "no data channel, audio or video section that can be served");
  if (const MediaSection* wrong_mid = find_wrong_mid(description)) {
    return wrong(Errc::sdp_syntax, problem, wrong_mid, "a=mid is no token of at most 16 characters, or not unique");
  }
  for (const MediaSection* section : used) {
    if (used.size() > 1 && !in_bundle(description, *section)) {
      return wrong(Errc::sdp_not_bundled, problem, section, "this section is not in the BUNDLE group");
    }
    if (section->kind() != MediaKind::application && !section->has("rtcp-mux")) {
      return wrong(Errc::sdp_no_rtcp_mux, problem, section, "this section has no a=rtcp-mux");
    }
  }
  auto remote = read_transport(description, *used.front(), problem);
  if (!remote) return remote;
  for (const MediaSection* section : used) {
    if (section->kind() != MediaKind::application) {
      const std::string_view format = choose_format(*section).value_or("");
      const auto payload_type = number<std::uint8_t>(format);
      // RFC 3550 section 5.1: seven bits.
      if (!payload_type || *payload_type > 127) {
        return wrong(Errc::sdp_syntax, problem, section, "the payload type is not from 0 to 127");
      }
      remote->media.push_back(agreed(*section, format, *payload_type));
      continue;
    }
    const auto data = read_data(*section, problem);
    if (!data) return refuse(data.error());
    remote->data = *data;
  }
  return remote;
}

}  // namespace

bool in_bundle(const SessionDescription& description, const MediaSection& section) {
  constexpr std::string_view kSemantics = "BUNDLE ";
  for (std::string_view group : description.session.attributes("group")) {
    if (!group.starts_with(kSemantics)) continue;
    group.remove_prefix(kSemantics.size());
    while (!group.empty()) {
      const std::string_view mid = group.substr(0, group.find(' '));
      if (mid == section.mid() && !mid.empty()) return true;
      group.remove_prefix(std::min(mid.size() + 1, group.size()));
    }
    return false;
  }
  return false;
}

bool is_served(const MediaSection& section, bool accept_media) {
  if (section.port == 0 && !section.has("bundle-only")) return false;
  if (section.kind() == MediaKind::application) {
    return section.protocol == "UDP/DTLS/SCTP" && section.formats.front() == "webrtc-datachannel";
  }
  if (section.kind() == MediaKind::other || !accept_media) return false;
  return section.protocol.ends_with("RTP/SAVPF") && choose_format(section).has_value();
}

std::vector<const MediaSection*> served(const SessionDescription& description, bool accept_media) {
  std::vector<const MediaSection*> used;
  bool data = false;
  for (const MediaSection& section : description.media) {
    const bool application = section.kind() == MediaKind::application;
    // One association per peer.
    if (!is_served(section, accept_media) || (application && data)) continue;
    data = data || application;
    used.push_back(&section);
  }
  return used;
}

Result<Remote> read_offer(const SessionDescription& offer, bool accept_media, Problem* problem) {
  return read_sections(offer, served(offer, accept_media), problem);
}

Result<Remote> read_answer(const SessionDescription& our_offer, const SessionDescription& answer, Problem* problem) {
  if (answer.media.size() != our_offer.media.size()) {
    return wrong(Errc::sdp_wrong_state, problem, nullptr,
                 "the answer has another number of media sections than the offer");
  }
  for (std::size_t i = 0; i < answer.media.size(); ++i) {
    const MediaSection& section = answer.media[i];
    if (section.media != our_offer.media[i].media || (section.port != 0 && section.mid() != our_offer.media[i].mid())) {
      return wrong(Errc::sdp_wrong_state, problem, &section, "this section does not answer the one of the offer");
    }
  }
  auto used = served(answer, true);
  // Port 0 rejects (RFC 8843 section 7.3.3); bundle-only, which would say otherwise, is for offers.
  std::erase_if(used, [](const MediaSection* section) { return section->port == 0; });
  auto remote = read_sections(answer, used, problem);
  if (!remote) return remote;
  if (remote->setup == Setup::actpass) {
    return wrong(Errc::sdp_bad_setup, problem, used.front(),
                 "an answer must say a=setup:active or passive (RFC 5763 section 5)");
  }
  const MediaSection& offered = our_offer.media[static_cast<std::size_t>(used.front() - answer.media.data())];
  if (our_offer.attribute(transport_of(our_offer, offered), "setup") ==
      answer.attribute(transport_of(answer, *used.front()), "setup")) {
    return wrong(Errc::sdp_bad_setup, problem, used.front(),
                 "the answer takes the same a=setup as the offer: both would be active, or both passive");
  }
  return remote;
}

}  // namespace redan::sdp
