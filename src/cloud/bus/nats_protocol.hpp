// The client's side of the NATS protocol, without I/O: lines that end with CR LF, and payloads of announced sizes.
// https://docs.nats.io/reference/reference-protocols/nats-protocol
//
//     server   INFO {json} · MSG subject sid [reply-to] size · HMSG subject sid [reply-to] header-size size · PING ·
//     PONG
//              +OK · -ERR 'text'
//     client   CONNECT {json} · PUB subject [reply-to] size · SUB subject [queue] sid · UNSUB sid · PING · PONG
#pragma once

#include <redan/error.hpp>
#include <redan/secret.hpp>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "cloud/bus/bus.hpp"

namespace redan::cloud::bus {

// Messages from the server.

struct NatsInfo {
  bool tls_required = false;
  bool lame_duck = false;  ///< it is about to stop, and asks its clients to leave
  std::size_t max_payload = kMaxBusPayload;

  /// The first line of a connection, or the JSON of a later INFO; unused members are ignored. nullopt if it is not
  /// INFO.
  static std::optional<NatsInfo> parse_line(std::string_view line);
  static std::optional<NatsInfo> parse_json(std::string_view json);
};

/// MSG or HMSG.
struct NatsMessage {
  std::string_view subject;
  std::uint64_t sid = 0;
  std::string_view reply_to;
  unsigned status = 0;  ///< of an HMSG whose header has one: 503 if a request has no subscribers
  std::string_view payload;
};
struct NatsPing {};
struct NatsPong {};
struct NatsOk {};
struct NatsError {
  std::string_view text;  ///< without the quotes
};
using NatsOperation = std::variant<NatsInfo, NatsMessage, NatsPing, NatsPong, NatsOk, NatsError>;

inline constexpr std::size_t kMaxNatsInfo = 32 * 1024;
inline constexpr std::size_t kMaxNatsLine = 4 * 1024;  ///< of any other operation
inline constexpr std::size_t kMaxNatsHeader = 16 * 1024;

/// Divides the bytes from a server into operations. Its memory is bounded by the limits above and kMaxBusPayload; a
/// larger message is skipped.
class NatsParser {
 public:
  /// The buffer for the server's next bytes; never empty. Invalidates the views that next() returned.
  std::span<char> space();
  void received(std::size_t size) { end_ += size; }

  /// nullopt: more bytes are needed. bus_protocol: this is not NATS, a permanent error.
  Result<std::optional<NatsOperation>> next();

  [[nodiscard]] std::uint64_t passed_over() const { return passed_over_; }

 private:
  struct Sizes {
    std::size_t header = 0;
    std::size_t all = 0;
  };
  using Parsed = Result<std::optional<NatsOperation>>;
  Parsed on_line(std::string_view line, bool& again);
  Parsed on_message(NatsMessage message, Sizes sizes, std::size_t line_size, bool& again);
  bool skip();

  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t searched_ = 0;  ///< after begin_: contains no end of line
  std::size_t needed_ = 0;    ///< after begin_: size of the message
  std::size_t skip_ = 0;      ///< bytes of a skipped message that are still to come
  std::uint64_t passed_over_ = 0;
  bool failed_ = false;
};

// Messages from the client.

inline constexpr std::size_t kMaxNatsToken = 256;

struct NatsConnect {
  std::string_view name;   ///< same format as the token
  std::string_view token;  ///< must satisfy is_nats_token()
};
/// Contains the token: wipe it. The token is sent as auth_token and as pass: a server that maps certificates to users
/// compares the user's password, one without users its token.
std::string write_connect(const NatsConnect& connect);
/// At most 256 printable ASCII characters, without spaces.
bool is_nats_token(std::string_view text);

/// These append. Subjects and queues must have been checked: see bus.hpp.
void write_pub(std::string& out, std::string_view subject, std::string_view reply_to, std::string_view payload);
void write_sub(std::string& out, std::string_view subject, std::string_view queue, std::uint64_t sid);
void write_unsub(std::string& out, std::uint64_t sid);
/// An upper bound for what write_pub appends.
std::size_t pub_size(std::string_view subject, std::string_view reply_to, std::string_view payload);

inline constexpr std::string_view kNatsPing = "PING\r\n";
inline constexpr std::string_view kNatsPong = "PONG\r\n";

}  // namespace redan::cloud::bus
