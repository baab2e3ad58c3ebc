// A WAMP client on Boost.Asio: caller, callee, publisher and subscriber over WebSocket or RawSocket, with end-to-end
// encryption of payloads, which joins again after its connection was lost. Link libredan-wamp.
//
// Threads: a client belongs to the thread that runs its io_context. Make it, call it and destroy it there; handlers run
// there. Handlers may call the client, and must not throw.
//
// Lifetime: a client lives until its last owner and its last unfinished operation are gone, then it leaves. A handler
// that owns its client keeps it alive until leave().
//
// What happens at most once: a call or publication that a lost connection interrupts fails with not_connected, and it
// is unknown whether it arrived. Nothing is repeated except subscriptions and registrations.
//
// Codes of failures (Errc) have numbers and names that never change: not_connected, invalid_argument, too_many and
// closed_locally of libredan; those of libredan-net from 1000 (connections, TLS); those of WAMP from 4000, for example
// 4003 wamp_error, whose URI is in Failure::uri.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <redan/export.hpp>
#include <redan/secret.hpp>
#include <redan/wamp_types.hpp>

namespace redan::wamp {

/// How a client authenticates. A ticket is sent as it is: use it over TLS only.
enum class LoginMethod : std::uint8_t { anonymous, ticket, wampcra, cryptosign };
struct Login {
  LoginMethod method = LoginMethod::anonymous;
  std::string authid{};  ///< may be empty with cryptosign: the router looks it up by the key
  /// ticket: up to 4,096 bytes; wampcra: up to 256 bytes; cryptosign: the seed of the Ed25519 key, 32 bytes.
  Secret<4096> secret{};
};

/// Which URIs are encrypted end to end, with which keys, and which must be. Opaque: made from a key ring file.
class KeyRing;
/// Reads a key ring file, a JSON object (docs/protocols/wamp.md). The error says what is wrong with it.
tl::expected<std::shared_ptr<const KeyRing>, std::string> parse_key_ring(std::string_view json);

/// After a lost connection the client waits, then joins again. The waiting time doubles from `first` to `longest`; the
/// actual time is random between its half and the whole, so that many clients of a router do not come at once.
struct Reconnection {
  bool enabled = true;
  std::chrono::milliseconds first{500};
  std::chrono::milliseconds longest{30'000};
};

struct ClientConfig {
  /// wss://HOST:PORT/PATH, rss://HOST:PORT (RawSocket): TLS 1.3. ws://127.0.0.1:PORT/PATH, rs://127.0.0.1:PORT:
  /// plaintext within this machine.
  std::string url;
  std::string pin{};              ///< SHA-256 of the router's certificate, 64 hexadecimal digits
  std::string authorities{};      ///< without a pin: certificates (PEM) of authorities; the system's if empty
  bool allow_small_keys = false;  ///< accept keys of the router and its authorities below RSA-4096 or of other kinds
  std::string realm;
  Login login{};
  Serializer serializer = Serializer::cbor;
  std::shared_ptr<const KeyRing> key_ring{};
  Reconnection reconnection{};
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::seconds idle_timeout{60};  ///< a router that is silent for so long is gone; pings are sent before
  std::chrono::milliseconds request_timeout{10'000};  ///< for all requests except calls, which have `timeout`
  std::size_t max_message = 1024 * 1024;              ///< received
  std::size_t max_buffered = 16 * 1024 * 1024;        ///< unsent; beyond it the connection is lost
  std::size_t max_requests = 4'096;                   ///< unanswered by the router; further ones fail with too_many
  std::size_t max_invocations = 1'024;                ///< unanswered by us; further ones are refused
};

class Client : public std::enable_shared_from_this<Client> {
 public:
  template <class T>
  using Task = boost::asio::awaitable<T>;
  /// Names a subscription or registration as long as the client lives, also over reconnections.
  using Handle = std::uint64_t;

  struct Event {
    std::string topic{};
    Payload payload{};
    bool encrypted = false;
    Dict details{};
  };
  using OnEvent = std::function<void(const Event&)>;

  /// A call that the handler answers, once: now or later. One that is dropped without an answer fails at its caller
  /// with redan.error.unanswered. Functions return not_connected after the connection was lost, and invalid_argument
  /// after the answer.
  class Invocation {
   public:
    virtual ~Invocation() = default;
    Invocation(const Invocation&) = delete;
    Invocation& operator=(const Invocation&) = delete;

    virtual redan::Result<void> progress(Payload payload) = 0;  ///< if wants_progress
    virtual redan::Result<void> yield(Payload payload) = 0;
    virtual redan::Result<void> fail(std::string error, Payload payload = {}) = 0;

    std::string procedure{};
    Payload payload{};
    bool encrypted = false;
    bool wants_progress = false;
    Dict details{};
    std::function<void()> on_cancel;  ///< the caller no longer needs the answer

   protected:
    Invocation() = default;
  };
  using OnInvocation = std::function<void(const std::shared_ptr<Invocation>&)>;

  struct Progress {
    std::function<void(Payload)> on_result{};  ///< asks for progressive results
    /// Receives a function that cancels the call, which then fails with wamp_canceled (4005).
    std::function<void(std::function<void()> cancel)> on_begin{};
  };

  /// Connects and joins the realm. A failure here is returned and not repeated.
  static Task<Outcome<std::shared_ptr<Client>>> join(boost::asio::io_context& io, ClientConfig config);
  virtual ~Client() = default;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Options are those of WAMP: `match`, `invoke`, `timeout` (milliseconds), `exclude_me`, ...

  virtual Task<Outcome<Payload>> call(std::string procedure, Payload payload, Dict options = {}) = 0;
  virtual Task<Outcome<Payload>> call(std::string procedure, Payload payload, Dict options, Progress progress) = 0;
  /// Returns when the router has confirmed it.
  virtual Task<Outcome<void>> publish(std::string topic, Payload payload, Dict options = {}) = 0;
  /// Without confirmation.
  virtual redan::Result<void> publish_unconfirmed(std::string topic, Payload payload, Dict options = {}) = 0;
  virtual Task<Outcome<Handle>> subscribe(std::string topic, OnEvent on_event, Dict options = {}) = 0;
  virtual Task<Outcome<void>> unsubscribe(Handle subscription) = 0;
  virtual Task<Outcome<Handle>> register_procedure(std::string procedure, OnInvocation on_invocation,
                                                   Dict options = {}) = 0;
  virtual Task<Outcome<void>> unregister(Handle registration) = 0;

  /// Keys for what is sent and received from now on.
  virtual void set_key_ring(std::shared_ptr<const KeyRing> key_ring) = 0;

  /// Ends the client; nothing is called afterwards, and operations fail with closed_locally.
  virtual void leave() = 0;
  [[nodiscard]] virtual bool connected() const = 0;
  /// From the last WELCOME: authid, authrole, roles, ...
  [[nodiscard]] virtual Dict welcome() const = 0;

  /// The connection was lost, or joining again failed. With `enabled` reconnection another attempt follows.
  std::function<void(const Failure&)> on_lost;
  std::function<void()> on_rejoined;  ///< all subscriptions and registrations are made again
  /// A payload of this URI was refused because of encryption: a key is missing, or there is an attacker in between.
  std::function<void(Errc why, const std::string& uri)> on_refused;

 protected:
  Client() = default;
};

}  // namespace redan::wamp
