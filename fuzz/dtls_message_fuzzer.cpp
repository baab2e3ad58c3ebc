// The bodies of DTLS handshake messages of both versions. The first byte selects the message; a message that parses,
// and has one encoding, is written again and compared.
#include <vector>

#include "base/assert.hpp"
#include "rtc/dtls/hello/client_hello.hpp"
#include "rtc/dtls/hello/hello_verify_request.hpp"
#include "rtc/dtls/hello/server_hello.hpp"
#include "rtc/dtls/v12/certificate.hpp"
#include "rtc/dtls/v12/certificate_request.hpp"
#include "rtc/dtls/v12/certificate_verify.hpp"
#include "rtc/dtls/v12/client_key_exchange.hpp"
#include "rtc/dtls/v12/server_key_exchange.hpp"
#include "rtc/dtls/v13/acknowledgement.hpp"
#include "rtc/dtls/v13/certificate.hpp"
#include "rtc/dtls/v13/certificate_request.hpp"
#include "rtc/dtls/v13/certificate_verify.hpp"
#include "rtc/dtls/v13/key_update.hpp"

namespace {

using namespace redan::dtls;
namespace v12 = redan::dtls::v12;
namespace v13 = redan::dtls::v13;
using redan::Bytes;
using redan::Writer;

bool equal(Bytes a, Bytes b) { return std::equal(a.begin(), a.end(), b.begin(), b.end()); }
bool inside(Bytes part, Bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

template <class Write>
std::vector<std::uint8_t> written(std::size_t size, Write&& write) {
  std::vector<std::uint8_t> buffer(size);
  Writer writer(buffer);
  write(writer);
  REDAN_ASSERT(writer.ok());
  buffer.resize(writer.size());
  return buffer;
}

/// For messages with one encoding.
template <class Message>
void same(Bytes body) {
  const auto message = Message::parse(body);
  if (message) REDAN_ASSERT(equal(written(body.size(), [&](Writer& w) { message->write(w); }), body));
}

void extensions_are_inside(const Extensions& extensions, Bytes body) {
  for (const auto* list :
       {&extensions.supported_groups, &extensions.signature_algorithms, &extensions.supported_versions}) {
    if (!*list) continue;
    REDAN_ASSERT(inside((*list)->bytes, body) && (*list)->bytes.size() % 2 == 0);
    static_cast<void>((*list)->contains(0xFFFF));
  }
  if (extensions.renegotiated_connection) REDAN_ASSERT(inside(*extensions.renegotiated_connection, body));
  if (extensions.cookie) REDAN_ASSERT(inside(*extensions.cookie, body));
  if (extensions.key_share) REDAN_ASSERT(inside(extensions.key_share->key, body));
  if (extensions.key_shares) {
    REDAN_ASSERT(inside(extensions.key_shares->bytes, body));
    static_cast<void>(extensions.key_shares->find(0xFFFF));
  }
  if (extensions.use_srtp) {
    REDAN_ASSERT(inside(extensions.use_srtp->profiles.bytes, body) && inside(extensions.use_srtp->mki, body));
  }
}

void client_hello(Bytes body) {
  const auto hello = ClientHello::parse(body);
  if (!hello) return;
  extensions_are_inside(hello->extensions, body);
  REDAN_ASSERT(inside(hello->session_id, body) && inside(hello->cookie, body));
  static_cast<void>(hello->cipher_suites.contains(ClientHello::kRenegotiationScsv));
  // Our own hello with their random and cookie parses to the same value.
  const auto ours = written(1024, [&](Writer& w) { ClientHello::write(w, hello->random, hello->cookie, kGroups, {}); });
  const auto again = ClientHello::parse(ours);
  REDAN_ASSERT(again && again->random == hello->random && equal(again->cookie, hello->cookie));
}

void server_hello(Bytes body) {
  const auto hello = ServerHello::parse(body);
  if (!hello) return;
  extensions_are_inside(hello->extensions, body);
  if (const CipherSuite* suite = find_suite(kCipherSuites13, hello->cipher_suite)) {
    const KeyShare share = hello->extensions.key_share.value_or(KeyShare{});
    const auto ours = written(body.size() + 64, [&](Writer& w) {
      ServerHello::write_13(w, hello->random, *suite, share, hello->extensions.cookie.value_or(Bytes{}));
    });
    const auto again = ServerHello::parse(ours);
    REDAN_ASSERT(again && again->random == hello->random && again->chosen_version() == kDtls13);
  }
  const CipherSuite* suite = find_suite(hello->cipher_suite);
  if (suite == nullptr) return;
  const CommonExtensions common{hello->extensions.renegotiated_connection.has_value(),
                                hello->extensions.ec_point_formats};
  const auto ours = written(256, [&](Writer& w) { ServerHello::write(w, hello->random, *suite, common, {}); });
  const auto again = ServerHello::parse(ours);
  REDAN_ASSERT(again && again->random == hello->random && again->cipher_suite == hello->cipher_suite);
}

template <class Message>
void certificate(Bytes body) {
  const auto message = Message::parse(body);
  if (!message) return;
  // The rest of a chain is skipped, so only the leaf is written.
  const auto again = written(body.size(), [&](Writer& w) { message->write(w); });
  REDAN_ASSERT(equal(Message::parse(again)->leaf, message->leaf));
}

void server_key_exchange(Bytes body) {
  const auto message = v12::ServerKeyExchange::parse(body);
  if (!message) return;
  const auto params = written(
      body.size(), [&](Writer& w) { v12::ServerKeyExchange::write_params(w, message->group, message->public_key); });
  REDAN_ASSERT(equal(params, message->params));
  REDAN_ASSERT(message->params.size() + 4 + message->signature.size() == body.size());
}

template <class Message>
void certificate_request(Bytes body) {
  const auto message = Message::parse(body);
  if (message) REDAN_ASSERT(inside(message->signature_algorithms.bytes, body));
}

void encrypted_extensions(Bytes body) {
  redan::Reader reader(body);
  if (const auto extensions = Extensions::parse(reader, HelloSender::server)) extensions_are_inside(*extensions, body);
}

void acknowledgement(Bytes body) {
  std::size_t count = 0;
  if (v13::for_each_acknowledged(body, [&](RecordNumber) { ++count; })) REDAN_ASSERT(body.size() == 2 + 16 * count);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const Bytes body(data + 1, size - 1);
  static constexpr std::array kMessages{client_hello,
                                        server_hello,
                                        certificate<v12::Certificate>,
                                        server_key_exchange,
                                        certificate_request<v12::CertificateRequest>,
                                        same<v12::CertificateVerify>,
                                        same<v12::ClientKeyExchange>,
                                        same<HelloVerifyRequest>,
                                        certificate<v13::Certificate>,
                                        certificate_request<v13::CertificateRequest>,
                                        same<v13::CertificateVerify>,
                                        same<v13::KeyUpdate>,
                                        encrypted_extensions,
                                        acknowledgement};
  kMessages[data[0] % kMessages.size()](body);
  return 0;
}
