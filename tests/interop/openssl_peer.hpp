// OpenSSL's DTLS as a party, whose SSL object is accessible to a test.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <map>

#include "tests/interop/dtls_peer.hpp"

namespace redan::test {

inline const char* opensslsuite(std::uint16_t id) {
  static const std::map<std::uint16_t, const char*> names{{kAnySuite, "ALL"},
                                                          {0xC02B, "ECDHE-ECDSA-AES128-GCM-SHA256"},
                                                          {0xC02C, "ECDHE-ECDSA-AES256-GCM-SHA384"},
                                                          {0xCCA9, "ECDHE-ECDSA-CHACHA20-POLY1305"},
                                                          {0xC02F, "ECDHE-RSA-AES128-GCM-SHA256"},
                                                          {0xC030, "ECDHE-RSA-AES256-GCM-SHA384"},
                                                          {0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305"}};
  return names.at(id);
}

inline std::string opensslgroups(const DtlsPeerConfig& config) {
  static const std::map<Group, std::string> names{
      {Group::x25519, "X25519"}, {Group::secp256r1, "P-256"}, {Group::secp384r1, "P-384"}};
  std::string list = names.at(config.group);
  // The list also limits the curves of certificates.
  for (const auto& [group, name] : names) {
    if (group != config.group) list += ":" + name;
  }
  return list;
}

class OpenSslPeer final : public DtlsPeer {
 public:
  explicit OpenSslPeer(const DtlsPeerConfig& config) {
    context_ = SSL_CTX_new(DTLS_method());
    SSL_CTX_set_min_proto_version(context_, DTLS1_2_VERSION);
    SSL_CTX_set_cipher_list(context_, opensslsuite(config.suite));
    SSL_CTX_set1_groups_list(context_, opensslgroups(config).c_str());
    if (config.asks) {
      SSL_CTX_set_verify(context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                         [](int, X509_STORE_CTX*) { return 1; });
    }
    SSL_CTX_set_tlsext_use_srtp(context_, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
    SSL_CTX_set_options(context_, SSL_OP_NO_QUERY_MTU);
    const auto& certificate = config.identity->certificate_der;
    SSL_CTX_use_certificate_ASN1(context_, static_cast<int>(certificate.size()), certificate.data());
    const auto key = config.identity->key->private_key_der();
    const unsigned char* der = key.data();
    EVP_PKEY* private_key = d2i_AutoPrivateKey(nullptr, &der, static_cast<long>(key.size()));
    SSL_CTX_use_PrivateKey(context_, private_key);
    EVP_PKEY_free(private_key);
    BIO* bio = BIO_new(method());
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    ssl = SSL_new(context_);
    SSL_set_bio(ssl, bio, bio);
    SSL_set_mtu(ssl, 1200);
    DTLS_set_timer_cb(ssl, [](SSL*, unsigned us) { return us == 0 ? 400'000U : std::min(us * 2, 60'000'000U); });
    if (config.serves) {
      SSL_set_accept_state(ssl);
    } else {
      SSL_set_connect_state(ssl);
    }
  }
  ~OpenSslPeer() override {
    SSL_free(ssl);
    SSL_CTX_free(context_);
  }
  OpenSslPeer(const OpenSslPeer&) = delete;
  OpenSslPeer& operator=(const OpenSslPeer&) = delete;

  SSL* ssl = nullptr;

  bool handshake() { return advance() == State::connected; }

  bool write(std::string_view text) override { return SSL_write(ssl, text.data(), static_cast<int>(text.size())) > 0; }
  std::optional<std::string> read() override {
    std::array<char, 4096> text{};
    const int n = SSL_read(ssl, text.data(), static_cast<int>(text.size()));
    if (n <= 0) return std::nullopt;
    return std::string(text.data(), static_cast<std::size_t>(n));
  }
  Datagram exported() override {
    Datagram keys(60);
    SSL_export_keying_material(ssl, keys.data(), keys.size(), kSrtpLabel.data(), kSrtpLabel.size(), nullptr, 0, 0);
    return keys;
  }

 protected:
  State advance() override {
    ERR_clear_error();
    const int result = SSL_do_handshake(ssl);
    if (result == 1) return State::connected;
    if (SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ) return State::handshaking;
    const char* reason = ERR_reason_error_string(ERR_peek_error());
    error = reason == nullptr ? "unknown" : reason;
    return State::ended;
  }
  void on_time() override { DTLSv1_handle_timeout(ssl); }

 private:
  // One write is one datagram.
  static int send(BIO* bio, const char* data, int size) {
    static_cast<OpenSslPeer*>(BIO_get_data(bio))->out.emplace_back(data, data + size);
    return size;
  }
  static int receive(BIO* bio, char* data, int size) {
    auto* self = static_cast<OpenSslPeer*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    if (self->in.empty()) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const Datagram datagram = std::move(self->in.front());
    self->in.pop_front();
    const int n = std::min(size, static_cast<int>(datagram.size()));
    std::copy_n(datagram.begin(), n, data);
    return n;
  }
  static BIO_METHOD* method() {
    static BIO_METHOD* const made = [] {
      BIO_METHOD* m = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
      BIO_meth_set_write(m, send);
      BIO_meth_set_read(m, receive);
      BIO_meth_set_ctrl(m, [](BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1L : 0L; });
      return m;
    }();
    return made;
  }

  SSL_CTX* context_ = nullptr;
};

}  // namespace redan::test
