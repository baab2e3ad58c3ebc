// STUN messages: a message that parses is built again from its attributes, and parses to the same value.
#include "base/assert.hpp"
#include "rtc/stun/message.hpp"

namespace {

using namespace redan;

class ZeroHmac final : public Hmac {
 public:
  Digest compute(std::span<const Bytes>) override {
    Digest digest;
    digest.size = stun::kIntegritySize;
    return digest;
  }
};

MutableBytes rebuild(const stun::Message& message, MutableBytes buffer, Hmac& key) {
  stun::MessageBuilder builder(buffer, message.message_class, message.transaction);
  if (message.username) builder.username(*message.username);
  if (message.priority) builder.priority(*message.priority);
  if (message.use_candidate) builder.use_candidate();
  if (message.ice_controlled) builder.ice_controlled(*message.ice_controlled);
  if (message.ice_controlling) builder.ice_controlling(*message.ice_controlling);
  if (message.mapped_address) builder.xor_mapped_address(*message.mapped_address);
  if (message.error_code) builder.error_code(*message.error_code, "");
  return builder.finish(key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Bytes datagram(data, size);
  static_cast<void>(stun::local_ufrag(datagram));
  const auto message = stun::Message::parse(datagram);
  if (!message) return 0;
  REDAN_ASSERT(message->unknown_count <= stun::Message::kMaxUnknown);
  ZeroHmac key;
  REDAN_ASSERT(!message->verify_integrity(key) || message->has_integrity());
  REDAN_ASSERT(!message->verify_integrity_sha256(key) || message->has_integrity_sha256());
  stun::Attributes attributes(*message);
  while (const auto attribute = attributes.next()) REDAN_ASSERT(message->find(attribute->type));

  std::array<std::uint8_t, 1024> buffer{};
  const MutableBytes built = rebuild(*message, buffer, key);
  const auto again = stun::Message::parse(built);
  REDAN_ASSERT(again && again->has_fingerprint && again->verify_integrity(key));
  REDAN_ASSERT(again->message_class == message->message_class && again->transaction == message->transaction);
  REDAN_ASSERT(again->username == message->username && again->priority == message->priority);
  REDAN_ASSERT(again->use_candidate == message->use_candidate);
  REDAN_ASSERT(again->ice_controlled == message->ice_controlled);
  REDAN_ASSERT(again->ice_controlling == message->ice_controlling);
  REDAN_ASSERT(again->mapped_address == message->mapped_address && again->error_code == message->error_code);
  return 0;
}
