#include "cmd/doctor/turn_client.hpp"

#include <openssl/evp.h>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "net/clock.hpp"

namespace redan::cmd {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kAllocate = 0x003;
constexpr std::uint16_t kRefresh = 0x004;
constexpr std::uint16_t kCreatePermission = 0x008;
constexpr auto kLifetime = static_cast<stun::AttributeType>(0x000D);
constexpr auto kPeer = static_cast<stun::AttributeType>(0x0012);
constexpr auto kRealm = static_cast<stun::AttributeType>(0x0014);
constexpr auto kNonce = static_cast<stun::AttributeType>(0x0015);
constexpr auto kRelayed = static_cast<stun::AttributeType>(0x0016);
constexpr auto kRequestedFamily = static_cast<stun::AttributeType>(0x0017);
constexpr auto kRequestedTransport = static_cast<stun::AttributeType>(0x0019);
constexpr std::uint32_t kMagicCookie = 0x2112A442;
constexpr int kTries = 4;

std::optional<Bytes> find(Bytes datagram, stun::AttributeType wanted) {
  Reader reader(datagram.subspan(stun::kHeaderSize));
  while (!reader.empty()) {
    const std::uint16_t type = reader.u16();
    const Bytes value = reader.opaque16();
    reader.skip((4 - value.size() % 4) % 4);
    if (!reader.ok()) return std::nullopt;
    if (type == static_cast<std::uint16_t>(wanted)) return value;
  }
  return std::nullopt;
}

TurnClient::Answer read(const stun::Message& message) {
  TurnClient::Answer answer;
  answer.success = message.message_class == stun::Class::success;
  answer.error = message.error_code.value_or(0);
  if (const auto realm = find(message.datagram, kRealm)) answer.realm = as_text(*realm);
  if (const auto nonce = find(message.datagram, kNonce)) answer.nonce = as_text(*nonce);
  answer.relayed = find(message.datagram, kRelayed).has_value();
  return answer;
}

std::uint8_t family_number(Address::Family family) { return family == Address::Family::ipv4 ? 1 : 2; }

// RFC 8489 section 14.2, in an XOR-PEER-ADDRESS (RFC 8656 section 18.3).
void add_peer(stun::MessageBuilder& builder, const Address& peer, const stun::TransactionId& transaction) {
  std::array<std::uint8_t, 20> storage{}, mask{};
  Writer(mask).u32(kMagicCookie);
  std::copy(transaction.begin(), transaction.end(), mask.begin() + 4);
  Writer writer(storage);
  writer.u8(0);
  writer.u8(family_number(peer.family()));
  writer.u16(peer.port() ^ static_cast<std::uint16_t>(kMagicCookie >> 16U));
  for (std::size_t i = 0; i < peer.ip().size(); ++i) writer.u8(static_cast<std::uint8_t>(peer.ip()[i] ^ mask.at(i)));
  builder.attribute(kPeer, writer.written());
}

}  // namespace

struct TurnClient::Request {
  std::uint16_t method;
  Address::Family family = Address::Family::ipv4;  ///< of an allocation
  Address peer{};                                  ///< of a permission
};

std::optional<TurnClient> TurnClient::open(const Address& server, Provider& provider) {
  const char* any = server.family() == Address::Family::ipv6 ? "::" : "0.0.0.0";
  auto socket = UdpSocket::bind(*Address::parse(any, 0));
  if (!socket) return std::nullopt;
  return TurnClient(std::move(*socket), server, provider);
}

std::optional<TurnClient::Answer> TurnClient::allocate() { return ask({kAllocate}, nullptr); }

std::optional<TurnClient::Answer> TurnClient::allocate(const cloud::token::TurnCredential& credential,
                                                       Address::Family family) {
  return ask({kAllocate, family}, &credential);
}

std::optional<TurnClient::Answer> TurnClient::permit(const cloud::token::TurnCredential& credential,
                                                     const Address& peer) {
  return ask({kCreatePermission, peer.family(), peer}, &credential);
}

void TurnClient::release(const cloud::token::TurnCredential& credential) { (void)ask({kRefresh}, &credential); }

void TurnClient::challenge(const Answer& answer) {
  realm_ = answer.realm;
  nonce_ = answer.nonce;
}

std::optional<TurnClient::Answer> TurnClient::ask(const Request& request,
                                                  const cloud::token::TurnCredential* credential) {
  stun::TransactionId transaction{};
  provider_->random(transaction);
  std::array<std::uint8_t, 1200> buffer{};
  stun::MessageBuilder builder(buffer, stun::Class::request, transaction, request.method);
  if (request.method == kAllocate) builder.attribute(kRequestedTransport, std::array<std::uint8_t, 4>{17, 0, 0, 0});
  if (request.method == kAllocate && request.family == Address::Family::ipv6) {
    builder.attribute(kRequestedFamily, std::array<std::uint8_t, 4>{family_number(request.family), 0, 0, 0});
  }
  if (request.method == kCreatePermission) add_peer(builder, request.peer, transaction);
  if (request.method == kRefresh) builder.attribute(kLifetime, std::array<std::uint8_t, 4>{});
  const Bytes bytes = credential == nullptr ? Bytes(builder.finish()) : sign(builder, *credential);
  for (int attempt = 0; attempt < kTries; ++attempt) {
    socket_.send({{socket_.local_address(), server_}, bytes});
    const TimePoint until = net::now() + 500ms;
    while (const auto datagram = socket_.receive(until)) {
      const auto message = stun::Message::parse(datagram->bytes);
      if (message && message->transaction == transaction && message->method == request.method) return read(*message);
    }
  }
  return std::nullopt;
}

// RFC 8489 section 9.2.2: the key of a long-term credential.
Bytes TurnClient::sign(stun::MessageBuilder& builder, const cloud::token::TurnCredential& credential) {
  builder.username(credential.username);
  builder.attribute(kRealm, as_bytes(realm_));
  builder.attribute(kNonce, as_bytes(nonce_));
  const std::string text = credential.username + ":" + realm_ + ":" + credential.password;
  std::array<std::uint8_t, 16> key{};
  std::size_t size = key.size();
  if (EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(), key.data(), &size) != 1) {
    throw std::runtime_error("this OpenSSL has no MD5, which TURN's credentials need");
  }
  return builder.finish(*provider_->hmac(HashAlgorithm::sha1, key));
}

}  // namespace redan::cmd
