#include "cloud/wamp/sealed/wrapping.hpp"

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "base/writer.hpp"
#include "crypto/nonce.hpp"

namespace redan::cloud::sealed {
namespace {

constexpr std::size_t kHeaderSize = 6;
constexpr std::array<std::uint8_t, kAeadNonceSize> kNoSalt{};

NonceBase counter() { return {NonceForm::xor_counter, kNoSalt}; }

class GcmWrapping : public Wrapping {
 public:
  GcmWrapping(Provider& provider, std::string session, const Keys& keys)
      : session_(std::move(session)),
        client_(provider.aead(AeadAlgorithm::aes_256_gcm, keys.client_to_runtime.expose())),
        runtime_(provider.aead(AeadAlgorithm::aes_256_gcm, keys.runtime_to_client.expose())) {}

  std::vector<std::uint8_t> seal(Side from, std::uint32_t seq, std::string_view /*type*/,
                                 std::string_view envelope) override {
    std::vector<std::uint8_t> wire(kHeaderSize + envelope.size() + kAeadTagSize);
    Writer writer(wire);
    writer.u8(kRecord);
    writer.u8(static_cast<std::uint8_t>(from));
    writer.u32(seq);
    writer.bytes(as_bytes(envelope));
    const MutableBytes text = MutableBytes(wire).subspan(kHeaderSize, envelope.size());
    const auto tag = MutableBytes(wire).last<kAeadTagSize>();
    NonceSequence& nonces = from == Side::client ? client_nonces_ : runtime_nonces_;
    // Sealing is the channel's: one after the other, from 0.
    REDAN_ASSERT(nonces.peek() == seq);
    aead(from).seal(*nonces.take(), associated(wire), text, tag);
    return wire;
  }

  std::optional<Header> header(Bytes wire) const override {
    Reader reader(wire);
    const std::uint8_t kind = reader.u8();
    const std::uint8_t dir = reader.u8();
    const std::uint32_t seq = reader.u32();
    if (!reader.ok() || kind != kRecord || (dir != 'c' && dir != 'r')) return std::nullopt;
    return Header{static_cast<Side>(dir), seq};
  }

  Result<std::string> open(Side from, Bytes wire) override {
    const auto head = header(wire);
    if (!head || wire.size() < kHeaderSize + kAeadTagSize) return refuse(Errc::sealed_syntax);
    std::string text(as_text(wire.subspan(kHeaderSize, wire.size() - kHeaderSize - kAeadTagSize)));
    const MutableBytes in_place(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    if (!aead(from).open(counter().at(head->seq), associated(wire), in_place, wire.last<kAeadTagSize>())) {
      return refuse(Errc::sealed_bad_record);
    }
    return text;
  }

 private:
  [[nodiscard]] Aead& aead(Side from) const { return from == Side::client ? *client_ : *runtime_; }
  [[nodiscard]] std::vector<std::uint8_t> associated(Bytes wire) const {
    std::vector<std::uint8_t> data(wire.begin(), wire.begin() + kHeaderSize);
    data.insert(data.end(), session_.begin(), session_.end());
    return data;
  }

  std::string session_;
  std::unique_ptr<Aead> client_, runtime_;
  NonceSequence client_nonces_{counter(), 0, kMaxMessages}, runtime_nonces_{counter(), 0, kMaxMessages};
};

}  // namespace

std::unique_ptr<Wrapping> gcm_wrapping(Provider& provider, std::string session, const Keys& keys) {
  return std::make_unique<GcmWrapping>(provider, std::move(session), keys);
}

}  // namespace redan::cloud::sealed
