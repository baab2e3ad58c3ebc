// Checks a TURN server over UDP, with credentials like an agent's: the challenge, an allocation, that expired
// credentials get none, and that it does not relay to internal hosts.
#include <boost/asio/ip/udp.hpp>
#include <set>

#include "cmd/arguments.hpp"
#include "cmd/doctor/findings.hpp"
#include "cmd/doctor/turn_client.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/turn_peers.hpp"
#include "net/clock.hpp"
#include "net/host_and_port.hpp"

namespace redan::cmd {
namespace {

using Answer = TurnClient::Answer;

constexpr std::uint16_t kDefaultPort = 3478;
constexpr std::int64_t kLifetime = 60;

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

/// True if there is no objection.
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

bool check_good(TurnClient& turn, const std::string& what, const cloud::token::TurnCredential& credential,
                Findings& findings) {
  const auto answer = turn.allocate(credential);
  if (answer && answer->success && answer->relayed) return true;
  const std::string error = answer ? std::to_string(answer->error) : "no answer";
  findings.fail(what, "it refuses credentials made with the secret: " + error,
                error == "401" ? "compare static-auth-secret with --turn-secret-file, and the clocks"
                               : "look at its log: quotas, relay-ip, ports");
  return false;
}

// Uses its own port, because a server binds a port to the first user name that it receives from there.
bool check_expired(TurnClient& turn, const std::string& what, const cloud::token::TurnCredential& credential,
                   Findings& findings) {
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

std::vector<Address> denied_peers(const Address& server, const std::vector<std::string>& units) {
  std::vector<Address> peers{server};
  for (const DeniedPeers& range : kDeniedPeers) peers.push_back(*Address::parse(range.probe, kDefaultPort));
  for (const std::string& unit : units) {
    const auto address = resolve(parse_host_and_port(unit));
    if (address) peers.push_back(*address);
  }
  return peers;
}

std::string list(const std::set<std::string>& all) {
  std::string text;
  for (const std::string& one : all) text += (text.empty() ? "" : ", ") + one;
  return text;
}

/// The peers of the same family as the client's allocation to which it relays.
bool find_permitted(TurnClient& turn, const cloud::token::TurnCredential& credential, Address::Family family,
                    const std::vector<Address>& peers, std::set<std::string>& permitted) {
  for (const Address& peer : peers) {
    if (peer.family() != family) continue;
    const auto answer = turn.permit(credential, peer);
    if (!answer) return false;
    if (answer->success) permitted.insert(peer.ip_text());
  }
  return true;
}

/// With an allocation of the peer's family, which is released afterwards.
std::optional<Answer> permit_once(const Address& server, Provider& provider,
                                  const cloud::token::TurnCredential& credential, const Address& peer) {
  auto turn = TurnClient::open(server, provider);
  if (!turn) return std::nullopt;
  const auto challenge = turn->allocate();
  if (!challenge) return std::nullopt;
  turn->challenge(*challenge);
  auto answer = turn->allocate(credential, peer.family());
  if (!answer || !answer->success) return answer;
  answer = turn->permit(credential, peer);
  turn->release(credential);
  return answer;
}

/// True if the server relays to each of them: their addresses are often in a denied range.
bool check_runtimes(const Address& server, Provider& provider, const std::string& what,
                    const cloud::token::TurnCredential& credential, const std::vector<std::string>& runtimes,
                    Findings& findings) {
  for (const std::string& runtime : runtimes) {
    const auto peer = Address::parse(runtime, kDefaultPort);
    if (!peer) throw std::runtime_error("--turn-allowed " + runtime + " is not an IP address");
    const auto answer = permit_once(server, provider, credential, *peer);
    if (answer && answer->success) continue;
    const std::string error = answer ? std::to_string(answer->error) : "no answer";
    findings.fail(what, "it does not relay to the runtime " + runtime + ": " + error,
                  "put allowed-peer-ip=" + runtime +
                      ", or the range of all runtimes, into turnserver.conf; nothing but runtimes may listen there");
    return false;
  }
  return true;
}

/// A server without IPv6 relays to no IPv6 address.
bool check_peers(TurnClient& ipv4, TurnClient& ipv6, const std::string& what,
                 const cloud::token::TurnCredential& credential, const std::vector<Address>& peers,
                 Findings& findings) {
  std::set<std::string> permitted;
  bool answered = find_permitted(ipv4, credential, Address::Family::ipv4, peers, permitted);
  const auto challenge = ipv6.allocate();
  if (challenge) ipv6.challenge(*challenge);
  const auto allocated = ipv6.allocate(credential, Address::Family::ipv6);
  if (allocated && allocated->success) {
    answered = find_permitted(ipv6, credential, Address::Family::ipv6, peers, permitted) && answered;
    ipv6.release(credential);
  }
  if (!permitted.empty()) {
    findings.fail(what, "it relays to " + list(permitted),
                  "put the lines of `redan turn coturn-config` into turnserver.conf, and a denied-peer-ip for each "
                  "machine of yours");
  } else if (!answered) {
    findings.fail(what, "no answer to a request for a permission", "look at its log");
  }
  return permitted.empty() && answered;
}

}  // namespace

void check_turn(const TurnToCheck& asked, Provider& provider, Findings& findings) {
  const auto& [uri, secret_file, units, runtimes] = asked;
  if (secret_file.empty()) throw std::runtime_error("--turn needs --turn-secret-file");
  auto key = cloud::token::TurnKey::prepare(provider, read_secret_line(secret_file));
  if (!key) throw std::runtime_error(secret_file + " has other than printable characters");
  const HostAndPort server = server_of(uri);
  const std::string what = "turn " + server.text();
  const auto address = resolve(server);
  if (!address) return findings.fail(what, "no address for this name", "check the name");
  const std::int64_t now = net::wall_time().seconds_since_1970;
  const auto good = key->mint("redan-doctor", WallTime{now + kLifetime});
  const auto expired = key->mint("redan-doctor", WallTime{now - kLifetime});
  auto turn = TurnClient::open(*address, provider);
  auto other = TurnClient::open(*address, provider);
  auto ipv6 = TurnClient::open(*address, provider);
  if (!turn || !other || !ipv6 || !good || !expired) return findings.fail(what, Errc::io_failed, "a UDP socket");
  const auto challenge = turn->allocate();
  if (!check_challenge(challenge, what, findings)) return;
  turn->challenge(*challenge);
  if (!check_good(*turn, what, *good, findings)) return;
  const bool closed = check_peers(*turn, *ipv6, what, *good, denied_peers(*address, units), findings);
  const bool open = check_runtimes(*address, provider, what, *good, runtimes, findings);
  turn->release(*good);
  if (!closed || !open || !check_expired(*other, what, *expired, findings)) return;
  findings.ok(
      what, "relays for credentials made with the secret, refuses those that have expired, and does not relay inwards");
}

}  // namespace redan::cmd
