// A TURN server on a virtual clock, written from the RFCs and apart from the client: it checks every request, keeps
// allocations, permissions and channels with their lifetimes, and can be told to misbehave.
#pragma once

#include <functional>
#include <map>
#include <vector>

#include "rtc/stun/message.hpp"
#include "rtc/turn/attributes.hpp"
#include "tests/support/seeded_random.hpp"

namespace redan::test {

using Datagram = std::vector<std::uint8_t>;

class ModelServer {
 public:
  struct Options {
    std::string realm = "example.org";
    std::string username = "user", password = "secret";
    bool authenticate = true;
    std::string nonce_prefix{};               ///< "obMatJos2AAAD" announces features
    std::vector<std::uint16_t> algorithms{};  ///< PASSWORD-ALGORITHMS; empty: the older form
    bool anonymous = false;                   ///< requires USERHASH
    Duration nonce_lifetime = std::chrono::hours(1);
    Duration max_lifetime = std::chrono::minutes(10);
    bool ipv4 = true, ipv6 = true;
    bool mobility = true;
    Address relayed4 = Address::v4({198, 51, 100, 99}, 50'000);
  };
  /// What a request is answered with instead.
  struct Refusal {
    std::uint16_t code = 0;
    std::string reason{};
    bool is_signed = true;
    std::optional<Address> alternate{};
    std::string domain{};
    std::vector<std::uint16_t> unknown{};
  };
  struct Allocation {
    std::string username;
    TimePoint expiry;
    std::map<Address, TimePoint> permissions;                         // by IP, port 0
    std::map<std::uint16_t, std::pair<Address, TimePoint>> channels;  // and when they expire
    std::string ticket;
    stun::TransactionId made_by{};
  };
  struct Relayed {
    Address peer;
    Datagram payload;
    bool on_channel = false;
  };

  ModelServer(const Address& address, Provider& provider, Options the_options)
      : options(std::move(the_options)), address_(address), provider_(provider) {
    new_nonce({});
  }
  ModelServer(const Address& address, Provider& provider) : ModelServer(address, provider, Options{}) {}

  Options options;
  std::map<Address, Allocation> allocations;  ///< by the client's address
  std::vector<Relayed> relayed;               ///< what peers received
  std::map<turn::Method, int> requests;       ///< how many of each were answered
  std::map<turn::Method, Refusal> refusals;
  std::vector<Datagram> seen;            ///< every request
  std::function<void(Datagram&)> spoil;  ///< changes each answer
  bool silent = false;

  /// The answers to what a client sent.
  std::vector<Datagram> handle_input(TimePoint now, const Address& client, Bytes bytes) {
    now_ = now;
    client_ = client;
    std::erase_if(allocations, [&](const auto& each) { return each.second.expiry <= now; });
    if (silent) return {};
    if (!bytes.empty() && bytes[0] >> 6U == 1) {
      relay_channel_data(bytes);
      return {};
    }
    const auto message = stun::Message::parse(bytes, kExtension);
    if (!message) return {};
    if (message->message_class == stun::Class::indication) {
      if (message->method == static_cast<std::uint16_t>(turn::Method::send)) relay_indication(*message);
      return {};
    }
    seen.emplace_back(bytes.begin(), bytes.end());
    Datagram answer = answer_to(*message);
    if (answer.empty()) return {};
    if (spoil) spoil(answer);
    return {answer};
  }
  /// What the client receives when a peer sends to the relayed address.
  std::vector<Datagram> peer_sends(TimePoint now, const Address& client, const Address& peer,
                                   std::string_view payload) {
    const auto found = allocations.find(client);
    if (found == allocations.end() || found->second.expiry <= now) return {};
    const Allocation& allocation = found->second;
    const auto permission = allocation.permissions.find(ip_of(peer));
    if (permission == allocation.permissions.end() || permission->second <= now) return {};
    for (const auto& [number, channel] : allocation.channels) {
      if (channel.first == peer && channel.second > now) return {channel_data(number, payload)};
    }
    return {data_indication(peer, payload)};
  }
  /// Forgets everything, as after a crash.
  void restart(TimePoint now) {
    allocations.clear();
    new_nonce(now);
  }
  [[nodiscard]] const std::string& nonce() const { return nonce_; }
  [[nodiscard]] Address relay(bool ipv6) const {
    return ipv6 ? *Address::parse("2001:db8::99", 50'000) : options.relayed4;
  }

  static Datagram channel_data(std::uint16_t number, std::string_view payload) {
    Datagram out(4 + payload.size());
    Writer writer(out);
    writer.u16(number);
    writer.opaque16(as_bytes(payload));
    return out;
  }
  Datagram data_indication(const Address& peer, std::string_view payload) {
    stun::TransactionId id;
    provider_.random(id);
    Datagram out(1500);
    stun::MessageBuilder builder(out, stun::Class::indication, id, static_cast<std::uint16_t>(turn::Method::data));
    builder.xor_address(turn::attribute::xor_peer_address, peer);
    builder.attribute(turn::attribute::data, as_bytes(payload));
    out.resize(builder.finish().size());
    return out;
  }
  static Address ip_of(const Address& peer) { return *Address::parse(peer.ip_text(), 0); }

 private:
  static constexpr std::array kExtension{
      turn::attribute::channel_number,      turn::attribute::lifetime,
      turn::attribute::xor_peer_address,    turn::attribute::data,
      turn::attribute::requested_transport, turn::attribute::requested_address_family,
      turn::attribute::dont_fragment};

  void new_nonce(TimePoint now) {
    nonce_ = options.nonce_prefix + "nonce-" + std::to_string(++nonces_);
    nonce_made_ = now;
  }
  Datagram key() const {
    const std::string text = options.username + ":" + options.realm + ":" + options.password;
    if (algorithm() == 2) {
      const Digest digest = provider_.hash(HashAlgorithm::sha256, as_bytes(text));
      return {digest.bytes().begin(), digest.bytes().end()};
    }
    const auto md5 = provider_.md5_for_stun_credentials(as_bytes(text));
    return {md5->expose().begin(), md5->expose().end()};
  }
  std::uint16_t algorithm() const {
    for (const std::uint16_t each : options.algorithms) {
      if (each == 1 || each == 2) return each;
    }
    return 1;
  }
  std::unique_ptr<Hmac> mac() const {
    return provider_.hmac(options.algorithms.empty() ? HashAlgorithm::sha1 : HashAlgorithm::sha256, key());
  }
  std::string algorithms() const {
    std::string out;
    for (const std::uint16_t each : options.algorithms) out += {0, static_cast<char>(each), 0, 0};
    return out;
  }

  template <class Fill>
  Datagram reply(const stun::Message& to, stun::Class result, bool is_signed, Fill&& fill) {
    Datagram out(2000);
    stun::MessageBuilder builder(out, result, to.transaction, to.method);
    fill(builder);
    const auto hmac = mac();
    const Bytes written = !is_signed                   ? builder.finish()
                          : options.algorithms.empty() ? builder.finish(*hmac)
                                                       : builder.finish_sha256(*hmac);
    out.resize(written.size());
    return out;
  }
  Datagram refuse(const stun::Message& to, const Refusal& refusal) {
    return reply(to, stun::Class::error, refusal.is_signed && options.authenticate, [&](stun::MessageBuilder& builder) {
      builder.error_code(refusal.code, refusal.reason);
      if (refusal.code == 401 || refusal.code == 438) {
        builder.attribute(stun::AttributeType::realm, as_bytes(options.realm));
        builder.attribute(stun::AttributeType::nonce, as_bytes(nonce_));
        if (!options.algorithms.empty()) {
          builder.attribute(stun::AttributeType::password_algorithms, as_bytes(algorithms()));
        }
      }
      if (refusal.alternate) {
        builder.attribute(stun::AttributeType::alternate_server, stun::encode_address(*refusal.alternate).bytes());
      }
      if (!refusal.domain.empty()) builder.attribute(stun::AttributeType::alternate_domain, as_bytes(refusal.domain));
      if (!refusal.unknown.empty()) builder.unknown_attributes(refusal.unknown);
    });
  }
  Datagram refuse(const stun::Message& to, std::uint16_t code, bool is_signed = true) {
    return refuse(to, Refusal{code, "no", is_signed});
  }

  /// The code with which a request is refused; 0 if it is genuine (RFC 8489 section 9.2.4).
  std::uint16_t authenticate(const stun::Message& request) {
    if (!options.authenticate) return 0;
    const bool has_integrity = options.algorithms.empty() ? request.has_integrity() : request.has_integrity_sha256();
    if (!has_integrity) return 401;
    const auto realm = request.find(stun::AttributeType::realm);
    const auto nonce = request.find(stun::AttributeType::nonce);
    if (!realm || !nonce || as_text(*realm) != options.realm) return 400;
    if (as_text(*nonce) != nonce_) return 438;
    if (now_ >= nonce_made_ + options.nonce_lifetime) {
      new_nonce(now_);
      return 438;
    }
    if (options.anonymous) {
      const auto hash = request.find(stun::AttributeType::userhash);
      const std::string name = options.username + ":" + options.realm;
      const Digest digest = provider_.hash(HashAlgorithm::sha256, as_bytes(name));
      if (!hash || as_text(*hash) != as_text(digest.bytes()) || request.username) return 401;
    } else if (request.username != options.username) {
      return 401;
    }
    if (!options.algorithms.empty()) {
      const auto echoed = request.find(stun::AttributeType::password_algorithms);
      const auto chosen = request.find(stun::AttributeType::password_algorithm);
      const std::string expected{0, static_cast<char>(algorithm()), 0, 0};
      if (!echoed || !chosen || as_text(*echoed) != algorithms() || as_text(*chosen) != expected) return 400;
    }
    const auto hmac = mac();
    const bool genuine =
        options.algorithms.empty() ? request.verify_integrity(*hmac) : request.verify_integrity_sha256(*hmac);
    return genuine ? 0 : 401;
  }

  Datagram answer_to(const stun::Message& request) {
    const auto method = static_cast<turn::Method>(request.method);
    ++requests[method];
    if (const auto found = refusals.find(method); found != refusals.end()) {
      const bool challenged = request.has_integrity() || request.has_integrity_sha256();
      if (!found->second.is_signed || challenged) return refuse(request, found->second);
    }
    if (const std::uint16_t code = authenticate(request); code != 0) return refuse(request, code, false);
    switch (method) {
      case turn::Method::allocate:
        return allocate(request);
      case turn::Method::refresh:
        return refresh(request);
      case turn::Method::create_permission:
        return permit(request);
      case turn::Method::channel_bind:
        return bind(request);
      default:
        return refuse(request, 400);
    }
  }
  Duration lifetime_of(const stun::Message& request) const {
    const auto value = request.find(turn::attribute::lifetime);
    const Duration wanted = value ? Duration(std::chrono::seconds(Reader(*value).u32())) : options.max_lifetime;
    return std::min(wanted, options.max_lifetime);
  }
  void write_lifetime(stun::MessageBuilder& builder, Duration lifetime) const {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
    builder.integer32(turn::attribute::lifetime, static_cast<std::uint32_t>(seconds));
  }
  Datagram allocate(const stun::Message& request) {
    // The request that made the allocation may arrive again (RFC 8656 section 7.2).
    const auto known = allocations.find(client_);
    const bool again = known != allocations.end() && known->second.made_by == request.transaction;
    if (known != allocations.end() && !again) return refuse(request, 437);
    const auto family = request.find(turn::attribute::requested_address_family);
    const auto additional = request.find(turn::attribute::additional_address_family);
    const bool wants_ipv6 = family ? (*family)[0] == 2 : additional.has_value();
    const bool wants_ipv4 = !family || (*family)[0] == 1;
    if (family && wants_ipv6 && !options.ipv6) return refuse(request, 440);
    Allocation& made = allocations[client_];
    made.username = options.username;
    made.made_by = request.transaction;
    made.expiry = now_ + lifetime_of(request);
    const bool ticket = options.mobility && request.find(turn::attribute::mobility_ticket);
    if (ticket) made.ticket = "ticket-" + std::to_string(++tickets_);
    return reply(request, stun::Class::success, options.authenticate, [&](stun::MessageBuilder& builder) {
      if (wants_ipv4) builder.xor_address(turn::attribute::xor_relayed_address, relay(false));
      if (wants_ipv6 && options.ipv6) builder.xor_address(turn::attribute::xor_relayed_address, relay(true));
      builder.xor_mapped_address(client_);
      write_lifetime(builder, lifetime_of(request));
      if (ticket) builder.attribute(turn::attribute::mobility_ticket, as_bytes(made.ticket));
    });
  }
  Datagram refresh(const stun::Message& request) {
    const auto ticket = request.find(turn::attribute::mobility_ticket);
    if (ticket) {
      for (const auto& [client, allocation] : allocations) {
        if (allocation.ticket != as_text(*ticket)) continue;
        Allocation moved = allocation;
        allocations.erase(client);
        moved.ticket = "ticket-" + std::to_string(++tickets_);
        allocations[client_] = std::move(moved);
        break;
      }
    }
    const auto found = allocations.find(client_);
    if (found == allocations.end()) return refuse(request, 437);
    if (found->second.username != options.username) return refuse(request, 441);
    const Duration lifetime = lifetime_of(request);
    found->second.expiry = now_ + lifetime;
    const std::string next = found->second.ticket;
    if (lifetime == Duration{0}) allocations.erase(found);
    return reply(request, stun::Class::success, options.authenticate, [&](stun::MessageBuilder& builder) {
      write_lifetime(builder, lifetime);
      if (ticket) builder.attribute(turn::attribute::mobility_ticket, as_bytes(next));
    });
  }
  Datagram permit(const stun::Message& request) {
    const auto found = allocations.find(client_);
    const auto peer = request.find_xor_address(turn::attribute::xor_peer_address);
    if (found == allocations.end()) return refuse(request, 437);
    if (!peer) return refuse(request, 400);
    found->second.permissions[ip_of(*peer)] = now_ + std::chrono::minutes(5);
    return reply(request, stun::Class::success, options.authenticate, [](stun::MessageBuilder&) {});
  }
  Datagram bind(const stun::Message& request) {
    const auto found = allocations.find(client_);
    const auto peer = request.find_xor_address(turn::attribute::xor_peer_address);
    const auto value = request.find(turn::attribute::channel_number);
    if (found == allocations.end()) return refuse(request, 437);
    if (!peer || !value || value->size() != 4) return refuse(request, 400);
    const std::uint16_t number = Reader(*value).u16();
    if (number < 0x4000 || number > 0x4FFF) return refuse(request, 400);
    // RFC 8656 section 12: for 5 minutes after it expired, a channel cannot be bound to another peer, nor the peer to
    // another channel.
    for (const auto& [other, channel] : found->second.channels) {
      const bool live = channel.second + std::chrono::minutes(5) > now_;
      if (live && (other == number) != (channel.first == *peer)) return refuse(request, 400);
    }
    found->second.channels[number] = {*peer, now_ + std::chrono::minutes(10)};
    found->second.permissions[ip_of(*peer)] = now_ + std::chrono::minutes(5);
    return reply(request, stun::Class::success, options.authenticate, [](stun::MessageBuilder&) {});
  }
  void relay_channel_data(Bytes bytes) {
    Reader reader(bytes);
    const std::uint16_t number = reader.u16();
    const Bytes payload = reader.opaque16();
    const auto found = allocations.find(client_);
    if (found == allocations.end()) return;
    const auto channel = found->second.channels.find(number);
    if (channel == found->second.channels.end() || channel->second.second <= now_) return;
    deliver(found->second, channel->second.first, payload, true);
  }
  void relay_indication(const stun::Message& message) {
    const auto found = allocations.find(client_);
    const auto peer = message.find_xor_address(turn::attribute::xor_peer_address);
    const auto data = message.find(turn::attribute::data);
    if (found != allocations.end() && peer && data) deliver(found->second, *peer, *data, false);
  }
  void deliver(const Allocation& allocation, const Address& peer, Bytes payload, bool on_channel) {
    const auto permission = allocation.permissions.find(ip_of(peer));
    if (permission == allocation.permissions.end() || permission->second <= now_) return;
    relayed.push_back({peer, {payload.begin(), payload.end()}, on_channel});
  }

  Address address_;
  Provider& provider_;
  TimePoint now_{};
  Address client_;
  std::string nonce_;
  TimePoint nonce_made_{};
  int nonces_ = 0, tickets_ = 0;
};

}  // namespace redan::test
