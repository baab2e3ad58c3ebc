#include "cmd/demo/attack/hostile_gateway.hpp"

#include <algorithm>

#include "cloud/api/signalling.hpp"
#include "cmd/connect/trace.hpp"
#include "net/clock.hpp"
#include "sealed/handshake.hpp"

namespace redan::cmd {
namespace {

namespace signalling = cloud::api::signalling;

constexpr std::size_t kMaxSessions = 64;
constexpr std::size_t kMaxRead = 16;
constexpr std::size_t kMaxText = 200;

constexpr std::string_view kFalseCandidate = "candidate:1 1 udp 2130706431 192.0.2.66 6666 typ host";

std::string clear(const signalling::Message& message) { return signalling::text(message); }
/// Clients and runtimes ignore it.
std::string nothing() { return clear(signalling::Unknown{"nothing"}); }

bool is_record(std::string_view seal) { return !seal.empty() && seal.front() == 3; }
bool is_share(std::string_view seal) {
  return !seal.empty() && seal.front() == static_cast<char>(sealed::kRuntimeShare);
}
bool is_hello(std::string_view seal) {
  return !seal.empty() && seal.front() == static_cast<char>(sealed::kClientHello);
}

struct Row {
  Attack attack;
  std::string_view name, text;
};
constexpr std::array kRows = {
    Row{Attack::none, "none", "carries signalling as it should"},
    Row{Attack::swap_fingerprint, "swap-fingerprint",
        "puts its own certificate in the descriptions and itself in the middle"},
    Row{Attack::replay_offer, "replay-offer", "gives the client an offer that was made before"},
    Row{Attack::answer_in_place, "answer-in-place", "answers the client itself; the runtime never hears of it"},
    Row{Attack::strip, "strip", "takes the sealing away and reads the plaintext"},
    Row{Attack::inject_clear, "inject-clear", "adds a plaintext message of its own"},
};

const Row& row(Attack attack) { return kRows[static_cast<std::size_t>(attack)]; }

}  // namespace

std::string_view name(Attack attack) { return row(attack).name; }
std::string_view explain(Attack attack) { return row(attack).text; }
std::optional<Attack> parse_attack(std::string_view name) {
  const auto found = std::find_if(kRows.begin(), kRows.end(), [&](const Row& each) { return each.name == name; });
  return found != kRows.end() ? std::optional(found->attack) : std::nullopt;
}

HostileGateway::HostileGateway(boost::asio::io_context& io, const std::vector<Address>& addresses, Provider& provider)
    : provider_(provider),
      middle_(io, addresses, provider, [this](const std::string& link, std::string_view from, std::string_view text) {
        const auto session = sessions_.find(link);
        if (session != sessions_.end()) win(session->second, from, text);
      }) {}

void HostileGateway::begin(Attack attack) {
  attack_ = attack;
  status_ = {attack};
  ++round_;
}

HostileGateway::Session& HostileGateway::session(const std::string& link) {
  const auto [found, is_new] = sessions_.try_emplace(link);
  if (!is_new) return found->second;
  found->second.attack = attack_;
  found->second.round = round_;
  oldest_.push_back(link);
  if (oldest_.size() > kMaxSessions) {
    middle_.close(oldest_.front());
    sessions_.erase(oldest_.front());
    oldest_.pop_front();
  }
  return found->second;
}

// Late messages of sessions under an earlier attack do not count.
void HostileGateway::win(const Session& session, std::string_view from, std::string_view text) {
  if (session.round != round_) return;
  status_.succeeded = true;
  status_.read.push_back(std::string(from) + ": " + printable(text.substr(0, kMaxText)));
  if (status_.read.size() > kMaxRead) status_.read.erase(status_.read.begin());
}

// "sealed_required: ..."
void HostileGateway::note_refusal(const Session& session, std::string_view message) {
  if (session.round != round_ || session.attack == Attack::none) return;
  status_.refused = printable(message.substr(0, std::min<std::size_t>(message.find(':'), 64)));
}

// From the runtime.

std::string HostileGateway::to_client(const std::string& link, const std::string& body) {
  Session& session = this->session(link);
  const auto message = signalling::parse(body);
  if (!message) return body;
  if (const auto* error = std::get_if<signalling::Error>(&*message)) note_refusal(session, error->message);
  if (const auto* seal = std::get_if<signalling::Seal>(&*message)) return seal_to_client(session, body, seal->body);
  if (const auto* offer = std::get_if<signalling::Offer>(&*message)) {
    return offer_in_clear(session, link, body, offer->sdp);
  }
  return body;
}

std::string HostileGateway::offer_in_clear(Session& session, const std::string& link, const std::string& body,
                                           std::string_view sdp) {
  const std::string before = std::exchange(last_offer_, body);
  std::string ours;
  switch (session.attack) {
    case Attack::none:
      return body;
    case Attack::swap_fingerprint:
      ours = middle_.offer(link, sdp, ManInTheMiddle::Company::both);
      break;
    case Attack::answer_in_place:
    case Attack::inject_clear:
      ours = middle_.offer(link, sdp, ManInTheMiddle::Company::client_alone);
      break;
    case Attack::replay_offer:
      session.fooled = !before.empty();
      return before.empty() ? body : before;
    case Attack::strip:
      // There is nothing to remove: the secret is already visible.
      win(session, "runtime", sdp.substr(std::min(sdp.size(), sdp.find("a=fingerprint"))));
      return body;
  }
  session.fooled = !ours.empty();
  return ours.empty() ? body : clear(signalling::Offer{ours, {}});
}

std::string HostileGateway::seal_to_client(Session& session, const std::string& body, std::string seal) {
  const std::string before = last_record_;
  if (is_record(seal)) {
    last_record_ = body;
    if (session.first_record.empty()) session.first_record = body;
  }
  switch (session.attack) {
    case Attack::none:
      return body;
    case Attack::swap_fingerprint:
      // It cannot see where the fingerprint is, so it changes what it can.
      if (!is_record(seal)) return body;
      seal.back() = static_cast<char>(seal.back() ^ 1);
      return clear(signalling::Seal{seal});
    case Attack::replay_offer:
      if (!is_record(seal)) return body;
      return session.first_record != body ? session.first_record : (before.empty() ? body : before);
    case Attack::answer_in_place:
      return is_share(seal) ? clear(signalling::Seal{share_of_its_own()}) : body;
    case Attack::strip:
      return is_share(seal) ? clear(signalling::Discovered{}) : nothing();
    case Attack::inject_clear:
      return is_record(seal) ? clear(signalling::Candidate{std::string(kFalseCandidate), "0", 0}) : body;
  }
  return body;
}

// A certificate like AMS's, signed with another key.
std::string HostileGateway::share_of_its_own() const {
  Secret<sealed::kEd25519KeySize> seed;
  provider_.random(seed.fill(sealed::kEd25519KeySize));
  const sealed::Ed25519Key key(seed.expose().first<sealed::kEd25519KeySize>());
  const std::int64_t now = net::wall_time().seconds_since_1970;
  sealed::RuntimeShare share;
  share.suite = sealed::Suite::aes_256_gcm;
  const auto ephemeral = provider_.start_key_exchange(Group::x25519);
  std::copy_n(ephemeral->share().begin(), share.share.size(), share.share.begin());
  provider_.random(share.nonce);
  share.certificate = sealed::RuntimeCertificate{"in-the-middle", key.public_key(), {now - 60}, {now + 3600}}.sign(key);
  share.signature = key.sign(share.share);
  return std::string(as_text(share.write()));
}

// From the client.

std::string HostileGateway::to_runtime(const std::string& link, const std::string& body) {
  Session& session = this->session(link);
  const auto message = signalling::parse(body);
  if (!message) return body;
  if (const auto* error = std::get_if<signalling::Error>(&*message)) note_refusal(session, error->message);
  if (const auto* seal = std::get_if<signalling::Seal>(&*message)) return seal_to_runtime(session, body, seal->body);
  if (const auto* answer = std::get_if<signalling::Answer>(&*message)) {
    return answer_in_clear(session, link, body, answer->sdp);
  }
  // The client's own candidates would lead the runtime past the man in the middle.
  if (session.fooled && std::holds_alternative<signalling::Candidate>(*message)) return nothing();
  return body;
}

std::string HostileGateway::answer_in_clear(Session& session, const std::string& link, const std::string& body,
                                            std::string_view sdp) {
  if (!session.fooled) return body;
  if (session.attack == Attack::replay_offer) {
    // The client has answered an offer that the runtime did not make.
    win(session, "client", sdp.substr(0, kMaxText));
    return body;
  }
  const std::string ours = middle_.answer(link, sdp);
  return ours.empty() ? nothing() : clear(signalling::Answer{ours});
}

std::string HostileGateway::seal_to_runtime(Session& session, const std::string& body, const std::string& seal) const {
  if (session.attack != Attack::strip) return body;
  return is_hello(seal) ? clear(signalling::Discover{}) : nothing();
}

}  // namespace redan::cmd
