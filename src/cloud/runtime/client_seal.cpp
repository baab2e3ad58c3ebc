#include "cloud/runtime/client_seal.hpp"
#include "sealed/errors.hpp"

namespace redan::cloud::runtime {
namespace {

namespace signalling = api::signalling;
using Role = api::LinkHello::Role;

constexpr std::string_view kSignalling = "signalling";

std::string seal_text(Bytes bytes) { return signalling::text(signalling::Seal{std::string(as_text(bytes))}); }

}  // namespace

void ClientSeal::on_message(std::string_view text, WallTime now) {
  if (state_ == State::ended) return;
  const auto message = signalling::parse(text);
  const auto* seal = message ? std::get_if<signalling::Seal>(&*message) : nullptr;
  if (seal != nullptr) return on_seal(seal->body, now);
  on_clear(text);
}

void ClientSeal::on_clear(std::string_view text) {
  if (identity_.policy == api::SealedPolicy::required && state_ == State::fresh)
    return fail(sealed::errc::sealed_required);
  if (state_ != State::fresh && state_ != State::clear) return fail(sealed::errc::sealed_clear);
  if (state_ == State::fresh) {
    state_ = State::clear;
    callbacks_.open(role_, std::nullopt);
  }
  callbacks_.deliver(text);
}

void ClientSeal::on_seal(const std::string& body, WallTime now) {
  const Bytes bytes = as_bytes(body);
  switch (state_) {
    case State::fresh:
      if (identity_.policy == api::SealedPolicy::off) return;  // like any message of an unknown type
      return on_hello(bytes, now);
    case State::awaiting_auth:
      return on_auth(bytes, now);
    case State::sealed:
      return on_record(bytes);
    case State::clear:
    case State::awaiting_certificate:
      return fail(sealed::errc::sealed_syntax);
    case State::ended:
      return;
  }
}

void ClientSeal::on_hello(Bytes hello, WallTime now) {
  if (identity_.certificate.empty()) {
    waiting_hello_ = as_text(hello);
    state_ = State::awaiting_certificate;
    return;
  }
  sealed::Responder::Config config{identity_.session, identity_.instance, identity_.authorities, identity_.certificate};
  responder_.emplace(identity_.provider, std::move(config), identity_.key, identity_.used);
  const auto share = responder_->on_hello(hello, now);
  if (!share) return fail(share.error());
  state_ = State::awaiting_auth;
  callbacks_.send(seal_text(*share));
}

void ClientSeal::on_certificate(WallTime now) {
  if (state_ == State::awaiting_certificate) on_hello(as_bytes(waiting_hello_), now);
}

void ClientSeal::on_auth(Bytes record, WallTime now) {
  auto established = responder_->on_auth(record, now);
  if (!established) return fail(established.error());
  const bool may_control = responder_->grant().rights == sealed::SessionGrant::Rights::control;
  responder_.reset();
  channel_ = std::make_unique<sealed::Channel>(std::move(established->channel));
  state_ = State::sealed;
  std::optional<sealed::ConfirmKey> confirm;
  if (established->client_confirms) confirm = std::move(established->confirm);
  callbacks_.open(may_control ? role_ : Role::viewer, std::move(confirm));
}

void ClientSeal::on_record(Bytes record) {
  auto message = channel_->open(record);
  if (!message) return fail(message.error());
  if (message->type != kSignalling) return fail(sealed::errc::sealed_syntax);
  const std::string body = message->body;
  if (!message->mark.empty()) question_ = std::move(*message);
  callbacks_.deliver(body);
  question_.reset();
}

void ClientSeal::send(const std::string& text) {
  if (state_ == State::clear) return callbacks_.send(text);
  if (state_ != State::sealed) return;
  const auto record = question_ ? channel_->answer(*question_, kSignalling, text) : channel_->seal(kSignalling, text);
  question_.reset();
  if (!record) return fail(record.error());
  callbacks_.send(seal_text(*record));
}

// Sent in the clear: the other end cannot trust it, but the link ends in either case.
void ClientSeal::fail(Errc why) {
  if (state_ == State::ended) return;
  state_ = State::ended;
  callbacks_.send(signalling::text(signalling::Error{std::string(name(why)) + ": " + std::string(text(why))}));
  callbacks_.end(why);
}

}  // namespace redan::cloud::runtime
