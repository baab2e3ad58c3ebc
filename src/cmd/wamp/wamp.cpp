// `redan wamp`: calls, events and procedures from the shell.
#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <iterator>

#include "cmd/wamp/json_payload.hpp"
#include "cmd/wamp/keys.hpp"
#include "cmd/wamp/session.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
using wamp::Dict;
using wamp::Payload;

constexpr const char* kFooter = R"(
Examples:
  redan wamp call com.example.add 1 2
  redan wamp publish com.example.news '{"headline": "rain"}'
  redan wamp subscribe com.example. --match prefix --json
  redan wamp register com.example.ping --answer '{"args": ["pong"]}'
  redan wamp keys generate --uri com.example. \
       --originator caller.json --responder callee.json

Secrets are in files that only their owner can read, never in arguments.
Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not authenticated, 4 network)";

constexpr const char* kCallFooter = R"(
An argument that is JSON is that value; any other is a text. The result is the
only argument of the answer, or {"args":[...],"kwargs":{...}}; with --json
always the latter.

Examples:
  redan wamp call com.example.add 1 2
  redan wamp call com.example.find hello --kwargs '{"limit": 10}' --timeout 5
  echo '{"args": [1], "kwargs": {}}' | redan wamp call com.example.f --stdin
  redan wamp call --router wss://router.example:8443/ws --pin 3a5c... \
       --auth ticket --authid alice --secret-file ticket com.example.add 1 2
  redan wamp call com.example.secret.f --key-ring ring.json --json

Exit codes: 0 done, 1 an ERROR, 2 wrong usage, 3 not let in, 4 network)";

constexpr const char* kPublishFooter = R"(
Ends when the router has confirmed it.

Examples:
  redan wamp publish com.example.news hello '{"n": 1}'
  redan wamp publish com.example.secret.news --key-ring ring.json hello

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not let in, 4 network)";

constexpr const char* kSubscribeFooter = R"(
Prints one JSON object per event: topic, args, kwargs, encrypted. "subscribed"
on standard error says that it begins. After a lost connection it joins again.

Examples:
  redan wamp subscribe com.example.news
  redan wamp subscribe com.example. --match prefix --count 10
  redan wamp subscribe com..news --match wildcard

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not let in, 4 network)";

constexpr const char* kRegisterFooter = R"(
Prints one JSON object per call: id, procedure, args, kwargs, encrypted. Each is
answered by a line on standard input, in any order:
  {"id": 1, "args": [3]}                        the result
  {"id": 1, "args": [1], "progress": true}      a part of it
  {"id": 1, "error": "com.example.error.bad"}   an ERROR
The end of standard input ends it. With --answer every call gets that answer.
"registered" on standard error says that it begins.

Examples:
  redan wamp register com.example.ping --answer '{"args": ["pong"]}'
  mkfifo answers; redan wamp register com.example.double < answers |
    jq -c --unbuffered '{id, args: [.args[0] * 2]}' > answers

Exit codes: 0 done, 1 refused, 2 wrong usage, 3 not let in, 4 network)";

struct PayloadOptions {
  std::vector<std::string> arguments;
  std::string kwargs;
  bool from_stdin = false;
};

void add_payload_options(CLI::App& command, PayloadOptions& options) {
  command.add_option("args", options.arguments, "Arguments: JSON, or text");
  command.add_option("--kwargs", options.kwargs, "A JSON object of named arguments");
  command.add_flag("--stdin", options.from_stdin, "Read {\"args\":[...],\"kwargs\":{...}} from standard input");
}

Payload payload_from(const PayloadOptions& options) {
  Payload payload;
  if (options.from_stdin) {
    const std::string text{std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
    payload = payload_of(parse_object("standard input", text));
  }
  for (const std::string& argument : options.arguments) payload.args.push_back(parse_argument(argument));
  if (!options.kwargs.empty()) payload.kwargs = parse_object("--kwargs", options.kwargs);
  return payload;
}

// call

struct CallOptions {
  WampRouterOptions router;
  std::string procedure;
  PayloadOptions payload;
  double timeout = 0;
  bool progress = false;
};

net::Task<void> call(const CallOptions& options, WampSession& session) {
  Payload payload = payload_from(options.payload);
  Dict details;
  if (options.timeout > 0) details["timeout"] = std::max<std::int64_t>(std::llround(options.timeout * 1000), 1);
  wamp::Client::Progress progress;
  if (options.progress) {
    progress.on_result = [](const Payload& part) { print_line(to_json(with_payload({{"progress", true}}, part))); };
  }
  auto result =
      co_await session.client().call(options.procedure, std::move(payload), std::move(details), std::move(progress));
  if (!result) co_return session.fail(result.error());
  print_line(session.json() ? to_json(with_payload({}, *result)) : shown(*result));
  session.finish(kOk);
}

void add_call(CLI::App& wamp, Run& run) {
  CLI::App* command = wamp.add_subcommand("call", "Call a procedure and print its result");
  auto options = std::make_shared<CallOptions>();
  command->add_option("procedure", options->procedure, "Its URI")->required();
  add_payload_options(*command, options->payload);
  command->add_option("--timeout", options->timeout, "Seconds to wait (default: for ever)")
      ->check(CLI::Range(0.001, 86'400.0));
  command->add_flag("--progress", options->progress, "Print results that come in parts, a line each");
  add_wamp_router_options(*command, options->router);
  command->footer(kCallFooter);
  command->callback([&run, options] {
    run = [options] {
      return WampSession(options->router).run([options](WampSession& session) { return call(*options, session); });
    };
  });
}

// publish

struct PublishOptions {
  WampRouterOptions router;
  std::string topic;
  PayloadOptions payload;
};

net::Task<void> publish(const PublishOptions& options, WampSession& session) {
  Payload payload = payload_from(options.payload);
  auto published = co_await session.client().publish(options.topic, std::move(payload));
  if (!published) co_return session.fail(published.error());
  session.finish(kOk);
}

void add_publish(CLI::App& wamp, Run& run) {
  CLI::App* command = wamp.add_subcommand("publish", "Publish one event");
  auto options = std::make_shared<PublishOptions>();
  command->add_option("topic", options->topic, "Its URI")->required();
  add_payload_options(*command, options->payload);
  add_wamp_router_options(*command, options->router);
  command->footer(kPublishFooter);
  command->callback([&run, options] {
    run = [options] {
      return WampSession(options->router).run([options](WampSession& session) { return publish(*options, session); });
    };
  });
}

// subscribe

struct SubscribeOptions {
  WampRouterOptions router;
  std::string topic, match = "exact";
  std::uint64_t count = 0;
};

net::Task<void> subscribe(const SubscribeOptions& options, WampSession& session) {
  const wamp::Client::OnEvent on_event = [&session, left = options.count](const wamp::Client::Event& event) mutable {
    Dict line{{"topic", event.topic}};
    line = with_payload(std::move(line), event.payload);
    line["encrypted"] = event.encrypted;
    print_line(to_json(line));
    if (left > 0 && --left == 0) session.finish(kOk);
  };
  Dict details{{"match", options.match}};
  auto made = co_await session.client().subscribe(options.topic, on_event, std::move(details));
  if (!made) co_return session.fail(made.error());
  std::fprintf(stderr, "subscribed\n");
}

CLI::Option* add_match(CLI::App& command, std::string& match) {
  return command.add_option("--match", match, "exact, prefix or wildcard")
      ->check(CLI::IsMember({"exact", "prefix", "wildcard"}))
      ->capture_default_str();
}

void add_subscribe(CLI::App& wamp, Run& run) {
  CLI::App* command = wamp.add_subcommand("subscribe", "Print events as they come");
  auto options = std::make_shared<SubscribeOptions>();
  command->add_option("topic", options->topic, "Their URI, or a pattern")->required();
  add_match(*command, options->match);
  command->add_option("--count", options->count, "End after so many events (default: never)");
  add_wamp_router_options(*command, options->router);
  command->footer(kSubscribeFooter);
  command->callback([&run, options] {
    run = [options] {
      return WampSession(options->router).run([options](WampSession& session) { return subscribe(*options, session); });
    };
  });
}

// register

struct RegisterOptions {
  WampRouterOptions router;
  std::string procedure, match = "exact", invoke = "single", answer;
};

/// Calls that wait for their line on standard input.
class Calls {
 public:
  explicit Calls(WampSession& session) : session_(session), input_(session.io(), ::dup(STDIN_FILENO)) {}

  void ask(const std::shared_ptr<wamp::Client::Invocation>& call) {
    const std::uint64_t id = ++last_;
    waiting_.emplace(id, call);
    call->on_cancel = [this, id] {
      const auto at = waiting_.find(id);
      if (at == waiting_.end()) return;
      print_line(to_json(Dict{{"id", id}, {"canceled", true}}));
      (void)at->second->fail("wamp.error.canceled");
      waiting_.erase(at);
    };
    Dict line{{"id", id}, {"procedure", call->procedure}};
    line = with_payload(std::move(line), call->payload);
    line["encrypted"] = call->encrypted;
    print_line(to_json(line));
  }

  net::Task<void> read_answers() {
    for (;;) {
      auto [error, size] = co_await asio::async_read_until(input_, typed_, '\n', asio::as_tuple(asio::use_awaitable));
      if (error) break;
      std::string line;
      std::getline(std::istream(&typed_), line);
      take(line);
    }
    session_.finish(kOk);
  }

 private:
  void take(const std::string& line) {
    try {
      const Dict answer = parse_object("an answer", line);
      const wamp::Value* const id = answer.find("id");
      const auto at = waiting_.find(id == nullptr ? 0 : id->id().value_or(0));
      if (at == waiting_.end()) throw std::runtime_error("no call with this id waits");
      give(at, answer);
    } catch (const std::runtime_error& error) {
      log_line(error.what());
    }
  }

  void give(std::map<std::uint64_t, std::shared_ptr<wamp::Client::Invocation>>::iterator at, const Dict& answer) {
    Payload payload = payload_of(answer);
    const wamp::Value* const progress = answer.find("progress");
    if (progress != nullptr && progress->boolean().value_or(false)) {
      return warn(at->second->progress(std::move(payload)));
    }
    const auto call = at->second;
    waiting_.erase(at);
    const wamp::Value* const error = answer.find("error");
    if (error == nullptr) return warn(call->yield(std::move(payload)));
    warn(call->fail(std::string(error->text().value_or("")), std::move(payload)));
  }

  static void warn(const redan::Result<void>& sent) {
    if (!sent) log_line("an answer is not sent: " + std::string(text(sent.error())));
  }

  WampSession& session_;
  asio::posix::stream_descriptor input_;
  asio::streambuf typed_{1024 * 1024};
  std::map<std::uint64_t, std::shared_ptr<wamp::Client::Invocation>> waiting_;
  std::uint64_t last_ = 0;
};

net::Task<void> serve(const RegisterOptions& options, WampSession& session) {
  std::shared_ptr<Calls> calls;
  wamp::Client::OnInvocation on_call;
  if (options.answer.empty()) {
    calls = std::make_shared<Calls>(session);
    on_call = [calls](const std::shared_ptr<wamp::Client::Invocation>& call) { calls->ask(call); };
  } else {
    on_call = [answer = payload_of(parse_object("--answer", options.answer))](
                  const std::shared_ptr<wamp::Client::Invocation>& call) { (void)call->yield(answer); };
  }
  Dict details{{"match", options.match}, {"invoke", options.invoke}};
  auto made = co_await session.client().register_procedure(options.procedure, on_call, std::move(details));
  if (!made) co_return session.fail(made.error());
  std::fprintf(stderr, "registered\n");
  if (calls) co_await calls->read_answers();
}

void add_register(CLI::App& wamp, Run& run) {
  CLI::App* command = wamp.add_subcommand("register", "Answer the calls of a procedure");
  auto options = std::make_shared<RegisterOptions>();
  command->add_option("procedure", options->procedure, "Its URI, or a pattern")->required();
  add_match(*command, options->match);
  command->add_option("--invoke", options->invoke, "Among several callees: single, roundrobin, random, first or last")
      ->check(CLI::IsMember({"single", "roundrobin", "random", "first", "last"}))
      ->capture_default_str();
  command->add_option("--answer", options->answer, "The answer to every call: {\"args\":[...],\"kwargs\":{...}}");
  add_wamp_router_options(*command, options->router);
  command->footer(kRegisterFooter);
  command->callback([&run, options] {
    run = [options] {
      return WampSession(options->router).run([options](WampSession& session) { return serve(*options, session); });
    };
  });
}

}  // namespace

void add_wamp(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("wamp", "Call, publish, subscribe and register on a WAMP router");
  command->require_subcommand(1);
  add_call(*command, run);
  add_publish(*command, run);
  add_subscribe(*command, run);
  add_register(*command, run);
  add_wamp_keys(*command, run);
  command->footer(kFooter);
}

}  // namespace redan::cmd
