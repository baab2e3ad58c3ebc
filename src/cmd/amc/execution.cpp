#include "cmd/amc/execution.hpp"

#include <unistd.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <map>
#include <set>

#include "cmd/amc/terminal.hpp"
#include "net/websocket/client.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
// Input that the server has not taken yet.
constexpr std::size_t kMaxQueued = 256 * 1024;
constexpr std::chrono::milliseconds kPause{5};

class Execution {
 public:
  Execution(Amc::Target target, const json::object& operation, bool on_terminal)
      : target_(std::move(target)),
        id_(text_of(operation, "id")),
        secrets_(operation.at("metadata").at("fds").as_object()),
        on_terminal_(on_terminal) {}

  /// Until the command has closed its output. Throws AmcFailure.
  void run() {
    signals_.add(SIGWINCH);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) signals_.add(number);
    asio::co_spawn(io_, pass_signals(), asio::detached);
    asio::co_spawn(io_, open(), asio::detached);
    io_.run();
    for (const auto& [name, socket] : sockets_) {
      socket->on_close = nullptr;
      socket->on_binary = nullptr;
    }
    sockets_.clear();
    if (failure_) throw AmcFailure(*failure_);
  }

 private:
  // The command starts when the sockets for its streams are open, so the one for input is the last.
  net::Task<void> open() {
    const std::vector<std::string> names =
        on_terminal_ ? std::vector<std::string>{"control", "0"} : std::vector<std::string>{"control", "1", "2", "0"};
    for (const std::string& name : names) {
      net::WebSocketClientConfig config{.server = target_.remote, .target = {}};
      config.target = path_of("/1.0/operations/", id_) + "/websocket?secret=" + text_of(secrets_, name);
      config.limits.first_message_timeout = std::chrono::seconds(0);
      auto opened = co_await net::open_websocket(std::move(config));
      if (!opened) co_return fail(failure_of(opened.error(), target_.name));
      take(name, *opened);
    }
    co_await pass_input();
  }

  void take(const std::string& name, const std::shared_ptr<net::WebSocket>& socket) {
    sockets_[name] = socket;
    if (name == "control" || (name == "0" && !on_terminal_)) return;
    const int descriptor = name == "2" ? STDERR_FILENO : STDOUT_FILENO;
    outputs_.insert(name);
    socket->on_binary = [this, descriptor](Bytes bytes) {
      if (!write_all(descriptor, bytes.data(), bytes.size())) io_.stop();
    };
    socket->on_close = [this, name] {
      outputs_.erase(name);
      if (outputs_.empty()) io_.stop();
    };
  }

  // An empty text message ends the input.
  net::Task<void> pass_input() {
    StandardInput input(io_);
    asio::steady_timer pause(io_);
    const std::shared_ptr<net::WebSocket> socket = sockets_.at("0");
    for (;;) {
      std::string data = co_await input.read();
      if (data.empty()) co_return socket->send({});
      socket->send_binary(std::move(data));
      while (socket->buffered() > kMaxQueued) {
        pause.expires_after(kPause);
        co_await pause.async_wait(kNoThrow);
      }
    }
  }

  net::Task<void> pass_signals() {
    std::set<int> passed;
    for (;;) {
      auto [error, number] = co_await signals_.async_wait(kNoThrow);
      if (error) co_return;
      if (number == SIGWINCH) {
        if (on_terminal_) send_size();
        continue;
      }
      const bool can_pass = !on_terminal_ && sockets_.contains("control") && passed.insert(number).second;
      if (!can_pass) co_return fail(AmcFailure(128 + number, "interrupted"));
      control({{"command", "signal"}, {"args", nullptr}, {"signal", number}});
    }
  }

  void send_size() {
    const TerminalSize size = terminal_size();
    const json::object args{{"width", std::to_string(size.columns)}, {"height", std::to_string(size.rows)}};
    control({{"command", "window-resize"}, {"args", args}, {"signal", 0}});
  }
  void control(const json::object& message) {
    const auto found = sockets_.find("control");
    if (found != sockets_.end()) found->second->send(json::serialize(message));
  }
  void fail(const AmcFailure& failure) {
    failure_ = failure;
    io_.stop();
  }

  Amc::Target target_;
  std::string id_;
  json::object secrets_;
  bool on_terminal_;
  asio::io_context io_{1};
  asio::signal_set signals_{io_};
  std::map<std::string, std::shared_ptr<net::WebSocket>> sockets_;
  std::set<std::string> outputs_;  ///< the sockets of output that are open
  std::optional<AmcFailure> failure_;
};

json::object request(const std::vector<std::string>& command, bool on_terminal) {
  json::object body{{"command", to_array(command)}, {"interactive", on_terminal}, {"environment", json::object()}};
  if (!on_terminal) return body;
  const TerminalSize size = terminal_size();
  body["width"] = size.columns;
  body["height"] = size.rows;
  if (const char* kind = std::getenv("TERM")) body["environment"] = {{"TERM", kind}};
  return body;
}

}  // namespace

int execute(Amc& amc, const std::string& instance, const std::vector<std::string>& command, bool on_terminal) {
  const std::string path = path_of("/1.0/instances/", instance) + "/exec";
  const json::value operation = amc.session().ask("POST", path, request(command, on_terminal));
  {
    std::optional<RawTerminal> raw;
    if (on_terminal) raw.emplace();
    Execution(amc.target(), operation.as_object(), on_terminal).run();
  }
  const json::value ended = amc.session().wait(operation);
  const json::value& metadata = ended.at("metadata");
  const json::value code = metadata.is_object() ? member_of(metadata.get_object(), "return") : nullptr;
  if (!code.is_number()) throw AmcFailure(kFailure, "AMS does not know the command's exit code");
  return static_cast<int>(code.to_number<std::int64_t>());
}

}  // namespace redan::cmd
