#include "net/tls/socket.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <boost/asio/error.hpp>
#include <boost/asio/ssl/error.hpp>
#include <cerrno>
#include <new>

namespace redan::net {
namespace {

namespace asio = boost::asio;

// The certificate and signature of an RSA-4096 server are longer; a HelloRetryRequest is shorter.
constexpr std::uint64_t kSignedFlight = 1'000;

bool would_block() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

/// Asks the socket each time, because the descriptor of a closed one may have been reused.
struct SocketBio {
  static int descriptor(BIO* bio) {
    const auto& tls = *static_cast<TlsSocket*>(BIO_get_data(bio));
    if (tls.lent_ >= 0) return tls.lent_;
    if (tls.socket_.is_open()) return tls.socket_.native_handle();
    errno = EBADF;
    return -1;
  }
};

namespace {

int bio_write(BIO* bio, const char* data, int size) {
  BIO_clear_retry_flags(bio);
  const int fd = SocketBio::descriptor(bio);
  if (fd < 0) return -1;
  const ssize_t sent = ::send(fd, data, static_cast<std::size_t>(size), MSG_NOSIGNAL);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return static_cast<int>(sent);
}

int bio_read(BIO* bio, char* data, int size) {
  BIO_clear_retry_flags(bio);
  const int fd = SocketBio::descriptor(bio);
  if (fd < 0) return -1;
  const ssize_t received = ::recv(fd, data, static_cast<std::size_t>(size), 0);
  if (received < 0 && would_block()) BIO_set_retry_read(bio);
  if (received == 0) BIO_set_flags(bio, BIO_FLAGS_IN_EOF);
  return static_cast<int>(received);
}

long bio_control(BIO* bio, int command, long, void*) {
  if (command == BIO_CTRL_EOF) return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0 ? 1 : 0;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

int bio_create(BIO* bio) {
  BIO_set_init(bio, 1);
  return 1;
}

const BIO_METHOD* socket_method() {
  static BIO_METHOD* const method = [] {
    BIO_METHOD* made = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "socket");
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_write(made, bio_write);
    BIO_meth_set_read(made, bio_read);
    BIO_meth_set_ctrl(made, bio_control);
    BIO_meth_set_create(made, bio_create);
    return made;
  }();
  return method;
}

}  // namespace

TlsSocket::TlsSocket(Socket& socket, ssl_ctx_st* context) : socket_(socket), ssl_(SSL_new(context)) {
  BIO* const bio = ssl_ == nullptr ? nullptr : BIO_new(socket_method());
  if (bio == nullptr) {
    SSL_free(ssl_);
    throw std::bad_alloc();
  }
  BIO_set_data(bio, this);
  SSL_set_bio(ssl_, bio, bio);
  SSL_set_mode(ssl_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  // Reads a record's header and body in one system call.
  SSL_set_read_ahead(ssl_, 1);
}

TlsSocket::~TlsSocket() { SSL_free(ssl_); }

void TlsSocket::lend() {
  Error ignored;
  if (!socket_.native_non_blocking()) socket_.native_non_blocking(true, ignored);
  lent_ = socket_.native_handle();
}

void TlsSocket::abandon() {
  abandoned_ = true;
  ::shutdown(lent_, SHUT_RDWR);
}

TlsSocket::Attempt TlsSocket::accept() {
  if (abandoned_) return {Want::nothing, asio::error::operation_aborted};
  ERR_clear_error();
  errno = 0;
  const int result = SSL_accept(ssl_);
  return result == 1 ? Attempt{} : explain(result);
}

bool TlsSocket::has_signed() const { return BIO_number_written(SSL_get_wbio(ssl_)) > kSignedFlight; }

TlsSocket::Attempt TlsSocket::attempt(Operation operation, void* data, std::size_t size) {
  const bool moves = operation == Operation::read || operation == Operation::write;
  if (moves && size == 0) return {};
  if (socket_.is_open() && !socket_.native_non_blocking()) {
    Error error;
    socket_.native_non_blocking(true, error);
    if (error) return {Want::nothing, error};
  }
  ERR_clear_error();
  errno = 0;
  std::size_t done = 0;
  int result = 0;
  switch (operation) {
    case Operation::connect:
      result = SSL_connect(ssl_);
      break;
    case Operation::read:
      result = SSL_read_ex(ssl_, data, size, &done);
      break;
    case Operation::write:
      result = SSL_write_ex(ssl_, data, size, &done);
      break;
    case Operation::shutdown:
      result = SSL_shutdown(ssl_);
      // Our close_notify was sent; now wait for the peer's.
      if (result == 0) result = SSL_shutdown(ssl_);
      break;
  }
  if (result == 1) return {Want::nothing, {}, done};
  return explain(result);
}

TlsSocket::Attempt TlsSocket::explain(int result) {
  const int system_error = errno;
  const int why = SSL_get_error(ssl_, result);
  const unsigned long error = ERR_get_error();
  switch (why) {
    case SSL_ERROR_WANT_READ:
      return {Want::reading};
    case SSL_ERROR_WANT_WRITE:
      return {Want::writing};
    case SSL_ERROR_ZERO_RETURN:
      return {Want::nothing, asio::error::eof};
    case SSL_ERROR_SSL:
      if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING) break;
      return {Want::nothing, Error(static_cast<int>(error), asio::error::get_ssl_category())};
    default:
      if (system_error != 0) return {Want::nothing, Error(system_error, boost::system::system_category())};
  }
  return {Want::nothing, asio::ssl::error::stream_truncated};
}

}  // namespace redan::net
