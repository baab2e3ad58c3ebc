#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include <map>

#include "tests/interop/dtls_peer.hpp"

namespace redan::test {
namespace {

std::string priority(const DtlsPeerConfig& config) {
  static const std::map<std::uint16_t, std::string> suites{
      {0xC02B, "+ECDHE-ECDSA:+AES-128-GCM"},       {0xC02C, "+ECDHE-ECDSA:+AES-256-GCM"},
      {0xCCA9, "+ECDHE-ECDSA:+CHACHA20-POLY1305"}, {0xC02F, "+ECDHE-RSA:+AES-128-GCM"},
      {0xC030, "+ECDHE-RSA:+AES-256-GCM"},         {0xCCA8, "+ECDHE-RSA:+CHACHA20-POLY1305"}};
  static const std::map<Group, std::string> groups{{Group::x25519, ":+GROUP-X25519"},
                                                   {Group::secp256r1, ":+GROUP-SECP256R1"},
                                                   {Group::secp384r1, ":+GROUP-SECP384R1"}};
  std::string list = "NONE:+VERS-DTLS1.2:+AEAD:+COMP-NULL:+SIGN-ALL:+CTYPE-X509:" + suites.at(config.suite);
  list += groups.at(config.group);
  for (const auto& [group, name] : groups) {
    if (group != config.group) list += name;
  }
  return list;
}

gnutls_datum_t datum(const std::vector<std::uint8_t>& bytes) {
  return {const_cast<unsigned char*>(bytes.data()), static_cast<unsigned>(bytes.size())};
}

class GnuTlsParty final : public DtlsPeer {
 public:
  explicit GnuTlsParty(const DtlsPeerConfig& config) {
    gnutls_init(&session_, (config.serves ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_DATAGRAM | GNUTLS_NONBLOCK);
    if (gnutls_priority_init(&priority_, priority(config).c_str(), nullptr) != 0) error = "priority string";
    gnutls_priority_set(session_, priority_);
    gnutls_certificate_allocate_credentials(&credentials_);
    set_identity(*config.identity);
    gnutls_credentials_set(session_, GNUTLS_CRD_CERTIFICATE, credentials_);
    if (config.serves && config.asks) gnutls_certificate_server_set_request(session_, GNUTLS_CERT_REQUIRE);
    gnutls_transport_set_ptr(session_, this);
    gnutls_transport_set_push_function(session_, send);
    gnutls_transport_set_pull_function(session_, receive);
    gnutls_transport_set_pull_timeout_function(
        session_, [](void* self, unsigned) { return static_cast<GnuTlsParty*>(self)->in.empty() ? 0 : 1; });
    gnutls_dtls_set_mtu(session_, 1200);
    gnutls_dtls_set_timeouts(session_, 400, 60'000);
    gnutls_srtp_set_profile_direct(session_, "SRTP_AES128_CM_HMAC_SHA1_80", nullptr);
  }
  ~GnuTlsParty() override {
    gnutls_deinit(session_);
    gnutls_certificate_free_credentials(credentials_);
    gnutls_priority_deinit(priority_);
  }
  GnuTlsParty(const GnuTlsParty&) = delete;
  GnuTlsParty& operator=(const GnuTlsParty&) = delete;

  bool write(std::string_view text) override { return gnutls_record_send(session_, text.data(), text.size()) > 0; }
  std::optional<std::string> read() override {
    std::array<char, 4096> text{};
    const auto n = gnutls_record_recv(session_, text.data(), text.size());
    if (n <= 0) return std::nullopt;
    return std::string(text.data(), static_cast<std::size_t>(n));
  }
  Datagram exported() override {
    Datagram keys(60);
    gnutls_prf_rfc5705(session_, kSrtpLabel.size(), kSrtpLabel.data(), 0, nullptr, keys.size(),
                       reinterpret_cast<char*>(keys.data()));
    return keys;
  }

 protected:
  State advance() override {
    int result = 0;
    do {
      result = gnutls_handshake(session_);
    } while (result < 0 && result != GNUTLS_E_AGAIN && gnutls_error_is_fatal(result) == 0);
    if (result == 0) return State::connected;
    if (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) return State::handshaking;
    error = gnutls_strerror_name(result);
    return State::ended;
  }

 private:
  void set_identity(const Identity& identity) {
    gnutls_x509_crt_t certificate = nullptr;
    gnutls_x509_privkey_t key = nullptr;
    gnutls_x509_crt_init(&certificate);
    gnutls_x509_privkey_init(&key);
    const gnutls_datum_t der = datum(identity.certificate_der);
    gnutls_x509_crt_import(certificate, &der, GNUTLS_X509_FMT_DER);
    const auto private_key = identity.key->private_key_der();
    const gnutls_datum_t key_der = datum(private_key);
    gnutls_x509_privkey_import_pkcs8(key, &key_der, GNUTLS_X509_FMT_DER, nullptr, GNUTLS_PKCS_PLAIN);
    gnutls_certificate_set_x509_key(credentials_, &certificate, 1, key);
    gnutls_x509_crt_deinit(certificate);
    gnutls_x509_privkey_deinit(key);
  }
  static ssize_t send(gnutls_transport_ptr_t self, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    static_cast<GnuTlsParty*>(self)->out.emplace_back(bytes, bytes + size);
    return static_cast<ssize_t>(size);
  }
  static ssize_t receive(gnutls_transport_ptr_t pointer, void* data, std::size_t size) {
    auto* self = static_cast<GnuTlsParty*>(pointer);
    if (self->in.empty()) {
      gnutls_transport_set_errno(self->session_, EAGAIN);
      return -1;
    }
    const Datagram datagram = std::move(self->in.front());
    self->in.pop_front();
    const std::size_t n = std::min(size, datagram.size());
    std::copy_n(datagram.begin(), n, static_cast<std::uint8_t*>(data));
    return static_cast<ssize_t>(n);
  }

  gnutls_session_t session_ = nullptr;
  gnutls_priority_t priority_ = nullptr;
  gnutls_certificate_credentials_t credentials_ = nullptr;
};

}  // namespace

std::unique_ptr<DtlsPeer> gnutls_peer(const DtlsPeerConfig& config) { return std::make_unique<GnuTlsParty>(config); }

}  // namespace redan::test
