#include "sealed/wrapping.hpp"

#include <sodium.h>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "base/writer.hpp"
#include "crypto/nonce.hpp"
#include "sealed/errors.hpp"
#include "wamp/serializer.hpp"

namespace redan::sealed {
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
    // The channel seals messages consecutively, from 0.
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
    if (!head || wire.size() < kHeaderSize + kAeadTagSize) return refuse(errc::sealed_syntax);
    std::string text(as_text(wire.subspan(kHeaderSize, wire.size() - kHeaderSize - kAeadTagSize)));
    const MutableBytes in_place(reinterpret_cast<std::uint8_t*>(text.data()), text.size());
    if (!aead(from).open(counter().at(head->seq), associated(wire), in_place, wire.last<kAeadTagSize>())) {
      return refuse(errc::sealed_bad_record);
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

// Cryptobox: nonce || MAC || text under HSalsa20(X25519).
class CryptoboxWrapping : public Wrapping {
 public:
  CryptoboxWrapping(Provider& provider, std::string session, const Keys& keys)
      : provider_(provider), prefix_("anbox.e2e." + session + ".") {
    constexpr std::array<std::uint8_t, crypto_core_hsalsa20_INPUTBYTES> kZero{};
    crypto_core_hsalsa20(key_.fill(crypto_box_BEFORENMBYTES).data(), kZero.data(), keys.shared.expose().data(),
                         nullptr);
  }

  std::vector<std::uint8_t> seal(Side /*from*/, std::uint32_t /*seq*/, std::string_view type,
                                 std::string_view envelope) override {
    auto argument = wamp::decode(wamp::Serializer::json, as_bytes(envelope));
    REDAN_ASSERT(argument);
    wamp::Dict plain;
    plain.append("uri", prefix_ + std::string(type));
    plain.append("args", wamp::List{std::move(*argument)});
    plain.append("kwargs", wamp::Dict());
    const std::vector<std::uint8_t> text = wamp::encode(wamp::Serializer::json, std::move(plain));
    std::vector<std::uint8_t> wire(crypto_box_NONCEBYTES + crypto_box_MACBYTES + text.size());
    provider_.random(MutableBytes(wire).first(crypto_box_NONCEBYTES));
    crypto_box_easy_afternm(wire.data() + crypto_box_NONCEBYTES, text.data(), text.size(), wire.data(),
                            key_.expose().data());
    return wire;
  }

  std::optional<Header> header(Bytes /*wire*/) const override { return std::nullopt; }

  Result<std::string> open(Side /*from*/, Bytes wire) override {
    if (wire.size() < crypto_box_NONCEBYTES + crypto_box_MACBYTES) return refuse(errc::sealed_syntax);
    const Bytes box = wire.subspan(crypto_box_NONCEBYTES);
    std::vector<std::uint8_t> text(box.size() - crypto_box_MACBYTES);
    if (crypto_box_open_easy_afternm(text.data(), box.data(), box.size(), wire.data(), key_.expose().data()) != 0) {
      return refuse(errc::sealed_bad_record);
    }
    return envelope_in(text);
  }

 private:
  [[nodiscard]] Result<std::string> envelope_in(Bytes text) const {
    const auto value = wamp::decode(wamp::Serializer::json, text);
    const auto* plain = value ? value->get_if<wamp::Dict>() : nullptr;
    const wamp::Value* uri = plain != nullptr ? plain->find("uri") : nullptr;
    const wamp::Value* args = plain != nullptr ? plain->find("args") : nullptr;
    const auto* list = args != nullptr ? args->get_if<wamp::List>() : nullptr;
    if (uri == nullptr || list == nullptr || list->size() != 1) return refuse(errc::sealed_syntax);
    const auto* envelope = list->front().get_if<wamp::Dict>();
    const wamp::Value* type = envelope != nullptr ? envelope->find("typ") : nullptr;
    if (type == nullptr || !type->text() || !uri->text()) return refuse(errc::sealed_syntax);
    if (*uri->text() != prefix_ + std::string(*type->text())) return refuse(errc::sealed_wrong_session);
    return std::string(as_text(wamp::encode(wamp::Serializer::json, list->front())));
  }

  Provider& provider_;
  std::string prefix_;
  Secret<crypto_box_BEFORENMBYTES> key_;
};

}  // namespace

std::unique_ptr<Wrapping> cryptobox_wrapping(Provider& provider, std::string session, const Keys& keys) {
  return std::make_unique<CryptoboxWrapping>(provider, std::move(session), keys);
}

std::unique_ptr<Wrapping> gcm_wrapping(Provider& provider, std::string session, const Keys& keys) {
  return std::make_unique<GcmWrapping>(provider, std::move(session), keys);
}

}  // namespace redan::sealed
