// The runtime's end of one client's signalling, sealed or in plaintext according to the application's policy
// (docs/protocols/sealed.md). It is between the client's link and the streamer: it takes texts from the link, passes
// signalling messages to the streamer, and seals the streamer's answers. A machine without sockets.
#pragma once

#include <functional>

#include "cloud/api/agent.hpp"
#include "cloud/api/ams.hpp"
#include "cloud/api/signalling.hpp"
#include "sealed/handshake.hpp"

namespace redan::cloud::runtime {

/// What a runtime needs to seal: created once, shared by all clients. The certificate is empty until AMS has issued it.
struct SealIdentity {
  SealIdentity(Provider& the_provider, Bytes seed)
      : provider(the_provider), key(seed.first<sealed::kEd25519KeySize>()) {}

  Provider& provider;
  sealed::Ed25519Key key;
  sealed::UsedGrants used{};
  sealed::Authorities authorities{};
  std::string session, instance;
  api::SealedPolicy policy = api::SealedPolicy::off;
  std::vector<std::uint8_t> certificate{};
};

class ClientSeal {
 public:
  struct Callbacks {
    std::function<void(std::string)> send;  ///< over the link
    /// The client may begin, with these rights; `confirm` is set if it must confirm its DTLS connection.
    std::function<void(api::LinkHello::Role, std::optional<sealed::ConfirmKey> confirm)> open;
    std::function<void(std::string_view)> deliver;  ///< to the streamer, once open
    std::function<void(Errc)> end;                  ///< the final call
  };
  /// `identity`, and `role`, the client's role according to the gateway; a grant may restrict it.
  ClientSeal(SealIdentity& identity, api::LinkHello::Role role, Callbacks callbacks)
      : identity_(identity), role_(role), callbacks_(std::move(callbacks)) {}

  /// A text from the link.
  void on_message(std::string_view text, WallTime now);
  /// The identity has obtained its certificate.
  void on_certificate(WallTime now);
  /// Sends a signalling message to the client. During deliver() of a question it is the answer.
  void send(const std::string& text);

  [[nodiscard]] bool is_sealed() const { return channel_ != nullptr; }

 private:
  enum class State : std::uint8_t { fresh, clear, awaiting_certificate, awaiting_auth, sealed, ended };

  void on_clear(std::string_view text);
  void on_seal(const std::string& body, WallTime now);
  void on_hello(Bytes hello, WallTime now);
  void on_auth(Bytes record, WallTime now);
  void on_record(Bytes record);
  void fail(Errc why);

  SealIdentity& identity_;
  api::LinkHello::Role role_;
  Callbacks callbacks_;
  State state_ = State::fresh;
  std::string waiting_hello_;
  std::optional<sealed::Responder> responder_;
  std::unique_ptr<sealed::Channel> channel_;
  std::optional<sealed::Message> question_;  ///< being delivered, and unanswered
};

}  // namespace redan::cloud::runtime
