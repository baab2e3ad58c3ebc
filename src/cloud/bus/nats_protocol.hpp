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
  bool lame_duck = false;  ///< it is about to end, and asks its clients to leave
  std::size_t max_payload = kMaxBusPayload;

  /// The first line of a connection, or the JSON of a later one; members that we do not use are passed over. nullopt if
  /// it is no INFO.
  static std::optional<NatsInfo> parse_line(std::string_view line);
  static std::optional<NatsInfo> parse_json(std::string_view json);
};

/// MSG or HMSG.
struct NatsMessage {
  std::string_view subject;
  std::uint64_t sid = 0;
  std::string_view reply_to;
  unsigned status = 0;  ///< of an HMSG whose header has one: 503 if nobody subscribes to what a request was sent to
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

/// Cuts what a server sends into operations. What it holds is bounded by the limits above and kMaxBusPayload; a message
/// beyond them is passed over.
class NatsParser {
 public:
  /// Where the server's next bytes go; never empty. It ends the views that next() has given.
  std::span<char> space();
  void received(std::size_t size) { end_ += size; }

  /// nullopt: more bytes are needed. bus_protocol: this is not NATS, and will not become it.
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
  std::size_t searched_ = 0;  ///< after begin_: no line ends there
  std::size_t needed_ = 0;    ///< after begin_: a message is so long
  std::size_t skip_ = 0;      ///< bytes of a message that is passed over, still to come
  std::uint64_t passed_over_ = 0;
  bool failed_ = false;
};

// Messages from the client.

inline constexpr std::size_t kMaxNatsToken = 256;

struct NatsConnect {
  std::string_view name;   ///< as the token
  std::string_view token;  ///< is_nats_token()
};
/// Holds the token: wipe it. The token goes as auth_token and as pass: a server that maps certificates to users
/// compares the password of the user, one without users its token.
std::string write_connect(const NatsConnect& connect);
/// At most 256 printable ASCII characters, and no space.
bool is_nats_token(std::string_view text);

/// They append. Subjects and queues have been checked: see bus.hpp.
void write_pub(std::string& out, std::string_view subject, std::string_view reply_to, std::string_view payload);
void write_sub(std::string& out, std::string_view subject, std::string_view queue, std::uint64_t sid);
void write_unsub(std::string& out, std::uint64_t sid);
/// An upper bound of what write_pub appends.
std::size_t pub_size(std::string_view subject, std::string_view reply_to, std::string_view payload);

inline constexpr std::string_view kNatsPing = "PING\r\n";
inline constexpr std::string_view kNatsPong = "PONG\r\n";

}  // namespace redan::cloud::bus
