// The fragment assembler compared with a naive one. Each step of the script is a fragment: message number, length,
// offset and size (a byte each), then a byte that fills it. Message 2 may be of either of two types, message 4 is of
// epoch 1.
#include <map>

#include "base/assert.hpp"
#include "rtc/dtls/handshake/fragment_assembler.hpp"

namespace {

using namespace redan::dtls;
using Verdict = FragmentAssembler::Verdict;

constexpr std::uint16_t kFirst = 1;
constexpr std::array kFlight{
    ExpectedMessage{HandshakeType::certificate, Epoch::plaintext},
    ExpectedMessage{HandshakeType::server_hello, Epoch::plaintext, HandshakeType::hello_verify_request},
    ExpectedMessage{HandshakeType::certificate_verify, Epoch::plaintext},
    ExpectedMessage{HandshakeType::finished, Epoch{1}},
};

/// One message as a map from position to byte; the later of two versions counts.
struct NaiveMessage {
  HandshakeType type{};
  std::uint32_t length = 0;
  bool contested = false;
  std::map<std::size_t, std::uint8_t> bytes;
};

class Pair {
 public:
  Pair() { assembler_.expect(kFirst, kFlight); }

  void add(const HandshakeHeader& header, Epoch epoch, redan::Bytes body) {
    const Verdict verdict = assembler_.add(header, epoch, body);
    REDAN_ASSERT(verdict == expected(header, epoch));
    ++fragments_;
    came_ += body.size();
    if (verdict == Verdict::displacing) {
      naive_.erase(header.message_seq);
      naive_[header.message_seq].contested = true;
    }
    if (verdict == Verdict::stored || verdict == Verdict::displacing) {
      NaiveMessage& message = naive_[header.message_seq];
      message.type = header.type;
      message.length = header.length;
      for (std::size_t i = 0; i < body.size(); ++i) {
        const auto [at, added] = message.bytes.emplace(header.fragment_offset + i, body[i]);
        message.contested = message.contested || at->second != body[i];
        at->second = body[i];
      }
    }
    compare();
  }
  void forget() {
    assembler_.forget();
    naive_.clear();
    came_ = 0;
    fragments_ = 0;
    compare();
    REDAN_ASSERT(assembler_.memory() == 0);
  }

 private:
  Verdict expected(const HandshakeHeader& header, Epoch epoch) const {
    if (header.message_seq < kFirst) return Verdict::repeated;
    const std::size_t index = header.message_seq - kFirst;
    if (index >= kFlight.size() || epoch != kFlight[index].epoch) return Verdict::unexpected;
    if (header.type != kFlight[index].type && header.type != kFlight[index].alternative) return Verdict::unexpected;
    const auto known = naive_.find(header.message_seq);
    const bool agrees =
        known == naive_.end() || (known->second.type == header.type && known->second.length == header.length);
    return agrees ? Verdict::stored : Verdict::displacing;  // too small here for too_large
  }
  void compare() const {
    // Twice the bytes received, and 16 bytes to record the place of each fragment.
    REDAN_ASSERT(assembler_.memory() <= 2 * came_ + 16 * fragments_);
    bool all = true;
    for (std::size_t i = 0; i < kFlight.size(); ++i) {
      const auto naive = naive_.find(static_cast<std::uint16_t>(kFirst + i));
      const bool whole = naive != naive_.end() && naive->second.bytes.size() == naive->second.length;
      const auto message = assembler_.message(i);
      REDAN_ASSERT(message.has_value() == whole);
      REDAN_ASSERT(assembler_.contested(i) == (naive != naive_.end() && naive->second.contested));
      all = all && whole;
      REDAN_ASSERT(assembler_.whole(i + 1) == all);
      if (!whole) continue;
      REDAN_ASSERT(message->type == naive->second.type && message->message_seq == kFirst + i);
      REDAN_ASSERT(message->body.size() == naive->second.length);
      for (const auto& [at, byte] : naive->second.bytes) REDAN_ASSERT(message->body[at] == byte);
    }
  }

  FragmentAssembler assembler_;
  std::map<std::uint16_t, NaiveMessage> naive_;
  std::size_t came_ = 0;
  std::size_t fragments_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  redan::Reader script({data, size});
  Pair pair;
  while (!script.empty()) {
    const std::uint8_t step = script.u8();
    if (step >= 0xF8) {
      pair.forget();
      continue;
    }
    const std::uint16_t seq = step % 6;
    const bool usual = (step & 0x80U) == 0;
    const std::size_t slot = seq >= kFirst && seq < kFirst + kFlight.size() ? seq - kFirst : 0;
    HandshakeHeader header{usual ? kFlight[slot].type : HandshakeType::hello_verify_request, script.u8(), seq,
                           script.u8(), script.u8()};
    const std::vector<std::uint8_t> body(header.fragment_length, script.u8());
    if (!script.ok() || header.fragment_offset + header.fragment_length > header.length) continue;
    pair.add(header, seq == 4 ? Epoch{1} : Epoch::plaintext, body);
  }
  return 0;
}
