// What redan.h promises.
#include <redan/error.hpp>
#include <redan/version.hpp>
#include <thread>

#include "rtc/turn/errors.hpp"
#include "tests/capi/c_ends.hpp"
#include "tests/support/files.hpp"

namespace redan::test {
namespace {

TEST(CErrors, HaveTheNumbersNamesAndTextsOfErrc) {
#define X(number, id, text_of, hint_of)            \
  EXPECT_STREQ(redan_error_name(number), #id);     \
  EXPECT_STREQ(redan_error_text(number), text_of); \
  EXPECT_STREQ(redan_error_hint(number), hint_of);
  REDAN_ERRORS(X)
  REDAN_TURN_ERRORS(X)
#undef X
  EXPECT_STREQ(redan_error_name(0), "none");
  EXPECT_STREQ(redan_error_name(-1), "unknown");
  EXPECT_STREQ(redan_error_name(65'536 + 1), "unknown");
}

TEST(CErrors, HaveAConstantOfTheSameNumberInTheHeader) {
  const std::vector<std::uint8_t> bytes = read_test_file("../include/redan.h");
  const std::string header(bytes.begin(), bytes.end());
  const auto has_constant = [&header](std::string name, int number) {
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    const std::string line = "\n  REDAN_" + name + " = " + std::to_string(number);
    const std::size_t at = header.find(line);
    return at != std::string::npos && std::string_view(",\n").find(header[at + line.size()]) != std::string_view::npos;
  };
#define X(number, id, text, hint) EXPECT_TRUE(has_constant(#id, number)) << "redan.h lacks " #id;
  REDAN_ERRORS(X)
  REDAN_TURN_ERRORS(X)
#undef X
}

TEST(CLibrary, NamesItsVersion) { EXPECT_STREQ(redan_version(), REDAN_VERSION); }

TEST(CAddress, IsReadAndWrittenAsText) {
  redan_address address{};
  std::array<char, REDAN_ADDRESS_TEXT> text{};
  ASSERT_EQ(redan_address_parse("2001:db8::1", 5000, &address), REDAN_OK);
  EXPECT_EQ(address.family, REDAN_IPV6);
  EXPECT_EQ(redan_address_text(&address, text.data()), REDAN_OK);
  EXPECT_STREQ(text.data(), "[2001:db8::1]:5000");
  ASSERT_EQ(redan_address_parse("192.0.2.7", 1, &address), REDAN_OK);
  EXPECT_EQ(redan_address_text(&address, text.data()), REDAN_OK);
  EXPECT_STREQ(text.data(), "192.0.2.7:1");
  EXPECT_EQ(redan_address_parse("nonsense", 1, &address), REDAN_INVALID_ARGUMENT);
  address.family = 5;
  EXPECT_EQ(redan_address_text(&address, text.data()), REDAN_INVALID_ARGUMENT);
  EXPECT_STREQ(text.data(), "");
}

TEST(CProvider, IsChosenByName) {
  for (const char* name : {"openssl", "mbedtls"}) EXPECT_NE(c_provider(name), nullptr) << name;
  redan_provider* none = nullptr;
  EXPECT_EQ(redan_provider_new("rot13", &none), REDAN_CRYPTO_UNSUPPORTED);
  EXPECT_EQ(none, nullptr);
}

TEST(CIdentity, IsStoredAndLoaded) {
  const auto provider = c_provider();
  const auto identity = c_identity(provider.get());
  std::uint8_t *certificate = nullptr, *key = nullptr;
  std::size_t certificate_size = 0, key_size = 0;
  ASSERT_EQ(redan_identity_certificate(identity.get(), &certificate, &certificate_size), REDAN_OK);
  const CBytes held_certificate(certificate);
  ASSERT_EQ(redan_identity_private_key(identity.get(), &key, &key_size), REDAN_OK);
  const CBytes held_key(key);
  redan_identity* loaded = nullptr;
  ASSERT_EQ(redan_identity_load(provider.get(), certificate, certificate_size, key, key_size, &loaded), REDAN_OK);
  const CIdentity held(loaded);
  char *one = nullptr, *other = nullptr;
  ASSERT_EQ(redan_identity_fingerprint(identity.get(), &one), REDAN_OK);
  ASSERT_EQ(redan_identity_fingerprint(loaded, &other), REDAN_OK);
  const CText held_one(one), held_other(other);
  EXPECT_STREQ(one, other);
  EXPECT_EQ(std::string_view(one).substr(0, 8), "sha-256 ");
}

TEST(CIdentity, IsRefusedWithAKeyOfAnotherCertificate) {
  const auto provider = c_provider();
  const auto one = c_identity(provider.get()), other = c_identity(provider.get());
  std::uint8_t *certificate = nullptr, *key = nullptr;
  std::size_t certificate_size = 0, key_size = 0;
  ASSERT_EQ(redan_identity_certificate(one.get(), &certificate, &certificate_size), REDAN_OK);
  const CBytes held_certificate(certificate);
  ASSERT_EQ(redan_identity_private_key(other.get(), &key, &key_size), REDAN_OK);
  const CBytes held_key(key);
  redan_identity* loaded = nullptr;
  EXPECT_EQ(redan_identity_load(provider.get(), certificate, certificate_size, key, key_size, &loaded),
            REDAN_CRYPTO_BAD_KEY);
  EXPECT_EQ(redan_identity_load(provider.get(), certificate, certificate_size, key, key_size - 1, &loaded),
            REDAN_CRYPTO_BAD_KEY);
  EXPECT_EQ(redan_identity_load(provider.get(), key, key_size, key, key_size, &loaded), REDAN_CRYPTO_BAD_KEY);
  EXPECT_EQ(loaded, nullptr);
}

TEST(CIdentity, NeedsDatesInOrderAndAKnownKeyType) {
  const auto provider = c_provider();
  redan_identity* made = nullptr;
  redan_self_signed_options options = REDAN_SELF_SIGNED_OPTIONS_INIT;
  EXPECT_EQ(redan_identity_self_signed(provider.get(), &options, &made), REDAN_INVALID_ARGUMENT);
  options.not_after = 4'000'000'000;
  options.key_type = 4;
  EXPECT_EQ(redan_identity_self_signed(provider.get(), &options, &made), REDAN_INVALID_ARGUMENT);
  EXPECT_EQ(made, nullptr);
}

TEST(CEndpoint, ConnectsAndExchangesMessagesInBothDirections) {
  CPair pair;
  ASSERT_TRUE(pair.open());
  EXPECT_EQ(pair.callee.label, "talk");
  EXPECT_EQ(pair.callee.protocol, "greetings");
  EXPECT_EQ(pair.callee.opened.max_retransmits, 3);
  EXPECT_EQ(pair.callee.opened.max_lifetime_ms, -1);
  EXPECT_TRUE(pair.callee.opened.unordered && pair.callee.opened.by_peer && !pair.callee.opened.negotiated);
  ASSERT_EQ(CPair::say(pair.caller, "hello"), REDAN_OK);
  ASSERT_EQ(CPair::say(pair.callee, ""), REDAN_OK);
  ASSERT_TRUE(pair.run_until([&] { return !pair.callee.messages.empty() && !pair.caller.messages.empty(); }));
  EXPECT_EQ(pair.callee.messages, std::vector<std::string>{"hello"});
  EXPECT_EQ(pair.caller.messages, std::vector<std::string>{""});
  EXPECT_EQ(pair.caller.outputs[REDAN_OUTPUT_CONNECTED], 1);
  EXPECT_GE(pair.caller.outputs[REDAN_OUTPUT_PATH_SELECTED], 1);
}

TEST(CEndpoint, ReportsTheEndOfAChannelAndOfAPeer) {
  CPair pair;
  ASSERT_TRUE(pair.open());
  ASSERT_EQ(redan_endpoint_close_channel(pair.caller.endpoint.get(), pair.caller.peer, pair.caller.channel), REDAN_OK);
  ASSERT_TRUE(pair.run_until([&] { return pair.callee.outputs[REDAN_OUTPUT_CHANNEL_CLOSED] == 1; }));
  EXPECT_EQ(pair.callee.outputs[REDAN_OUTPUT_CHANNEL_CLOSING], 1);
  EXPECT_EQ(pair.callee.reason, REDAN_CHANNEL_CLOSED_BY_PEER);
  ASSERT_EQ(redan_endpoint_close(pair.caller.endpoint.get(), pair.caller.peer), REDAN_OK);
  ASSERT_TRUE(pair.run_until([&] { return pair.callee.outputs[REDAN_OUTPUT_CLOSED] == 1; }));
  EXPECT_EQ(pair.caller.reason, REDAN_CLOSED_LOCALLY);
  EXPECT_EQ(redan_endpoint_close(pair.caller.endpoint.get(), pair.caller.peer), REDAN_UNKNOWN_PEER);
}

TEST(CEndpoint, ReportsWhatWasVerifiedAndCounted) {
  CPair pair;
  redan_security ours = REDAN_SECURITY_INIT, theirs = REDAN_SECURITY_INIT;
  EXPECT_EQ(redan_endpoint_security(pair.caller.endpoint.get(), pair.caller.peer, &ours), REDAN_NOT_CONNECTED);
  ASSERT_TRUE(pair.open());
  ASSERT_EQ(redan_endpoint_security(pair.caller.endpoint.get(), pair.caller.peer, &ours), REDAN_OK);
  ASSERT_EQ(redan_endpoint_security(pair.callee.endpoint.get(), pair.callee.peer, &theirs), REDAN_OK);
  EXPECT_STREQ(ours.dtls_version, "DTLS 1.3");
  EXPECT_EQ(ours.dtls_role, static_cast<std::uint32_t>(REDAN_DTLS_CLIENT));
  EXPECT_EQ(ours.extended_master_secret, 1);
  EXPECT_STREQ(ours.local_fingerprint, theirs.remote_fingerprint);
  EXPECT_STREQ(ours.cipher_suite, theirs.cipher_suite);
  EXPECT_EQ(ours.path.remote.ip[3], 2);

  std::array<std::uint8_t, 32> one{}, other{};
  ASSERT_EQ(
      redan_endpoint_export_keying_material(pair.caller.endpoint.get(), pair.caller.peer, "test", 4, one.data(), 32),
      REDAN_OK);
  ASSERT_EQ(
      redan_endpoint_export_keying_material(pair.callee.endpoint.get(), pair.callee.peer, "test", 4, other.data(), 32),
      REDAN_OK);
  EXPECT_EQ(one, other);

  redan_peer_statistics of_peer = REDAN_PEER_STATISTICS_INIT;
  ASSERT_EQ(redan_endpoint_peer_statistics(pair.caller.endpoint.get(), pair.caller.peer, &of_peer), REDAN_OK);
  EXPECT_EQ(of_peer.data_channels_opened, 1U);
  EXPECT_GT(of_peer.packets_sent, 0U);
  redan_endpoint_statistics of_all = REDAN_ENDPOINT_STATISTICS_INIT;
  ASSERT_EQ(redan_endpoint_statistics_of_all(pair.caller.endpoint.get(), &of_all), REDAN_OK);
  EXPECT_EQ(of_all.peers, 1U);
  EXPECT_GE(of_all.datagrams_out, of_peer.packets_sent);
  std::size_t size = 0;
  ASSERT_EQ(redan_endpoint_max_message_size(pair.caller.endpoint.get(), pair.caller.peer, &size), REDAN_OK);
  EXPECT_EQ(size, 1U << 20U);
}

TEST(CEndpoint, SendsAndReceivesMedia) {
  CPair pair(true);
  ASSERT_TRUE(pair.open());
  std::size_t count = 0;
  ASSERT_EQ(redan_endpoint_media_count(pair.caller.endpoint.get(), pair.caller.peer, &count), REDAN_OK);
  ASSERT_EQ(count, 1U);
  redan_agreed_media media = REDAN_AGREED_MEDIA_INIT;
  ASSERT_EQ(redan_endpoint_media_at(pair.caller.endpoint.get(), pair.caller.peer, 0, &media), REDAN_OK);
  EXPECT_STREQ(media.codec, "opus");
  EXPECT_EQ(redan_endpoint_media_at(pair.caller.endpoint.get(), pair.caller.peer, 1, &media), REDAN_INVALID_ARGUMENT);
  std::array<std::uint8_t, 16 + REDAN_SRTP_TRAILER> packet{0x80, static_cast<std::uint8_t>(media.payload_type), 0, 1};
  packet[11] = 9;  // SSRC
  const std::string plain(packet.begin(), packet.begin() + 16);
  EXPECT_EQ(redan_endpoint_send_media(pair.caller.endpoint.get(), pair.caller.peer, REDAN_RTP, packet.data(), 17,
                                      packet.size()),
            REDAN_INVALID_ARGUMENT);
  ASSERT_EQ(redan_endpoint_send_media(pair.caller.endpoint.get(), pair.caller.peer, REDAN_RTP, packet.data(), 16,
                                      packet.size()),
            REDAN_OK);
  ASSERT_TRUE(pair.run_until([&] { return !pair.callee.packets.empty(); }));
  EXPECT_EQ(pair.callee.packets.front(), plain);
}

TEST(CEndpoint, NamesTheFaultyLineOfAnOffer) {
  CEnd end(1);
  std::uint64_t peer = 7;
  char* answer = nullptr;
  EXPECT_EQ(redan_endpoint_accept(end.endpoint.get(), "v=0\r\nnonsense", 13, nullptr, &peer, &answer),
            REDAN_SDP_SYNTAX);
  EXPECT_NE(std::string(redan_endpoint_error_detail(end.endpoint.get())).find("line"), std::string::npos);
  EXPECT_EQ(peer, 7U);
  EXPECT_EQ(answer, nullptr);
}

TEST(CEndpoint, RefusesSourcesThatWouldBreakALineOfItsDescription) {
  CEnd end(1);
  redan_media_sources sources = REDAN_MEDIA_SOURCES_INIT;
  redan_media_plan plan = REDAN_MEDIA_PLAN_INIT;
  plan.sources = &sources;
  std::uint64_t peer = 0;
  char* offer = nullptr;
  for (const std::string_view text : {"a\r\na=x", "two words", ""}) {
    sources.stream = text.data();
    sources.stream_size = text.size();
    EXPECT_EQ(redan_endpoint_offer(end.endpoint.get(), &plan, &peer, &offer), REDAN_INVALID_ARGUMENT);
  }
  sources = REDAN_MEDIA_SOURCES_INIT;
  sources.cname = "a\nb";
  sources.cname_size = 3;
  EXPECT_EQ(redan_endpoint_offer(end.endpoint.get(), &plan, &peer, &offer), REDAN_INVALID_ARGUMENT);
  EXPECT_STREQ(redan_endpoint_error_detail(end.endpoint.get()), "sources.cname");
}

TEST(CEndpoint, RefusesAConfigurationThatItCannotKeep) {
  CEnd end(1);
  redan_endpoint* made = nullptr;
  const auto refused = [&](auto change) {
    redan_endpoint_config config = c_config(end.address);
    change(config);
    return redan_endpoint_new(end.provider.get(), end.identity.get(), &config, &made) == REDAN_INVALID_ARGUMENT;
  };
  const redan_address nowhere{};
  const std::uint16_t profile = 2;
  EXPECT_TRUE(refused([](auto& config) { config.local_address_count = 0; }));
  EXPECT_TRUE(refused([](auto& config) { config.local_addresses = nullptr; }));
  EXPECT_TRUE(refused([&](auto& config) { config.local_addresses = &nowhere; }));
  EXPECT_TRUE(refused([&](auto& config) { config.srtp_profiles = &profile, config.srtp_profile_count = 1; }));
  EXPECT_TRUE(refused([&](auto& config) { config.srtp_profile_count = 1; }));
  EXPECT_TRUE(refused([](auto& config) { config.mtu = 227; }));
  EXPECT_TRUE(refused([](auto& config) { config.mtu = 16'385; }));
  EXPECT_TRUE(refused([](auto& config) { config.max_media_packet = 65'536; }));
  EXPECT_EQ(made, nullptr);
}

TEST(CEndpoint, RefusesABufferThatCannotHoldADatagramAndATimeThatCouldOverflow) {
  CEnd end(1);
  std::size_t size = 0;
  ASSERT_EQ(redan_endpoint_max_datagram(end.endpoint.get(), &size), REDAN_OK);
  std::vector<std::uint8_t> buffer(size);
  redan_output output = REDAN_OUTPUT_INIT;
  const auto poll = [&](redan_time now, std::size_t room) {
    return redan_endpoint_poll_output(end.endpoint.get(), now, buffer.data(), room, &output);
  };
  EXPECT_EQ(poll(0, size - 1), REDAN_INVALID_ARGUMENT);
  EXPECT_EQ(poll(-1, size), REDAN_INVALID_ARGUMENT);
  EXPECT_EQ(poll(INT64_MAX / 2 + 1, size), REDAN_INVALID_ARGUMENT);
  EXPECT_EQ(poll(INT64_MAX / 2, size), REDAN_OK);
}

redan_ice_server c_server(const std::string& url) {
  redan_ice_server server = REDAN_ICE_SERVER_INIT;
  server.url = url.data();
  server.url_size = url.size();
  return server;
}

TEST(CIce, ASilentServerFailsByNameAndGatheringEnds) {
  CEnd end(1, true);
  const std::string url = "turn:192.0.2.9:3478";
  const redan_ice_server server = c_server(url);
  const redan_ice_server* const servers[] = {&server};
  ASSERT_EQ(redan_endpoint_set_ice_servers(end.endpoint.get(), servers, 1), REDAN_OK);
  EXPECT_EQ(redan_endpoint_set_ice_servers(end.endpoint.get(), servers, 1), REDAN_INVALID_ARGUMENT) << "once";
  std::size_t size = 0;
  ASSERT_EQ(redan_endpoint_max_datagram(end.endpoint.get(), &size), REDAN_OK);
  std::vector<std::uint8_t> buffer(size);
  std::string failed;
  int reason = 0, asked = 0;
  bool done = false;
  for (redan_time now = 0; !done && now < 60'000 * kMillisecond;) {
    redan_output output = REDAN_OUTPUT_INIT;
    ASSERT_EQ(redan_endpoint_poll_output(end.endpoint.get(), now, buffer.data(), buffer.size(), &output), REDAN_OK);
    if (output.type == REDAN_OUTPUT_WAIT) now = std::max(output.as.wait.until, now + kMillisecond);
    if (output.type == REDAN_OUTPUT_TRANSMIT) ++asked;
    if (output.type == REDAN_OUTPUT_GATHERING_DONE) done = true;
    if (output.type != REDAN_OUTPUT_ICE_SERVER_FAILED) continue;
    failed.assign(output.as.server.name, output.as.server.name_size);
    reason = output.as.server.reason;
  }
  EXPECT_TRUE(done);
  EXPECT_GT(asked, 1);
  EXPECT_EQ(failed, url);
  EXPECT_EQ(reason, REDAN_TURN_TIMEOUT);
  std::size_t count = 0;
  ASSERT_EQ(redan_endpoint_local_candidate_count(end.endpoint.get(), &count), REDAN_OK);
  ASSERT_EQ(count, 1U);
  redan_local_candidate candidate = REDAN_LOCAL_CANDIDATE_INIT;
  ASSERT_EQ(redan_endpoint_local_candidate_at(end.endpoint.get(), 0, &candidate), REDAN_OK);
  EXPECT_EQ(candidate.type, static_cast<std::uint32_t>(REDAN_HOST));
  EXPECT_EQ(candidate.address.port, end.address.port);
  EXPECT_STREQ(candidate.server, "");
  EXPECT_EQ(redan_endpoint_local_candidate_at(end.endpoint.get(), 1, &candidate), REDAN_INVALID_ARGUMENT);
}

TEST(CIce, AsksForASocketToAServerOverTls) {
  CEnd end(1, true);
  const std::string url = "turns:192.0.2.9";
  const redan_ice_server server = c_server(url);
  const redan_ice_server* const servers[] = {&server};
  redan_endpoint* endpoint = end.endpoint.get();
  ASSERT_EQ(redan_endpoint_set_ice_servers(endpoint, servers, 1), REDAN_OK);
  std::size_t size = 0;
  ASSERT_EQ(redan_endpoint_max_datagram(endpoint, &size), REDAN_OK);
  std::vector<std::uint8_t> buffer(size);
  redan_output output = REDAN_OUTPUT_INIT;
  ASSERT_EQ(redan_endpoint_poll_output(endpoint, 0, buffer.data(), buffer.size(), &output), REDAN_OK);
  ASSERT_EQ(output.type, static_cast<std::uint32_t>(REDAN_OUTPUT_OPEN_SOCKET));
  EXPECT_EQ(output.as.open_socket.transport, static_cast<std::uint32_t>(REDAN_TLS));
  EXPECT_STREQ(output.as.open_socket.host, "192.0.2.9");
  EXPECT_EQ(output.as.open_socket.path.remote.port, 5349);
  const std::uint64_t socket = output.as.open_socket.socket;
  const redan_address local = output.as.open_socket.path.local;
  ASSERT_EQ(redan_endpoint_socket_opened(endpoint, 0, socket, &local), REDAN_OK);
  ASSERT_EQ(redan_endpoint_poll_output(endpoint, 0, buffer.data(), buffer.size(), &output), REDAN_OK);
  ASSERT_EQ(output.type, static_cast<std::uint32_t>(REDAN_OUTPUT_SOCKET_DATA));
  EXPECT_EQ(output.as.socket_data.socket, socket);
  EXPECT_GT(output.as.socket_data.size, 20U);
  EXPECT_EQ(output.as.socket_data.bytes, buffer.data());
  const std::string reason = "reset";
  ASSERT_EQ(redan_endpoint_socket_closed(endpoint, 0, socket, reason.data(), reason.size()), REDAN_OK);
  ASSERT_EQ(redan_endpoint_poll_output(endpoint, 0, buffer.data(), buffer.size(), &output), REDAN_OK);
  ASSERT_EQ(output.type, static_cast<std::uint32_t>(REDAN_OUTPUT_ICE_SERVER_FAILED));
  const std::string other = "turn:192.0.2.9";
  const redan_ice_server unknown = c_server(other);
  EXPECT_EQ(redan_endpoint_renew_ice_server(endpoint, &unknown), REDAN_INVALID_ARGUMENT);
}

TEST(CIce, RefusesServersThatItCannotAsk) {
  CEnd end(1, true);
  const auto set = [&](const redan_ice_server& server, std::size_t count = 1) {
    const redan_ice_server* const servers[] = {&server};
    return redan_endpoint_set_ice_servers(end.endpoint.get(), servers, count);
  };
  for (const char* url : {"", "http://192.0.2.9", "stuns:192.0.2.9", "stun:name.without.address"}) {
    const std::string text = url;
    EXPECT_EQ(set(c_server(text)), REDAN_INVALID_ARGUMENT) << url;
  }
  const std::string url = "turn:192.0.2.9";
  const std::string password(513, 'x');
  redan_ice_server server = c_server(url);
  server.password = password.data();
  server.password_size = password.size();
  EXPECT_EQ(set(server), REDAN_INVALID_ARGUMENT) << "the password";
  server = c_server(url);
  server.struct_size -= 1;
  EXPECT_EQ(set(server), REDAN_INVALID_ARGUMENT) << "the size";
  EXPECT_EQ(set(c_server(url), 9), REDAN_INVALID_ARGUMENT) << "the count";
  const redan_ice_server* const none[] = {nullptr};
  EXPECT_EQ(redan_endpoint_set_ice_servers(end.endpoint.get(), none, 1), REDAN_INVALID_ARGUMENT);
  EXPECT_EQ(redan_endpoint_set_ice_servers(end.endpoint.get(), nullptr, 0), REDAN_OK);
}

TEST(CIce, TakesCandidatesOfAPeer) {
  CPair pair;
  const auto add = [&](const std::string& text) {
    return redan_endpoint_add_remote_candidate(pair.caller.endpoint.get(), pair.caller.peer, text.data(), text.size());
  };
  EXPECT_EQ(add("candidate:1 1 udp 2130706431 192.0.2.7 5000 typ host"), REDAN_OK);
  EXPECT_EQ(add(""), REDAN_OK) << "the end";
  EXPECT_EQ(add("no candidate"), REDAN_SDP_SYNTAX);
  EXPECT_EQ(redan_endpoint_add_remote_candidate(pair.caller.endpoint.get(), 77, "", 0), REDAN_UNKNOWN_PEER);
  EXPECT_EQ(redan_endpoint_add_remote_candidate(pair.caller.endpoint.get(), pair.caller.peer, nullptr, 5),
            REDAN_INVALID_ARGUMENT);
}

TEST(CHandles, MayBeFreedInAnyOrder) {
  CPair pair;
  pair.caller.provider.reset();
  pair.caller.identity.reset();
  EXPECT_TRUE(pair.open());
}

TEST(CHandles, AreRefusedWhenNullOrOfAnotherKind) {
  CEnd end(1);
  const auto as_endpoint = [](auto* handle) { return reinterpret_cast<redan_endpoint*>(handle); };
  for (redan_endpoint* wrong :
       {as_endpoint(end.provider.get()), as_endpoint(end.identity.get()), static_cast<redan_endpoint*>(nullptr)}) {
    std::size_t size = 0;
    EXPECT_EQ(redan_endpoint_max_datagram(wrong, &size), REDAN_INVALID_ARGUMENT);
    EXPECT_STREQ(redan_endpoint_error_detail(wrong), "");
    redan_endpoint_free(wrong);
  }
  redan_identity* made = nullptr;
  redan_self_signed_options options = REDAN_SELF_SIGNED_OPTIONS_INIT;
  options.not_after = 1;
  EXPECT_EQ(redan_identity_self_signed(reinterpret_cast<redan_provider*>(end.endpoint.get()), &options, &made),
            REDAN_INVALID_ARGUMENT);
  redan_free(nullptr);
}

// A structure to which a later version appended members.
struct LaterOutput {
  redan_output output;
  std::uint64_t appended;
};

TEST(CStructures, OfALaterHeaderReceiveWhatTheLibraryKnows) {
  CEnd end(1);
  std::array<std::uint8_t, 2048> buffer{};
  LaterOutput later{{sizeof(LaterOutput), 99, 0, 0, {{0}}}, 42};
  ASSERT_EQ(redan_endpoint_poll_output(end.endpoint.get(), 0, buffer.data(), buffer.size(), &later.output), REDAN_OK);
  EXPECT_EQ(later.output.type, static_cast<std::uint32_t>(REDAN_OUTPUT_WAIT));
  EXPECT_EQ(later.output.struct_size, sizeof(LaterOutput));
  EXPECT_EQ(later.appended, 42U);
}

TEST(CStructures, OfAnUnknownSizeAreRefused) {
  CEnd end(1);
  redan_media_plan plan = REDAN_MEDIA_PLAN_INIT;
  std::uint64_t peer = 0;
  char* offer = nullptr;
  for (const std::size_t size : {std::size_t{0}, sizeof(plan) - 1, sizeof(plan) + 1, SIZE_MAX}) {
    plan.struct_size = size;
    EXPECT_EQ(redan_endpoint_offer(end.endpoint.get(), &plan, &peer, &offer), REDAN_INVALID_ARGUMENT) << size;
  }
  std::array<std::uint8_t, 2048> buffer{};
  redan_output output = REDAN_OUTPUT_INIT;
  output.struct_size = sizeof(output) - 1;
  EXPECT_EQ(redan_endpoint_poll_output(end.endpoint.get(), 0, buffer.data(), buffer.size(), &output),
            REDAN_INVALID_ARGUMENT);
}

// What programs were compiled with. A size that changes breaks the ABI.
TEST(CStructures, KeepTheirSizes) {
  EXPECT_EQ(sizeof(redan_address), 20U);
  EXPECT_EQ(sizeof(redan_self_signed_options), 32U);
  EXPECT_EQ(sizeof(redan_endpoint_config), 104U);
  EXPECT_EQ(sizeof(redan_media_sources), 56U);
  EXPECT_EQ(sizeof(redan_accept_options), 24U);
  EXPECT_EQ(sizeof(redan_media_plan), 32U);
  EXPECT_EQ(sizeof(redan_datagram), 72U);
  EXPECT_EQ(sizeof(redan_output), 88U);
  EXPECT_EQ(sizeof(redan_ice_server), 80U);
  EXPECT_EQ(sizeof(redan_local_candidate), 384U);
  EXPECT_EQ(sizeof(redan_channel_options), 40U);
  EXPECT_EQ(sizeof(redan_agreed_media), 120U);
  EXPECT_EQ(sizeof(redan_security), 528U);
  EXPECT_EQ(sizeof(redan_peer_statistics), 208U);
  EXPECT_EQ(sizeof(redan_endpoint_statistics), 80U);
}

TEST(CEndpoint, ServesOneThreadForEachProvider) {
  std::array<bool, 2> connected{};
  std::array<std::thread, 2> threads;
  for (std::size_t i = 0; i < 2; ++i) threads[i] = std::thread([&connected, i] { connected[i] = CPair().open(); });
  for (std::thread& each : threads) each.join();
  EXPECT_TRUE(connected[0] && connected[1]);
}

}  // namespace
}  // namespace redan::test
