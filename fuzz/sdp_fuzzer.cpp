// Session descriptions: a description that parses is written, and the text parses to the same value. An accepted offer
// gets an answer that parses, matches it section by section and can be read. Work and memory are linear in the size.
#include <redan/types.hpp>

#include "base/assert.hpp"
#include "base/crc32.hpp"
#include "rtc/sdp/offer_answer.hpp"
#include "tests/support/heap_meter.hpp"

namespace {

using namespace redan::sdp;

Local local() {
  Local ours;
  ours.ufrag = "abcdefgh";
  ours.pwd = "abcdefghijklmnopqrstuvwx";
  ours.fingerprint =
      "sha-256 00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF";
  ours.candidates = {"candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host"};
  return ours;
}

void answer(const SessionDescription& offer, bool accept_media) {
  const auto remote = read_offer(offer, accept_media);
  if (!remote) return;
  REDAN_ASSERT(!remote->fingerprints.empty() && remote->fingerprints.size() <= Remote::kMaxFingerprints);
  REDAN_ASSERT(std::is_sorted(remote->fingerprints.begin(), remote->fingerprints.end()));
  REDAN_ASSERT(remote->candidates.size() <= Remote::kMaxCandidates);
  REDAN_ASSERT(remote->ufrag.size() >= 4 && remote->pwd.size() >= 22);
  Local ours = local();
  ours.accept_media = accept_media;
  ours.setup = remote->setup == Setup::passive ? Setup::active : Setup::passive;
  const std::string text = make_answer(offer, ours);
  // Larger than any description that we accept: the offer had more sections than fit with our lines.
  if (text.size() > SessionDescription::kMaxSize) return;
  const auto parsed = SessionDescription::parse(text);
  REDAN_ASSERT(parsed && parsed->media.size() == offer.media.size());
  const auto read = read_answer(offer, *parsed);
  REDAN_ASSERT(read && read->media.size() == remote->media.size() &&
               read->data.has_value() == remote->data.has_value());
  REDAN_ASSERT(read->ufrag == ours.ufrag && read->candidates.size() == 1);
}

void parse_and_answer(std::string_view text) {
  const auto description = SessionDescription::parse(text);
  if (!description) return;
  answer(*description, true);
  answer(*description, false);
}

/// The same with each line, and each word that is followed by another, many times: this reveals work that is more than
/// linear.
std::string blown_up(std::string_view text) {
  constexpr std::size_t kSize = 96 * 1024;
  if (text.empty()) return {};
  const std::size_t times = kSize / text.size() / 2;
  std::string result;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end == std::string_view::npos ? end : end + 1);
    text.remove_prefix(line.size());
    const std::size_t blank = line.rfind(' ');
    const std::size_t word = blank == std::string_view::npos ? blank : line.rfind(' ', blank - 1);
    result += line.substr(0, blank);
    if (word != std::string_view::npos && word < blank) {
      for (std::size_t i = 0; i < times; ++i) result += line.substr(word, blank - word);
    }
    if (blank != std::string_view::npos) result += line.substr(blank);
    if (line.starts_with("a=") && !line.starts_with("a=mid:")) {
      for (std::size_t i = 0; i < times; ++i) result += line;
    }
  }
  return result.size() <= SessionDescription::kMaxSize ? result : std::string{};
}

void check_work(std::string_view text) {
  const double start = redan::test::thread_seconds();
  parse_and_answer(text);
  // A hundred times the duration without sanitizers.
  REDAN_ASSERT(redan::test::thread_seconds() - start < 0.05 + 10e-6 * static_cast<double>(text.size()));
}

void check_memory(std::string_view text) {
  const redan::test::HeapMeter meter;
  parse_and_answer(text);
  REDAN_ASSERT(meter.peak_bytes() <= 16 * 1024 + 64 * text.size());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = redan::as_text({data, size});
  const auto description = SessionDescription::parse(text);
  if (!description) return 0;
  const std::string written = description->text();
  if (written.size() <= SessionDescription::kMaxSize) {
    const auto again = SessionDescription::parse(written);
    REDAN_ASSERT(again && again->session == description->session && again->media == description->media);
  }
  check_memory(text);
  // It is slow, so only for some inputs.
  if (redan::crc32({data, size}) % 16 == 0) check_work(blown_up(text));
  return 0;
}
