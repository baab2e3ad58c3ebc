// Session descriptions: what parses is written, and the text parses to the same. An offer we accept gets an answer that
// parses, fits it section by section and can be read.
#include <redan/types.hpp>

#include "base/assert.hpp"
#include "rtc/sdp/offer_answer.hpp"

namespace {

using namespace redan::sdp;

Local local() {
  Local ours;
  ours.ufrag = "abcdefgh";
  ours.pwd = "abcdefghijklmnopqrstuvwx";
  ours.fingerprint = "sha-256 00:11";
  ours.candidates = {"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"};
  return ours;
}

void answer(const SessionDescription& offer, bool accept_media) {
  const auto remote = read_offer(offer, accept_media, nullptr);
  if (!remote) return;
  REDAN_ASSERT(!remote->fingerprints.empty() && remote->candidates.size() <= Remote::kMaxCandidates);
  REDAN_ASSERT(remote->ufrag.size() >= 4 && remote->pwd.size() >= 22);
  Local ours = local();
  ours.accept_media = accept_media;
  ours.setup = remote->setup == Setup::passive ? Setup::active : Setup::passive;
  const std::string text = make_answer(offer, ours);
  // Longer than any description we take: the offer had more sections than fit with our lines in them.
  if (text.size() > SessionDescription::kMaxSize) return;
  Problem problem;
  const auto parsed = SessionDescription::parse(text, &problem);
  REDAN_ASSERT(parsed && parsed->media.size() == offer.media.size());
  const auto read = read_answer(offer, *parsed, &problem);
  REDAN_ASSERT(read && read->media.size() == remote->media.size() &&
               read->data.has_value() == remote->data.has_value());
  REDAN_ASSERT(read->ufrag == ours.ufrag && read->candidates.size() == 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto description = SessionDescription::parse(redan::as_text({data, size}), nullptr);
  if (!description) return 0;
  const std::string text = description->text();
  if (text.size() <= SessionDescription::kMaxSize) {
    const auto again = SessionDescription::parse(text, nullptr);
    REDAN_ASSERT(again && again->session == description->session && again->media == description->media);
  }
  answer(*description, true);
  answer(*description, false);
  return 0;
}
