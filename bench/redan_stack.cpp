#include <cstdio>
#include <cstdlib>

#include "bench/dtls_work.hpp"
#include "rtc/dtls/connection.hpp"

namespace redan::bench {
namespace {

constexpr std::uint16_t kSrtpProfile = 7;  // SRTP_AEAD_AES_128_GCM
constexpr std::size_t kMtu = 1200;

struct End {
  End(dtls::ConnectionConfig config, const Identity& identity, Provider& provider)
      : connection(std::move(config), identity, provider) {}

  /// Collects everything to send; counts the payloads of application data.
  void drain(Datagrams& out) {
    std::array<std::uint8_t, kMtu> buffer;
    while (true) {
      const dtls::Output output = connection.poll_output(TimePoint{}, buffer);
      if (const auto* transmit = std::get_if<dtls::Transmit>(&output)) {
        out.emplace_back(transmit->datagram.begin(), transmit->datagram.end());
      } else if (const auto* data = std::get_if<dtls::ApplicationData>(&output)) {
        received += data->payload.size();
      } else if (std::holds_alternative<Wait>(output)) {
        return;
      }
    }
  }
  void deliver(Datagrams& in) {
    for (; !in.empty(); in.pop_front()) connection.handle_input(TimePoint{}, in.front());
  }

  dtls::Connection connection;
  std::size_t received = 0;
};

dtls::ConnectionConfig config(dtls::Role role, const Fingerprint& peer, const RedanChoice& choice) {
  dtls::ConnectionConfig config;
  config.role = role;
  config.peer_fingerprints = {peer};
  config.srtp_profiles = {kSrtpProfile};
  config.require_srtp = true;
  config.groups = std::span(&choice.group, 1);
  config.min_version = config.max_version = choice.dtls13 ? dtls::kDtls13 : dtls::kDtls12;
  config.mtu = kMtu;
  return config;
}

class RedanPair final : public DtlsPair {
 public:
  RedanPair(const Identities& identities, Provider& provider, const RedanChoice& choice)
      : client_(config(dtls::Role::client, identities.server_fingerprint, choice), identities.client, provider),
        server_(config(dtls::Role::server, identities.client_fingerprint, choice), identities.server, provider) {
    client_.connection.start(TimePoint{});
    server_.connection.start(TimePoint{});
    Datagrams to_server;
    Datagrams to_client;
    for (int i = 0; i < 4; ++i) {
      client_.drain(to_server);
      server_.deliver(to_server);
      server_.drain(to_client);
      client_.deliver(to_client);
    }
    std::array<std::uint8_t, kExported> exported{};
    for (const End* end : {&client_, &server_}) {
      if (!end->connection.export_keying_material("EXTRACTOR-dtls_srtp", std::nullopt, exported)) failed("handshake");
    }
  }

  bool carry(Bytes payload) override {
    record_.resize(payload.size() + client_.connection.overhead());
    std::copy(payload.begin(), payload.end(),
              record_.begin() + static_cast<std::ptrdiff_t>(client_.connection.headroom()));
    server_.received = 0;
    server_.connection.handle_input(TimePoint{}, client_.connection.seal(record_, payload.size()));
    Datagrams none;
    server_.drain(none);
    return server_.received == payload.size();
  }

 private:
  End client_, server_;
  std::vector<std::uint8_t> record_;
};

struct RedanHalfOpen final : HalfOpenServer {
  RedanHalfOpen(const Identities& identities, Provider& provider, const RedanChoice& choice, Datagrams hello)
      : connection(config(dtls::Role::server, identities.client_fingerprint, choice), identities.server, provider) {
    connection.start(TimePoint{});
    for (auto& datagram : hello) connection.handle_input(TimePoint{}, datagram);
    std::array<std::uint8_t, kMtu> buffer{};
    std::size_t sent = 0;
    while (!std::holds_alternative<Wait>(connection.poll_output(TimePoint{}, buffer))) ++sent;
    if (sent == 0) failed("half-open handshake");
  }
  dtls::Connection connection;
};

class RedanStack final : public DtlsStack {
 public:
  RedanStack(const Identities& identities, Provider& provider, RedanChoice choice)
      : identities_(identities), provider_(provider), choice_(choice) {
    End client(config(dtls::Role::client, identities.server_fingerprint, choice_), identities.client, provider);
    client.connection.start(TimePoint{});
    client.drain(hello_);
  }
  std::unique_ptr<DtlsPair> connect() override { return std::make_unique<RedanPair>(identities_, provider_, choice_); }
  std::unique_ptr<HalfOpenServer> half_open() override {
    return std::make_unique<RedanHalfOpen>(identities_, provider_, choice_, hello_);
  }

 private:
  const Identities& identities_;
  Provider& provider_;
  RedanChoice choice_;
  Datagrams hello_;
};

}  // namespace

Identities::Identities(Provider& provider)
    : client(*self_signed(provider,
                          {KeyType::ecdsa_p256, "client", {}, WallTime{1'700'000'000}, WallTime{1'900'000'000}})),
      server(*self_signed(provider,
                          {KeyType::ecdsa_p256, "server", {}, WallTime{1'700'000'000}, WallTime{1'900'000'000}})),
      client_fingerprint(Fingerprint::of(provider, HashAlgorithm::sha256, client.certificate_der)),
      server_fingerprint(Fingerprint::of(provider, HashAlgorithm::sha256, server.certificate_der)) {}

std::unique_ptr<DtlsStack> redan_stack(const Identities& identities, Provider& provider, RedanChoice choice) {
  return std::make_unique<RedanStack>(identities, provider, choice);
}

void failed(const char* what) {
  std::fprintf(stderr, "redan_bench: %s failed\n", what);
  std::exit(1);
}

}  // namespace redan::bench
