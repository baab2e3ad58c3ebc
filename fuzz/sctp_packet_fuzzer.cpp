// Every chunk parser: a chunk that parses is written and must parse to the same bytes again.
#include <cstdlib>
#include <vector>

#include "rtc/sctp/packet/control.hpp"
#include "rtc/sctp/packet/data.hpp"
#include "rtc/sctp/packet/forward_tsn.hpp"
#include "rtc/sctp/packet/init.hpp"
#include "rtc/sctp/packet/packet.hpp"
#include "rtc/sctp/packet/re_config.hpp"
#include "rtc/sctp/packet/sack.hpp"

namespace {

using namespace redan;
using namespace redan::sctp;

template <class Write>
std::vector<std::uint8_t> written(Write&& write) {
  std::vector<std::uint8_t> buffer(70000);
  Writer writer(buffer);
  write(writer);
  if (!writer.ok()) return {};
  buffer.resize(writer.size());
  return buffer;
}

// Writing, parsing and writing again gives the same bytes.
template <class Parse, class Write>
void check(Parse&& parse, Write&& write) {
  const auto first = parse();
  if (!first) return;
  const std::vector<std::uint8_t> bytes = written([&](Writer& w) { write(*first, w); });
  if (bytes.empty()) return;
  bool same = false;
  for_each_chunk(bytes, [&](const Chunk& chunk) {
    const auto second = parse(chunk);
    same = second && written([&](Writer& w) { write(*second, w); }) == bytes;
    return false;
  });
  if (!same) std::abort();
}

template <class T, class Write>
void check_chunk(const Chunk& chunk, Write&& write) {
  struct {
    const Chunk& original;
    std::optional<T> operator()() const { return T::parse(original); }
    std::optional<T> operator()(const Chunk& other) const { return T::parse(other); }
  } parse{chunk};
  check(parse, write);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::vector<std::uint8_t> bytes(data, data + size);
  Drop reason{};
  if (bytes.size() > 12) std::memset(bytes.data() + 8, 0, 4);
  const auto packet = Packet::parse(bytes, Packet::Checksum::zero_accepted, reason);
  if (!packet) return 0;
  for_each_chunk(packet->chunks, [&](const Chunk& chunk) {
    check_chunk<Data>(chunk, [](const Data& d, Writer& w) { d.write(w); });
    check_chunk<Sack>(chunk, [](const Sack& s, Writer& w) { s.write(w); });
    check_chunk<ForwardTsn>(chunk, [](const ForwardTsn& f, Writer& w) { f.write(w); });
    check_chunk<Heartbeat>(chunk, [](const Heartbeat& h, Writer& w) { h.write(w, ChunkType::heartbeat); });
    check_chunk<ErrorCauses>(chunk, [](const ErrorCauses& e, Writer& w) { e.write(w, ChunkType::abort); });
    check_chunk<Shutdown>(chunk, [](const Shutdown& s, Writer& w) { s.write(w); });
    std::array<std::uint8_t, 64> report{};
    std::size_t reported = 0;
    if (const auto init = Init::parse(chunk, report, &reported); init && reported > report.size()) std::abort();
    check_chunk<Init>(chunk, [](const Init& i, Writer& w) { i.write(w, ChunkType::init_ack); });
    for_each_parameter(chunk.value, [&](const Parameter& parameter) {
      (void)OutgoingResetRequest::parse(parameter.value);
      (void)ResetResponse::parse(parameter.value);
      return true;
    });
    return true;
  });
  return 0;
}
