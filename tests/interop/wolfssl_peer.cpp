// Apart from OpenSSL's: the two have names in common. And after ours: it has a global type `byte`.
#include "tests/interop/dtls_peer.hpp"
//
#include <wolfssl/options.h>
// The options must be included before the rest.
#include <wolfssl/error-ssl.h>
#include <wolfssl/ssl.h>

#include <ctime>
#include <map>

namespace redan::test {
namespace {

// Suites for both kinds of certificate, the wanted one first: a server announces the signature schemes of the kinds in
// its list, and the client's certificate may be of the other kind.
std::string suite_list(const DtlsPeerConfig& config) {
  static const std::map<std::uint16_t, std::string> names{
      {0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256"}, {0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384"},
      {0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305"}, {0xC02F, "ECDHE-RSA-AES128-GCM-SHA256"},
      {0xC030, "ECDHE-RSA-AES256-GCM-SHA384"},   {0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305"}};
  const bool rsa = config.suite == 0xC02F || config.suite == 0xC030 || config.suite == 0xCCA8;
  return names.at(config.suite) + (config.serves ? ":" + names.at(rsa ? 0xC02B : 0xC02F) : "");
}

std::uint16_t curve(Group group) {
  if (group == Group::x25519) return WOLFSSL_ECC_X25519;
  return group == Group::secp256r1 ? WOLFSSL_ECC_SECP256R1 : WOLFSSL_ECC_SECP384R1;
}

class WolfSslParty final : public DtlsPeer {
 public:
  explicit WolfSslParty(const DtlsPeerConfig& config) {
    static const int ready = wolfSSL_Init();
    static_cast<void>(ready);
    context_ = wolfSSL_CTX_new(config.serves ? wolfDTLSv1_2_server_method() : wolfDTLSv1_2_client_method());
    check(wolfSSL_CTX_set_cipher_list(context_, suite_list(config).c_str()), "suites");
    const auto& certificate = config.identity->certificate_der;
    check(wolfSSL_CTX_use_certificate_buffer(context_, certificate.data(), static_cast<long>(certificate.size()),
                                             WOLFSSL_FILETYPE_ASN1),
          "certificate");
    const auto key = config.identity->key->private_key_der();
    check(wolfSSL_CTX_use_PrivateKey_buffer(context_, key.data(), static_cast<long>(key.size()), WOLFSSL_FILETYPE_ASN1),
          "key");
    if (config.asks) {
      wolfSSL_CTX_set_verify(context_, WOLFSSL_VERIFY_PEER | WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                             [](int, WOLFSSL_X509_STORE_CTX*) { return 1; });
    }
    wolfSSL_CTX_SetIORecv(context_, receive);
    wolfSSL_CTX_SetIOSend(context_, send);
    ssl_ = wolfSSL_new(context_);
    wolfSSL_SetIOReadCtx(ssl_, this);
    wolfSSL_SetIOWriteCtx(ssl_, this);
    if (!config.serves) {
      wolfSSL_UseSupportedCurve(ssl_, curve(config.group));
      for (const Group group : dtls::kGroups) {
        if (group != config.group && dtls::serves_dtls12(group)) wolfSSL_UseSupportedCurve(ssl_, curve(group));
      }
    }
    wolfSSL_dtls_set_using_nonblock(ssl_, 1);
    wolfSSL_dtls_set_timeout_init(ssl_, 1);
  }
  ~WolfSslParty() override {
    wolfSSL_free(ssl_);
    wolfSSL_CTX_free(context_);
  }
  WolfSslParty(const WolfSslParty&) = delete;
  WolfSslParty& operator=(const WolfSslParty&) = delete;

  bool write(std::string_view text) override {
    return wolfSSL_write(ssl_, text.data(), static_cast<int>(text.size())) > 0;
  }
  std::optional<std::string> read() override {
    std::array<char, 4096> text{};
    const int n = wolfSSL_read(ssl_, text.data(), static_cast<int>(text.size()));
    if (n <= 0) return std::nullopt;
    return std::string(text.data(), static_cast<std::size_t>(n));
  }

 protected:
  State advance() override {
    if (due_ == 0) due_ = std::time(nullptr) + wolfSSL_dtls_get_current_timeout(ssl_);
    const int result = wolfSSL_is_server(ssl_) != 0 ? wolfSSL_accept(ssl_) : wolfSSL_connect(ssl_);
    if (result == WOLFSSL_SUCCESS) return State::connected;
    const int reason = wolfSSL_get_error(ssl_, result);
    if (reason == WOLFSSL_ERROR_WANT_READ || reason == WOLFSSL_ERROR_WANT_WRITE) return State::handshaking;
    error = std::to_string(reason) + " " + wolfSSL_ERR_reason_error_string(static_cast<unsigned long>(reason));
    return State::ended;
  }
  void on_time() override {
    if (due_ == 0 || std::time(nullptr) < due_ || wolfSSL_is_init_finished(ssl_) != 0) return;
    wolfSSL_dtls_got_timeout(ssl_);
    due_ = std::time(nullptr) + wolfSSL_dtls_get_current_timeout(ssl_);
  }

 private:
  void check(int result, const char* what) {
    if (result != WOLFSSL_SUCCESS) error = what;
  }
  static int send(WOLFSSL*, char* data, int size, void* self) {
    static_cast<WolfSslParty*>(self)->out.emplace_back(data, data + size);
    return size;
  }
  static int receive(WOLFSSL*, char* data, int size, void* pointer) {
    auto* self = static_cast<WolfSslParty*>(pointer);
    if (self->in.empty()) return WOLFSSL_CBIO_ERR_WANT_READ;
    const Datagram datagram = std::move(self->in.front());
    self->in.pop_front();
    const int n = std::min(size, static_cast<int>(datagram.size()));
    std::copy_n(datagram.begin(), n, data);
    return n;
  }

  WOLFSSL_CTX* context_ = nullptr;
  WOLFSSL* ssl_ = nullptr;
  std::time_t due_ = 0;
};

}  // namespace

std::unique_ptr<DtlsPeer> wolfssl_peer(const DtlsPeerConfig& config) { return std::make_unique<WolfSslParty>(config); }

}  // namespace redan::test
