#include <algorithm>
#include <limits>
#include <redan/crypto.hpp>

#include "base/words.hpp"
#include "rtc/sdp/offer_answer.hpp"
#include "rtc/sdp/sections.hpp"

namespace redan::sdp {
namespace {

/// `section` is nullptr if the description as a whole is wrong.
tl::unexpected<Error> wrong(Errc code, const MediaSection* section, std::string_view what) {
  return refuse(code, at_line(section != nullptr ? section->line : 0, what));
}

std::optional<Setup> setup_of(std::string_view value) {
  if (value == "actpass") return Setup::actpass;
  if (value == "active") return Setup::active;
  if (value == "passive") return Setup::passive;
  return std::nullopt;
}

/// Parses a decimal number of any length; a value that does not fit becomes the largest one.
std::optional<std::size_t> clamped_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  return to_number<std::size_t>(text).value_or(std::numeric_limits<std::size_t>::max());
}

Result<DataSection> read_data(const Section& section) {
  DataSection data;
  const auto port = to_number<std::uint16_t>(section.sctp->value);
  if (!port || *port == 0) return wrong(Errc::sdp_syntax, section.lines, "the SCTP port is not a port");
  data.sctp_port = *port;
  if (const auto size = section.lines->attribute("max-message-size")) {
    const auto value = clamped_number(*size);
    if (!value) return wrong(Errc::sdp_syntax, section.lines, "a=max-message-size is not a number");
    data.max_message_size = *value == 0 ? std::numeric_limits<std::size_t>::max() : *value;
  }
  return data;
}

/// In the normalized form of Remote::fingerprints.
std::vector<std::string> fingerprints_of(const Lines& level) {
  std::vector<std::string> fingerprints;
  for (std::string_view value : level.attributes("fingerprint")) {
    const std::string hash(next_word(value));
    if (const auto parsed = Fingerprint::parse(hash + ' ' + std::string(trimmed(value)))) {
      fingerprints.push_back(parsed->text());
    }
  }
  std::sort(fingerprints.begin(), fingerprints.end());
  fingerprints.erase(std::unique(fingerprints.begin(), fingerprints.end()), fingerprints.end());
  return fingerprints;
}

// RFC 8842 section 5.1, RFC 8844: all sections of a bundle share one association, so none of them may promise another
// certificate. A section's own fingerprints replace the session's and are never mixed with them (RFC 8122 section 5).
Result<std::vector<std::string>> read_fingerprints(const SessionDescription& description, const Sections& sections) {
  const bool own = sections.transport->has("fingerprint");
  auto fingerprints = own ? fingerprints_of(*sections.transport) : fingerprints_of(description.session);
  if (fingerprints.empty()) {
    return wrong(Errc::sdp_no_fingerprint, sections.transport,
                 "no a=fingerprint with sha-256 or sha-384 and a value of the right length");
  }
  if (fingerprints.size() > Remote::kMaxFingerprints)
    return wrong(Errc::sdp_too_large, sections.transport, "more than 16 different a=fingerprint");
  for (const Section* section : sections.served) {
    if (section->lines->has("fingerprint") && fingerprints_of(*section->lines) != fingerprints) {
      return wrong(Errc::sdp_no_fingerprint, section->lines, "the a=fingerprint of this section is not the bundle's");
    }
  }
  return fingerprints;
}

/// Whether a check could be sent to the candidate: RFC 8839 section 5.1, "foundation component transport priority
/// address port typ ...".
bool looks_usable(std::string_view candidate) {
  next_word(candidate);
  const auto component = to_number<unsigned>(next_word(candidate));
  const bool udp = equals_ignoring_case(next_word(candidate), "udp");
  next_word(candidate);
  const std::string_view host = next_word(candidate);
  const auto port = to_number<std::uint16_t>(next_word(candidate));
  if (component != 1U || !udp || port.value_or(0) == 0) return false;
  return Address::parse(host, *port).has_value() ||
         (host.size() > 6 && equals_ignoring_case(host.substr(host.size() - 6), ".local"));
}

std::vector<std::string> candidates_of(const MediaSection& section) {
  constexpr std::size_t kLongest = 1024;
  std::vector<std::string> candidates;
  for (const std::string_view candidate : section.attributes("candidate")) {
    if (candidates.size() == Remote::kMaxCandidates) break;
    if (candidate.size() <= kLongest && looks_usable(candidate)) candidates.emplace_back(candidate);
  }
  return candidates;
}

bool has_ice_option(const Lines& level, std::string_view option) {
  std::string_view options = level.attribute("ice-options").value_or("");
  for (std::string_view word = next_word(options); !word.empty(); word = next_word(options)) {
    if (word == option) return true;
  }
  return false;
}

Result<Remote> read_transport(const SessionDescription& description, const Sections& sections) {
  const MediaSection& tagged = *sections.transport;
  Remote remote;
  // RFC 8839 section 5.3 defines it at session level; some stacks write it beside the candidates.
  remote.ice_lite = description.session.has("ice-lite") || tagged.has("ice-lite");
  remote.trickle = has_ice_option(description.session, "trickle") || has_ice_option(tagged, "trickle");
  const auto ufrag = description.attribute(tagged, "ice-ufrag");
  const auto pwd = description.attribute(tagged, "ice-pwd");
  // RFC 8839 section 5.4: 4 to 256 and 22 to 256 characters.
  if (!ufrag || !pwd || ufrag->size() < 4 || ufrag->size() > 256 || pwd->size() < 22 || pwd->size() > 256) {
    return wrong(Errc::sdp_no_ice_credentials, &tagged, "this section has no usable a=ice-ufrag and a=ice-pwd");
  }
  remote.ufrag = *ufrag;
  remote.pwd = *pwd;
  REDAN_TRY(auto fingerprints, read_fingerprints(description, sections));
  remote.fingerprints = std::move(fingerprints);
  const auto setup = setup_of(description.attribute(tagged, "setup").value_or(""));
  if (!setup) return wrong(Errc::sdp_bad_setup, &tagged, "a=setup is missing, or not actpass, active or passive");
  remote.setup = *setup;
  remote.candidates = candidates_of(tagged);
  return remote;
}

// RFC 5888 section 4: a token, unique in the description. We write it back.
const MediaSection* find_wrong_mid(const std::vector<Section>& sections) {
  std::vector<const Section*> by_mid;
  for (const Section& section : sections) {
    if (!section.lines->has("mid")) continue;
    const bool token = std::all_of(section.mid.begin(), section.mid.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (section.mid.empty() || !token) return section.lines;
    by_mid.push_back(&section);
  }
  std::stable_sort(by_mid.begin(), by_mid.end(), [](const Section* a, const Section* b) { return a->mid < b->mid; });
  const auto twice = std::adjacent_find(by_mid.begin(), by_mid.end(),
                                        [](const Section* a, const Section* b) { return a->mid == b->mid; });
  return twice != by_mid.end() ? (*std::next(twice))->lines : nullptr;
}

AgreedMedia agreed(const Section& section) {
  AgreedMedia media;
  media.type = section.lines->kind() == MediaKind::audio ? MediaType::audio : MediaType::video;
  media.mid = section.mid;
  media.codec = section.codec->name;
  media.payload_type = section.codec->payload_type;
  media.direction = section.direction;
  const Feedback feedback = feedback_of(*section.lines, section.codec->format);
  media.nack = feedback.nack;
  media.nack_pli = feedback.nack_pli;
  media.ccm_fir = feedback.ccm_fir;
  return media;
}

/// The first section that was declined for a reason with its own error code.
const Section* find_named_refusal(const Sections& sections) {
  const auto found = std::find_if(sections.all.begin(), sections.all.end(), [](const Section& section) {
    return section.declined && section.declined->code != Errc::sdp_nothing_usable;
  });
  return found != sections.all.end() ? &*found : nullptr;
}

Result<Remote> read_sections(const SessionDescription& description, const Sections& sections) {
  if (const MediaSection* wrong_mid = find_wrong_mid(sections.all)) {
    return wrong(Errc::sdp_syntax, wrong_mid, "a=mid is no token, or not unique");
  }
  if (sections.served.empty()) {
    if (const Section* section = find_named_refusal(sections))
      return wrong(section->declined->code, section->lines, section->declined->what);
    return wrong(Errc::sdp_nothing_usable, nullptr, "no data channel, audio or video section that can be served");
  }
  auto remote = read_transport(description, sections);
  if (!remote) return remote;
  for (const Section& section : sections.all) {
    if (section.declined) continue;
    if (section.codec) {
      remote->media.push_back(agreed(section));
      continue;
    }
    REDAN_TRY(const auto data, read_data(section));
    remote->data = data;
  }
  return remote;
}

bool fits(const MediaSection& answered, const MediaSection& offered) {
  return answered.media == offered.media && (answered.port == 0 || answered.mid() == offered.mid());
}

}  // namespace

Result<Remote> read_offer(const SessionDescription& offer, bool accept_media) {
  return read_sections(offer, sections_of(offer, Kind::offer, accept_media));
}

Result<Remote> read_answer(const SessionDescription& our_offer, const SessionDescription& answer) {
  if (answer.media.size() != our_offer.media.size()) {
    return wrong(Errc::sdp_wrong_state, nullptr, "the answer has another number of media sections than the offer");
  }
  for (std::size_t i = 0; i < answer.media.size(); ++i) {
    if (!fits(answer.media[i], our_offer.media[i])) {
      return wrong(Errc::sdp_wrong_state, &answer.media[i], "this section does not answer the one of the offer");
    }
  }
  const Sections sections = sections_of(answer, Kind::answer, true);
  // The peer expects it to work, and it cannot be declined any more.
  if (const Section* section = find_named_refusal(sections))
    return wrong(section->declined->code, section->lines, section->declined->what);
  auto remote = read_sections(answer, sections);
  if (!remote) return remote;
  if (remote->setup == Setup::actpass) {
    return wrong(Errc::sdp_bad_setup, sections.transport,
                 "an answer must have a=setup:active or passive (RFC 5763 section 5)");
  }
  const MediaSection* offered = sections_of(our_offer, Kind::offer, true).transport;
  if (offered != nullptr && our_offer.attribute(*offered, "setup") == answer.attribute(*sections.transport, "setup")) {
    return wrong(Errc::sdp_bad_setup, sections.transport,
                 "the answer takes the same a=setup as the offer: both would be active, or both passive");
  }
  return remote;
}

}  // namespace redan::sdp
