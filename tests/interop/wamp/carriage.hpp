// How the ends in hostile_test.cpp put text into payloads of WAMP messages: as plain arguments, or in a sealed channel.
#pragma once

#include <map>

#include "sealed/errors.hpp"
#include "tests/sealed/support.hpp"
#include "wamp/errors.hpp"
#include "wamp/message.hpp"

namespace redan::wamp {

/// How text travels between the originator and the responder of WAMP messages.
class Carriage {
 public:
  virtual ~Carriage() = default;
  using Opened = redan::Result<std::string>;
  virtual Payload from_originator(const std::string& text, const std::string& session) = 0;
  virtual Opened to_originator(const Payload& payload, const std::string& session) = 0;
  virtual Opened to_responder(const Payload& payload) = 0;
  /// An answer to the message opened last.
  virtual Payload from_responder(const std::string& text) = 0;
};

/// As plain arguments; a key ring may encrypt them.
class Plain : public Carriage {
 public:
  Payload from_originator(const std::string& text, const std::string&) override { return {{text}, {}, {}}; }
  Opened to_originator(const Payload& payload, const std::string&) override { return text_in(payload); }
  Opened to_responder(const Payload& payload) override { return text_in(payload); }
  Payload from_responder(const std::string& text) override { return {{text}, {}, {}}; }

 private:
  static Opened text_in(const Payload& payload) {
    const auto text = payload.args.empty() ? std::nullopt : payload.args.front().text();
    if (!text) return refuse(errc::wamp_protocol);
    return std::string(*text);
  }
};

/// In records of a sealed channel as binary arguments. The session beside them is a hint at the channel to try.
class Sealed : public Carriage {
 public:
  Payload from_originator(const std::string& text, const std::string& session) override {
    auto& channel = pair(session).client->channel;
    return payload_of(channel.seal("text", text, sealed::Channel::Kind::question).value(), session);
  }
  Opened to_originator(const Payload& payload, const std::string& session) override {
    return body_of(open(pair(session).client->channel, payload));
  }
  Opened to_responder(const Payload& payload) override {
    const Value* session = payload.kwargs.find("session");
    session_ = session != nullptr ? std::string(session->text().value_or("s1")) : "s1";
    auto message = open(pair(session_).runtime->channel, payload);
    if (message) question_ = *message;
    return body_of(message);
  }
  Payload from_responder(const std::string& text) override {
    return payload_of(pair(session_).runtime->channel.answer(question_, "text", text).value(), session_);
  }

 private:
  struct Session {
    sealed::test::World world;
    std::optional<sealed::test::Pair> pair;
  };
  sealed::test::Pair& pair(const std::string& name) {
    Session& session = sessions_[name];
    session.world.session = name;
    if (!session.pair) session.pair.emplace(session.world);
    return *session.pair;
  }
  static Payload payload_of(std::vector<std::uint8_t> record, const std::string& session) {
    return {{Binary(std::move(record))}, {{"session", session}}, {}};
  }
  static redan::Result<sealed::Message> open(sealed::Channel& channel, const Payload& payload) {
    const auto* record = payload.args.empty() ? nullptr : payload.args.front().get_if<Binary>();
    if (record == nullptr) return refuse(sealed::errc::sealed_clear);
    return channel.open(*record);
  }
  static Opened body_of(const redan::Result<sealed::Message>& message) {
    if (!message) return refuse(message.error());
    return message->body;
  }

  std::map<std::string, Session> sessions_;
  std::string session_ = "s1";
  sealed::Message question_;
};

}  // namespace redan::wamp
