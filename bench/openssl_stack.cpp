// OpenSSL's own DTLS: session cache and tickets off, certificates checked only by fingerprint.
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "bench/dtls_work.hpp"

namespace redan::bench {
namespace {

template <auto F>
struct Free {
  template <class T>
  void operator()(T* object) const {
    F(object);
  }
};
using Context = std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>>;
using Session = std::unique_ptr<SSL, Free<SSL_free>>;

// One write is one datagram; OpenSSL's memory BIO does not preserve that.
int write_datagram(BIO* bio, const char* data, int size) {
  static_cast<Datagrams*>(BIO_get_data(bio))[1].emplace_back(data, data + size);
  return size;
}
int read_datagram(BIO* bio, char* data, int size) {
  Datagrams& in = static_cast<Datagrams*>(BIO_get_data(bio))[0];
  BIO_clear_retry_flags(bio);
  if (in.empty()) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const int n = std::min(size, static_cast<int>(in.front().size()));
  std::copy_n(in.front().begin(), n, data);
  in.pop_front();
  return n;
}
long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

BIO_METHOD* datagram_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
    BIO_meth_set_write(made, write_datagram);
    BIO_meth_set_read(made, read_datagram);
    BIO_meth_set_ctrl(made, control);
    return made;
  }();
  return method;
}

int check_fingerprint(X509_STORE_CTX* store, void* expected) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  X509_digest(X509_STORE_CTX_get0_cert(store), EVP_sha256(), digest.data(), &size);
  return equal_in_constant_time(Bytes(digest).first(size), static_cast<const Fingerprint*>(expected)->digest.bytes());
}

Context make_context(bool server, const Identity& identity, const Fingerprint& peer, Group group) {
  Context context(SSL_CTX_new(server ? DTLS_server_method() : DTLS_client_method()));
  SSL_CTX_set_min_proto_version(context.get(), DTLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context.get(), "ECDHE-ECDSA-AES128-GCM-SHA256");
  // The list also restricts the certificate's curve.
  SSL_CTX_set1_groups_list(context.get(), group == Group::x25519 ? "X25519:P-256" : "P-256");
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_options(context.get(), SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU);
  SSL_CTX_set_mode(context.get(), SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  SSL_CTX_set_cert_verify_callback(context.get(), check_fingerprint, const_cast<Fingerprint*>(&peer));
  SSL_CTX_set_tlsext_use_srtp(context.get(), "SRTP_AEAD_AES_128_GCM");
  SSL_CTX_use_certificate_ASN1(context.get(), static_cast<int>(identity.certificate_der.size()),
                               identity.certificate_der.data());
  const auto key = identity.key->private_key_der();
  const unsigned char* der = key.data();
  EVP_PKEY* pkey = d2i_AutoPrivateKey(nullptr, &der, static_cast<long>(key.size()));
  SSL_CTX_use_PrivateKey(context.get(), pkey);
  EVP_PKEY_free(pkey);
  return context;
}

struct End {
  explicit End(SSL_CTX* context, bool server) : ssl(SSL_new(context)) {
    BIO* bio = BIO_new(datagram_method());
    BIO_set_data(bio, datagrams);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl.get(), bio, bio);
    SSL_set_mtu(ssl.get(), 1200);
    if (server) {
      SSL_set_accept_state(ssl.get());
    } else {
      SSL_set_connect_state(ssl.get());
    }
  }
  Datagrams datagrams[2];  // in, out
  Session ssl;
};

void pass(End& from, End& to) { std::swap(from.datagrams[1], to.datagrams[0]); }

class OpensslPair final : public DtlsPair {
 public:
  OpensslPair(SSL_CTX* client, SSL_CTX* server) : client_(client, false), server_(server, true) {
    bool done = false;
    for (int i = 0; i < 4 && !done; ++i) {
      done = SSL_do_handshake(client_.ssl.get()) == 1;
      pass(client_, server_);
      done = (SSL_do_handshake(server_.ssl.get()) == 1) && done;
      pass(server_, client_);
    }
    if (!done) failed("OpenSSL's handshake");
    std::array<std::uint8_t, kExported> exported{};
    for (const End* end : {&client_, &server_}) {
      SSL_export_keying_material(end->ssl.get(), exported.data(), exported.size(), "EXTRACTOR-dtls_srtp", 19, nullptr,
                                 0, 0);
    }
  }

  bool carry(Bytes payload) override {
    std::array<std::uint8_t, 2048> buffer;
    SSL_write(client_.ssl.get(), payload.data(), static_cast<int>(payload.size()));
    pass(client_, server_);
    return SSL_read(server_.ssl.get(), buffer.data(), buffer.size()) == static_cast<int>(payload.size());
  }

 private:
  End client_, server_;
};

struct OpensslHalfOpen final : HalfOpenServer {
  OpensslHalfOpen(SSL_CTX* context, const Datagrams& hello) : end(context, true) {
    end.datagrams[0] = hello;
    SSL_do_handshake(end.ssl.get());
    if (end.datagrams[1].empty()) failed("OpenSSL's half-open handshake");
    Datagrams().swap(end.datagrams[0]);
    Datagrams().swap(end.datagrams[1]);
  }
  End end;
};

class OpensslStack final : public DtlsStack {
 public:
  OpensslStack(const Identities& identities, Group group)
      : client_(make_context(false, identities.client, identities.server_fingerprint, group)),
        server_(make_context(true, identities.server, identities.client_fingerprint, group)) {
    End client(client_.get(), false);
    SSL_do_handshake(client.ssl.get());
    hello_ = client.datagrams[1];
  }
  std::unique_ptr<DtlsPair> connect() override { return std::make_unique<OpensslPair>(client_.get(), server_.get()); }
  std::unique_ptr<HalfOpenServer> half_open() override {
    return std::make_unique<OpensslHalfOpen>(server_.get(), hello_);
  }

 private:
  Context client_, server_;
  Datagrams hello_;
};

}  // namespace

std::unique_ptr<DtlsStack> openssl_stack(const Identities& identities, Group group) {
  return std::make_unique<OpensslStack>(identities, group);
}

}  // namespace redan::bench
