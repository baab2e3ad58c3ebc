// A TURN server (RFC 8656) over UDP, with credentials as an agent mints them: the challenge, an allocation, and that
// credentials which have expired get none.
#include <openssl/evp.h>

#include <boost/asio/ip/udp.hpp>
#include <redan/udp_socket.hpp>

#include "base/reader.hpp"
#include "base/writer.hpp"
#include "cloud/token/turn_credential.hpp"
#include "cmd/arguments.hpp"
#include "cmd/doctor/findings.hpp"
#include "cmd/secret_file.hpp"
#include "net/clock.hpp"
#include "net/host_and_port.hpp"
#include "rtc/stun/message.hpp"

namespace redan::cmd {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kAllocate = 0x003;
constexpr std::uint16_t kRefresh = 0x004;
constexpr auto kLifetimeAttribute = static_cast<stun::AttributeType>(0x000D);
constexpr auto kRealm = static_cast<stun::AttributeType>(0x0014);
constexpr auto kNonce = static_cast<stun::AttributeType>(0x0015);
constexpr auto kRelayed = static_cast<stun::AttributeType>(0x0016);
constexpr auto kRequestedTransport = static_cast<stun::AttributeType>(0x0019);
constexpr std::uint16_t kDefaultPort = 3478;
constexpr int kTries = 4;
constexpr std::int64_t kLifetime = 60;

/// What we look at of an answer.
struct Answer {
  bool success = false;
  std::uint16_t error = 0;
  std::string realm, nonce;
  bool relayed = false;
};

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

class Turn {
 public:
  Turn(UdpSocket socket, const Address& server, Provider& provider)
      : socket_(std::move(socket)), server_(server), provider_(provider) {}

  std::optional<Answer> allocate() { return ask(kAllocate, nullptr); }
  std::optional<Answer> allocate(const cloud::TurnCredential& credential) { return ask(kAllocate, &credential); }
  /// Gives the allocation back.
  void release(const cloud::TurnCredential& credential) { (void)ask(kRefresh, &credential); }
  void challenge(const Answer& answer) {
    realm_ = answer.realm;
    nonce_ = answer.nonce;
  }

 private:
  std::optional<Answer> ask(std::uint16_t method, const cloud::TurnCredential* credential) {
    stun::TransactionId transaction{};
    provider_.random(transaction);
    std::array<std::uint8_t, 1200> buffer{};
    stun::MessageBuilder builder(buffer, stun::Class::request, transaction, method);
    if (method == kAllocate) builder.attribute(kRequestedTransport, std::array<std::uint8_t, 4>{17, 0, 0, 0});
    if (method == kRefresh) builder.attribute(kLifetimeAttribute, std::array<std::uint8_t, 4>{});
    const Bytes request = credential == nullptr ? Bytes(builder.finish()) : sign(builder, *credential);
    for (int attempt = 0; attempt < kTries; ++attempt) {
      socket_.send({{socket_.local_address(), server_}, request});
      const TimePoint until = net::now() + 500ms;
      while (const auto datagram = socket_.receive(until)) {
        const auto message = stun::Message::parse(datagram->bytes);
        if (message && message->transaction == transaction && message->method == method) return read(*message);
      }
    }
    return std::nullopt;
  }

  // RFC 8489 section 9.2.2: the key of a long-term credential.
  Bytes sign(stun::MessageBuilder& builder, const cloud::TurnCredential& credential) {
    builder.username(credential.username);
    builder.attribute(kRealm, as_bytes(realm_));
    builder.attribute(kNonce, as_bytes(nonce_));
    const std::string text = credential.username + ":" + realm_ + ":" + credential.password;
    std::array<std::uint8_t, 16> key{};
    std::size_t size = key.size();
    if (EVP_Q_digest(nullptr, "MD5", nullptr, text.data(), text.size(), key.data(), &size) != 1) {
      throw std::runtime_error("this OpenSSL has no MD5, which TURN's credentials need");
    }
    return builder.finish(*provider_.hmac(HashAlgorithm::sha1, key));
  }

  static Answer read(const stun::Message& message) {
    Answer answer;
    answer.success = message.message_class == stun::Class::success;
    answer.error = message.error_code.value_or(0);
    if (const auto realm = find(message.datagram, kRealm)) answer.realm = as_text(*realm);
    if (const auto nonce = find(message.datagram, kNonce)) answer.nonce = as_text(*nonce);
    answer.relayed = find(message.datagram, kRelayed).has_value();
    return answer;
  }

  UdpSocket socket_;
  Address server_;
  Provider& provider_;
  std::string realm_, nonce_;
};

/// "turn:host:port?transport=udp"; the port may be missing.
HostAndPort server_of(const std::string& uri) {
  constexpr std::string_view kScheme = "turn:";
  if (!uri.starts_with(kScheme)) throw std::runtime_error("'" + uri + "' is not a turn: URI; turns: is not looked at");
  const std::string rest = uri.substr(kScheme.size(), uri.find('?') - kScheme.size());
  return parse_https_url(rest, kDefaultPort);
}

std::optional<Address> resolve(const HostAndPort& server) {
  boost::asio::io_context io;
  boost::asio::ip::udp::resolver resolver(io);
  boost::system::error_code error;
  const auto found = resolver.resolve(server.host, std::to_string(server.port), error);
  if (error || found.empty()) return std::nullopt;
  return Address::parse(found.begin()->endpoint().address().to_string(), server.port);
}

std::optional<Turn> open_turn(const Address& server, Provider& provider) {
  const char* any = server.family() == Address::Family::ipv6 ? "::" : "0.0.0.0";
  auto socket = UdpSocket::bind(*Address::parse(any, 0));
  if (!socket) return std::nullopt;
  return Turn(std::move(*socket), server, provider);
}

/// True if there is nothing to say against it.
bool check_challenge(const std::optional<Answer>& challenge, const std::string& what, Findings& findings) {
  if (!challenge) {
    findings.fail(what, "no answer over UDP", "start coturn; open the port for UDP in the firewalls between");
  } else if (challenge->success) {
    findings.fail(what, "it relays for anybody", "set use-auth-secret in turnserver.conf");
  } else if (challenge->error != 401 || challenge->nonce.empty()) {
    findings.fail(what, "it answers " + std::to_string(challenge->error) + " and not with a challenge",
                  "set use-auth-secret and realm in turnserver.conf");
  } else {
    return true;
  }
  return false;
}

bool check_good(Turn& turn, const std::string& what, const cloud::TurnCredential& credential, Findings& findings) {
  const auto answer = turn.allocate(credential);
  if (answer && answer->success && answer->relayed) {
    turn.release(credential);
    return true;
  }
  const std::string error = answer ? std::to_string(answer->error) : "no answer";
  findings.fail(what, "it refuses credentials made with the secret: " + error,
                error == "401" ? "compare static-auth-secret with --turn-secret-file, and the clocks"
                               : "look at its log: quotas, relay-ip, ports");
  return false;
}

// From a port of its own: a server ties a port to the first user name that comes from it.
bool check_expired(Turn& turn, const std::string& what, const cloud::TurnCredential& credential, Findings& findings) {
  const auto challenge = turn.allocate();
  if (!check_challenge(challenge, what, findings)) return false;
  turn.challenge(*challenge);
  const auto answer = turn.allocate(credential);
  if (!answer || !answer->success) return true;
  turn.release(credential);
  findings.fail(what, "it takes credentials that have expired",
                "set the server's clock; use-auth-secret, and no lt-cred-mech");
  return false;
}

}  // namespace

void check_turn(const std::string& uri, const std::string& secret_file, Provider& provider, Findings& findings) {
  if (secret_file.empty()) throw std::runtime_error("--turn needs --turn-secret-file");
  auto key = cloud::TurnKey::prepare(provider, read_secret_line(secret_file));
  if (!key) throw std::runtime_error(secret_file + " has other than printable characters");
  const HostAndPort server = server_of(uri);
  const std::string what = "turn " + server.text();
  const auto address = resolve(server);
  if (!address) return findings.fail(what, "no address for this name", "check the name");
  const std::int64_t now = net::wall_time().seconds_since_1970;
  const auto good = key->mint("redan-doctor", WallTime{now + kLifetime});
  const auto expired = key->mint("redan-doctor", WallTime{now - kLifetime});
  auto turn = open_turn(*address, provider);
  auto other = open_turn(*address, provider);
  if (!turn || !other || !good || !expired) return findings.fail(what, Errc::io_failed, "a UDP socket");
  const auto challenge = turn->allocate();
  if (!check_challenge(challenge, what, findings)) return;
  turn->challenge(*challenge);
  if (!check_good(*turn, what, *good, findings) || !check_expired(*other, what, *expired, findings)) return;
  findings.ok(what, "relays for credentials made with the secret, and refuses those that have expired");
}

}  // namespace redan::cmd
