// Answers of etcd's JSON gateway, and the lines of its streams. The first byte selects the size of the pieces in which
// a stream arrives, which must not matter.
#include "base/assert.hpp"
#include "cloud/store/etcd_feed.hpp"
#include "cloud/store/etcd_json.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

constexpr std::size_t kMaxLine = 512;

struct Cut {
  std::vector<std::string> lines;
  bool good = true;
  bool operator==(const Cut&) const = default;
};

Cut cut(std::string_view stream, std::size_t piece_size) {
  Cut out;
  cloud::store::LineCutter cutter(kMaxLine);
  while (out.good && !stream.empty()) {
    const std::string_view piece = stream.substr(0, piece_size);
    out.good = cutter.add(piece, [&](std::string_view line) { out.lines.emplace_back(line); });
    stream.remove_prefix(piece.size());
  }
  return out;
}

void check_lines(const Cut& cut) {
  for (const std::string& line : cut.lines) {
    REDAN_ASSERT(!line.empty() && line.size() <= kMaxLine && line.find('\n') == std::string::npos);
  }
}

void parse(std::string_view text) {
  if (const auto lease = cloud::store::parse_lease(text)) {
    REDAN_ASSERT(lease->lease != cloud::store::LeaseId{} && lease->ttl.count() >= 0 &&
                 lease->ttl <= cloud::store::kMaxLeaseTtl);
  }
  if (const auto watch = cloud::store::parse_watch(text)) {
    for (const cloud::store::WatchEvent& event : watch->events) {
      REDAN_ASSERT(std::holds_alternative<cloud::store::PutSeen>(event) ||
                   std::holds_alternative<cloud::store::EraseSeen>(event));
    }
  }
  (void)cloud::store::parse_range(text);
  (void)cloud::store::parse_transaction(text);
  (void)cloud::store::parse_error(text);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text = as_text(Bytes(data + 1, size - 1));
  const Cut whole = cut(text, std::max<std::size_t>(text.size(), 1));
  REDAN_ASSERT(whole == cut(text, data[0] + std::size_t{1}));
  check_lines(whole);
  for (const std::string& line : whole.lines) parse(line);
  parse(text);
  return 0;
}
