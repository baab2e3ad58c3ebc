// Peers that have the keys and break the rules of DTLS 1.3.
#include <gtest/gtest.h>

#include "tests/support/rogue_dtls13.hpp"

namespace redan {
namespace {

using namespace std::chrono_literals;
using dtls::AlertDescription;
using dtls::ContentType;
using test::Datagram;
using test::DtlsEnd;
using test::Rogue13;

constexpr std::array kX25519{Group::x25519};

class Rogue13Test : public testing::Test {
 protected:
  std::unique_ptr<Provider> provider = default_provider();
  Identity identity = test::test_identity(*provider);
  TimePoint now{};
  std::optional<Rogue13> rogue;
  std::optional<DtlsEnd> end;

  void start(dtls::Role role) {
    now = TimePoint{};
    rogue.emplace(*provider, role == dtls::Role::client ? dtls::Role::server : dtls::Role::client);
    dtls::ConnectionConfig config;
    config.role = role;
    config.min_version = dtls::kDtls13;
    config.peer_fingerprints = {Fingerprint::of(*provider, HashAlgorithm::sha256, rogue->identity.certificate_der)};
    config.srtp_profiles = {7, 1};
    config.groups = kX25519;
    end.emplace(std::move(config), identity, *provider);
    end->connection.start(now);
    end->drain(now, nullptr);
  }
  void give(const std::vector<Datagram>& datagrams) {
    for (Datagram datagram : datagrams) {
      end->connection.handle_input(now, datagram);
      end->drain(now, nullptr);
    }
  }
  void give(const Datagram& datagram) { give(std::vector<Datagram>{datagram}); }
  /// A server of ours gets the client's flight of this plan, a client of ours the server's. True if it connects.
  bool connects(dtls::Role role, const std::function<void(Rogue13::Plan&)>& change = {}, std::string order = {}) {
    start(role);
    const bool client = role == dtls::Role::client;
    Rogue13::Plan plan = rogue->plan(!order.empty() ? std::move(order) : client ? "ERCVF" : "CVF");
    if (change) change(plan);
    if (client) {
      give(rogue->answer(std::exchange(end->sent, {}), plan));
    } else {
      give(rogue->hello());
      give(rogue->answer_server(std::exchange(end->sent, {}), plan));
    }
    return end->connected == 1;
  }
  /// The reason for which our end gives up, after the grace period.
  std::optional<Errc> outcome() {
    const TimePoint began = now;
    while (!end->closed) {
      const TimePoint next = end->drain(now, nullptr);
      if (next == kNever || end->closed) break;
      now = next;
    }
    if (end->closed && end->connected == 0) {
      EXPECT_GE(now, began + 4s) << "an unproven peer ended it at once";
    }
    return end->closed ? std::optional(end->closed->reason) : std::nullopt;
  }
  std::optional<Errc> refusal(dtls::Role role, const std::function<void(Rogue13::Plan&)>& change) {
    EXPECT_FALSE(connects(role, change));
    return outcome();
  }
};

constexpr std::array kRoles{dtls::Role::client, dtls::Role::server};

TEST_F(Rogue13Test, ConnectsIfNothingIsWrong) {
  for (const dtls::Role role : kRoles) EXPECT_TRUE(connects(role));
}

// All sequences of up to five messages.
TEST_F(Rogue13Test, OnlyTheLegalOrderOfMessagesConnects) {
  const auto run = [&](dtls::Role role, const std::string& letters, const std::string& legal, std::size_t depth) {
    std::vector<std::string> level{""};
    int connected = 0;
    for (std::size_t i = 0; i < depth; ++i) {
      std::vector<std::string> next;
      for (const std::string& before : level) {
        for (const char letter : letters) next.push_back(before + letter);
      }
      for (const std::string& order : next) {
        const bool ok = connects(role, {}, order);
        EXPECT_EQ(ok, order.starts_with(legal)) << order;
        connected += ok ? 1 : 0;
      }
      level = std::move(next);
    }
    EXPECT_GT(connected, 0);
  };
  run(dtls::Role::server, "CVF", "CVF", 5);
  run(dtls::Role::client, "ERCVF", "ERCVF", 5);
}

TEST_F(Rogue13Test, FinishedIsVerified) {
  for (const dtls::Role role : kRoles) {
    EXPECT_EQ(refusal(role, [](auto& plan) { plan.alter_finished = true; }), Errc::dtls_bad_finished);
    EXPECT_FALSE(connects(role, [](auto& plan) { plan.finished_size = 31; }));
    EXPECT_FALSE(connects(role, [](auto& plan) { plan.finished_size = 33; }));
    EXPECT_FALSE(connects(role, [](auto& plan) { plan.finished_size = 0; }));
  }
}

TEST_F(Rogue13Test, TheSignatureIsVerified) {
  for (const dtls::Role role : kRoles) {
    EXPECT_EQ(refusal(role, [](auto& plan) { plan.alter_signature = true; }), Errc::dtls_bad_signature);
    // RFC 8446 section 4.4.3: it names its sender, so that it cannot be reflected.
    EXPECT_EQ(refusal(role, [&](auto& plan) { plan.signs_as = role; }), Errc::dtls_bad_signature);
  }
}

TEST_F(Rogue13Test, TheSignatureSchemeFitsKeyAndVersion) {
  for (const dtls::Role role : kRoles) {
    // Of another curve, of RSA, of PKCS #1, unknown.
    for (const int scheme : {0x0503, 0x0804, 0x0401, 0x0203}) {
      EXPECT_EQ(refusal(role, [=](auto& plan) { plan.scheme_label = static_cast<std::uint16_t>(scheme); }),
                Errc::dtls_no_common_signature);
    }
  }
}

TEST_F(Rogue13Test, ACertificateIsMandatory) {
  EXPECT_EQ(refusal(dtls::Role::server,
                    [](auto& plan) {
                      plan.certificate = false;
                      plan.order = "CF";
                    }),
            Errc::dtls_no_certificate);
  EXPECT_EQ(refusal(dtls::Role::server, [](auto& plan) { plan.certificate = false; }), Errc::dtls_no_certificate);
  EXPECT_EQ(refusal(dtls::Role::client, [](auto& plan) { plan.certificate = false; }), Errc::dtls_no_certificate);
  EXPECT_EQ(refusal(dtls::Role::client, [](auto& plan) { plan.order = "ECVF"; }), Errc::dtls_no_certificate_request);
}

TEST_F(Rogue13Test, OurOwnCertificateIsRefused) {
  for (const dtls::Role role : kRoles) {
    start(role);
    const Identity own = identity;
    const bool client = role == dtls::Role::client;
    rogue->identity = own;
    const Rogue13::Plan plan = rogue->plan(client ? "ERCVF" : "CVF");
    if (client) {
      give(rogue->answer(std::exchange(end->sent, {}), plan));
    } else {
      give(rogue->hello());
      give(rogue->answer_server(std::exchange(end->sent, {}), plan));
    }
    EXPECT_EQ(outcome(), Errc::dtls_reflected);
  }
}

TEST_F(Rogue13Test, AnUnexpectedCertificateIsRefused) {
  for (const dtls::Role role : kRoles) {
    start(role);
    rogue->identity = test::test_identity(*provider);
    const Rogue13::Plan plan = rogue->plan(role == dtls::Role::client ? "ERCVF" : "CVF");
    if (role == dtls::Role::client) {
      give(rogue->answer(std::exchange(end->sent, {}), plan));
    } else {
      give(rogue->hello());
      give(rogue->answer_server(std::exchange(end->sent, {}), plan));
    }
    EXPECT_EQ(end->connected, 0);
    EXPECT_EQ(outcome(), Errc::dtls_fingerprint_mismatch);
  }
}

TEST_F(Rogue13Test, ACertificateHasNoContext) {
  for (const dtls::Role role : kRoles) {
    EXPECT_EQ(refusal(role, [](auto& plan) { plan.context = {1}; }), Errc::dtls_illegal_parameter);
  }
}

TEST_F(Rogue13Test, EncryptedExtensionsHoldOnlyWhatMayBeThere) {
  const auto body = [](std::uint8_t type_high, std::uint8_t type, const Datagram& data) {
    Datagram all{0, static_cast<std::uint8_t>(4 + data.size()), type_high, type,
                 0, static_cast<std::uint8_t>(data.size())};
    all.insert(all.end(), data.begin(), data.end());
    return all;
  };
  const auto with = [&](const Datagram& extensions) {
    return connects(dtls::Role::client, [&](auto& plan) { plan.extensions = extensions; });
  };
  EXPECT_TRUE(with(body(0, 14, {0, 2, 0, 7, 0})));
  EXPECT_EQ(end->connection.session().srtp_profile, 7);
  EXPECT_TRUE(with(body(0, 10, {0, 2, 0, 29}))) << "supported_groups";
  EXPECT_FALSE(with(body(0, 14, {0, 2, 0, 8, 0}))) << "a profile that was not offered";
  EXPECT_FALSE(with(body(0, 14, {0, 4, 0, 7, 0, 1, 0}))) << "two profiles";
  EXPECT_FALSE(with(body(0, 14, {0, 2, 0, 7, 1, 9}))) << "an MKI";
  EXPECT_FALSE(with(body(0, 23, {}))) << "extended_master_secret";
  EXPECT_FALSE(with(body(0xFF, 1, {0}))) << "renegotiation_info";
  EXPECT_FALSE(with(body(0, 43, {0xFE, 0xFC}))) << "supported_versions";
  EXPECT_FALSE(with(body(0, 44, {0, 1, 1}))) << "cookie";
  EXPECT_FALSE(with(body(0, 16, {}))) << "one that was not offered";
  EXPECT_FALSE(with({})) << "no list";
}

TEST_F(Rogue13Test, ACertificateRequestIsWellFormed) {
  const auto with = [&](const Datagram& request) {
    return connects(dtls::Role::client, [&](auto& plan) { plan.request = request; });
  };
  EXPECT_FALSE(with({1, 9, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3})) << "a context";
  EXPECT_FALSE(with({0, 0, 0})) << "no signature_algorithms";
  EXPECT_FALSE(with({0, 0, 8, 0, 13, 0, 4, 0, 2, 8, 4})) << "no scheme of our key";
}

// What an unproven peer sends under its keys ends nothing at once.
TEST_F(Rogue13Test, ProtectedAlertOfAnUnprovenPeerEndsNothingAtOnce) {
  for (const Datagram& alert : {Datagram{2, 40}, Datagram{1, 0}, Datagram{9}}) {
    start(dtls::Role::client);
    give(rogue->answer(std::exchange(end->sent, {}), rogue->plan("ER")));
    give(rogue->sealed(ContentType::alert, alert));
    EXPECT_FALSE(end->closed);
    give(rogue->sealed(ContentType::application_data, {1}));
    give(rogue->sealed(ContentType::handshake, {}));
    give(rogue->sealed(ContentType::change_cipher_spec, {1}));
    EXPECT_FALSE(end->closed);
    outcome();
  }
}

TEST_F(Rogue13Test, BrokenRulesOfAProvenPeerEndTheConnection) {
  struct Case {
    const char* name;
    ContentType type;
    Datagram content;
    Errc reason;
  };
  const std::vector<Case> cases{
      {"ChangeCipherSpec", ContentType::change_cipher_spec, {1}, Errc::dtls_illegal_parameter},
      {"no content type", ContentType{}, {}, Errc::dtls_illegal_parameter},
      {"empty handshake record", ContentType::handshake, {}, Errc::dtls_illegal_parameter},
      {"ACK of half a number", ContentType::ack, {0, 8, 0, 0, 0, 0, 0, 0, 0, 0}, Errc::dtls_illegal_parameter},
      {"alert of one byte", ContentType::alert, {2}, Errc::dtls_illegal_parameter},
      {"fatal alert", ContentType::alert, {2, 47}, Errc::dtls_peer_alert},
      {"unknown alert of level 1", ContentType::alert, {1, 47}, Errc::dtls_peer_alert},
      {"close_notify", ContentType::alert, {1, 0}, Errc::dtls_peer_closed},
  };
  for (const dtls::Role role : kRoles) {
    for (const Case& each : cases) {
      ASSERT_TRUE(connects(role));
      give(rogue->sealed_later(each.type, each.content));
      ASSERT_TRUE(end->closed) << each.name;
      EXPECT_EQ(end->closed->reason, each.reason) << each.name;
    }
    for (const int type : {0, 1, 2, 11, 13, 15, 20}) {
      ASSERT_TRUE(connects(role));
      give(rogue->later_message(static_cast<std::uint8_t>(type), {0}));
      ASSERT_TRUE(end->closed) << type;
    }
    ASSERT_TRUE(connects(role));
    give(rogue->sealed(ContentType::application_data, {1}));
    EXPECT_TRUE(end->closed) << "application data under the keys of the handshake";
    EXPECT_TRUE(end->received.empty());
  }
}

// A client whose last flight is not acknowledged yet answers a request once it is.
TEST_F(Rogue13Test, ARequestedKeyUpdateWaitsForTheLastFlight) {
  ASSERT_TRUE(connects(dtls::Role::client));
  end->sent.clear();
  give(rogue->later_message(24, {1}));
  ASSERT_EQ(end->sent.size(), 1U) << "the acknowledgement alone";
  end->sent.clear();
  // Certificate, CertificateVerify and Finished were the records 0 to 2 of epoch 2.
  Datagram ack{0, 48};
  for (const std::uint8_t sequence : std::array<std::uint8_t, 3>{0, 1, 2}) {
    ack.insert(ack.end(), {0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, sequence});
  }
  give(rogue->sealed_later(ContentType::ack, ack));
  EXPECT_EQ(end->sent.size(), 1U) << "the KeyUpdate";
  EXPECT_FALSE(end->closed);
}

TEST_F(Rogue13Test, AKeyUpdateIsWellFormedAndAcknowledged) {
  for (const dtls::Role role : kRoles) {
    ASSERT_TRUE(connects(role));
    end->sent.clear();
    give(rogue->later_message(4, {0, 0, 0, 1}));
    EXPECT_FALSE(end->closed) << "NewSessionTicket is ignored";
    EXPECT_EQ(end->sent.size(), 1U) << "and acknowledged";
    give(rogue->later_message(24, {0}));
    EXPECT_FALSE(end->closed);
    EXPECT_EQ(end->sent.size(), 2U) << "and so is KeyUpdate";
    give(rogue->sealed_later(ContentType::application_data, {'x'}));
    EXPECT_EQ(end->received.size(), 1U) << "the old keys are still valid";
    give(rogue->later_message(24, {0}));
    ASSERT_TRUE(end->closed) << "a second KeyUpdate under the keys of the first";
    for (const Datagram& body : {Datagram{2}, Datagram{}, Datagram{0, 0}}) {
      ASSERT_TRUE(connects(role));
      give(rogue->later_message(24, body));
      EXPECT_TRUE(end->closed);
    }
  }
}

}  // namespace
}  // namespace redan
