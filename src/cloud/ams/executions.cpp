#include "cloud/ams/executions.hpp"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <redan/secret.hpp>

#include "base/hex.hpp"
#include "base/words.hpp"
#include "cloud/api/members.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kTimeForSockets{30};
// Queued for a client that reads slowly, beyond which the command waits; and for a command that reads slowly, or does
// not run yet, beyond which the client waits.
constexpr std::size_t kMaxQueued = 256 * 1024;
constexpr std::size_t kMaxEarlyControl = 16;  ///< messages

}  // namespace

struct Executions::Running {
  Running(boost::asio::io_context& io, api::Operation op, ExecSpec what)
      : operation(std::move(op)), spec(std::move(what)), timer(io) {}

  [[nodiscard]] std::shared_ptr<net::WebSocket> output(int descriptor) const {
    const auto found = sockets.find(spec.interactive ? "0" : std::to_string(descriptor));
    return found == sockets.end() ? nullptr : found->second.lock();
  }
  [[nodiscard]] bool has_outputs() const {
    if (spec.interactive) return output(1) != nullptr;
    return output(1) != nullptr || output(2) != nullptr;
  }
  [[nodiscard]] bool has_streams() const {
    const std::size_t needed = spec.interactive ? 1 : 3;
    return sockets.size() - sockets.count("control") == needed;
  }

  // A client may send before the command runs.
  void input(Bytes bytes) {
    if (!execution) early.insert(early.end(), bytes.begin(), bytes.end());
    if (execution) execution->write(bytes);
    const std::size_t unread = execution ? execution->unread() : early.size();
    if (unread > kMaxQueued) pause_input();
  }
  void pause_input() {
    const auto socket = sockets["0"].lock();
    if (!socket) return;
    socket->pause_reading();
    input_is_paused = true;
  }
  void resume_input() {
    const auto socket = sockets["0"].lock();
    if (std::exchange(input_is_paused, false) && socket) socket->resume_reading();
  }
  void end_input() {
    ended = true;
    if (execution) execution->close_input();
  }
  void keep_control(std::string_view message) {
    if (early_control.size() < kMaxEarlyControl) early_control.emplace_back(message);
  }
  void pass_early_input() {
    if (!early.empty()) execution->write(std::exchange(early, {}));
    if (execution->unread() == 0) resume_input();
    if (ended) execution->close_input();
  }

  api::Operation operation;
  ExecSpec spec;
  std::vector<std::uint8_t> early;
  std::vector<std::string> early_control;
  bool ended = false;
  bool input_is_paused = false;
  std::map<std::string, std::string> secrets;  ///< by the socket's name; those that are not used yet
  std::map<std::string, std::weak_ptr<net::WebSocket>> sockets;
  std::shared_ptr<Execution> execution;
  boost::asio::steady_timer timer;
  bool is_starting = false;
};

Executions::Executions(boost::asio::io_context& io, Context& context, Launcher& launcher,
                       std::function<void(api::Operation)> record_end)
    : io_(io), context_(context), launcher_(launcher), record_end_(std::move(record_end)) {}
Executions::~Executions() { stop(); }

void Executions::stop() {
  for (const auto& [id, running] : std::exchange(running_, {})) {
    running->timer.cancel();
    running->execution.reset();
  }
}

Outcome<void> Executions::check_support() const {
  if (!launcher_.can_exec()) return api::refuse(api::not_implemented(launcher_.missing_for_exec()));
  return {};
}

Outcome<api::Operation> Executions::prepare(const std::string& instance, ExecSpec spec) {
  if (running_.size() >= kMaxRunning) return api::refuse(api::refusal_of(Errc::too_many));
  api::Operation operation = context_.completed("Execute command", "instances", {instance});
  operation.type = api::OperationClass::websocket;
  operation.status = api::OperationStatus::running;
  operation.may_cancel = true;
  auto running = std::make_shared<Running>(io_, operation, std::move(spec));
  json::object shown;
  const std::vector<std::string> names = running->spec.interactive ? std::vector<std::string>{"0", "control"}
                                                                   : std::vector<std::string>{"0", "1", "2", "control"};
  for (const std::string& name : names) {
    std::array<std::uint8_t, 32> secret{};
    context_.provider.random(secret);
    running->secrets[name] = to_hex(secret);
    shown[name] = running->secrets[name];
  }
  running_[operation.id] = running;
  running->timer.expires_after(kTimeForSockets);
  running->timer.async_wait([this, running](const boost::system::error_code& error) {
    if (!error) end(running, api::OperationStatus::failure, "the client did not open the sockets in time");
  });
  // The secrets are in the answer only: they are not stored, and not sent to those that listen to events.
  operation.metadata["fds"] = std::move(shown);
  return operation;
}

Outcome<std::function<void(const std::shared_ptr<net::WebSocket>&)>> Executions::attach(const std::string& operation,
                                                                                        std::string_view secret) {
  REDAN_CHECK(check_support());
  const auto found = running_.find(operation);
  if (found == running_.end()) return api::refuse(api::not_found("operation with sockets"));
  if (secret.empty()) return api::refuse({401, "secret_missing", "missing secret", {}, 0});
  const RunningPtr running = found->second;
  for (const auto& [name, known] : running->secrets) {
    if (!equal_in_constant_time(as_bytes(known), as_bytes(secret))) continue;
    const std::string socket = name;
    running->secrets.erase(name);
    return [this, running, socket](const std::shared_ptr<net::WebSocket>& opened) {
      take_socket(running, socket, opened);
    };
  }
  return api::refuse(api::forbidden("the secret is wrong, or was used"));
}

void Executions::take_socket(const RunningPtr& running, const std::string& name,
                             const std::shared_ptr<net::WebSocket>& socket) {
  if (!running_.contains(running->operation.id)) return socket->close();
  running->sockets[name] = socket;
  const std::weak_ptr<Running> weak = running;
  if (name == "control") {
    socket->on_message = [this, weak](std::string_view message) {
      if (const auto one = weak.lock()) on_control(*one, message);
    };
    // The end of a socket that is paused is not seen, and a terminal has no other.
    socket->on_close = [this, weak] {
      const auto one = weak.lock();
      if (one && one->spec.interactive && one->input_is_paused) on_client_left(one);
    };
    return;
  }
  if (name == "0") {
    socket->on_binary = [this, weak](Bytes bytes) {
      if (const auto one = weak.lock()) one->input(bytes);
    };
    // An empty text message is the end of the input.
    socket->on_message = [weak](std::string_view message) {
      const auto one = weak.lock();
      if (one && message.empty()) one->end_input();
    };
  }
  const bool is_output = running->spec.interactive || name != "0";
  socket->on_close = [this, weak, name, is_output] {
    const auto one = weak.lock();
    if (!one) return;
    if (!is_output) one->end_input();
    if (is_output) one->sockets[name].reset();
    if (is_output && !one->has_outputs()) on_client_left(one);
  };
  if (!running->has_streams() || std::exchange(running->is_starting, true)) return;
  running->timer.cancel();
  boost::asio::co_spawn(io_, start(running), boost::asio::detached);
}

net::Task<void> Executions::start(RunningPtr running) {
  auto started = co_await launcher_.exec(running->operation.resources.front(), running->spec);
  if (!started) {
    end(running, api::OperationStatus::failure, started.error().message);
    co_return;
  }
  if (!running_.contains(running->operation.id)) co_return;  // cancelled meanwhile: the command is killed
  running->execution = std::move(*started);
  const std::weak_ptr<Running> weak = running;
  running->execution->on_output = [weak](int descriptor, Bytes bytes) {
    const auto one = weak.lock();
    const auto socket = one ? one->output(descriptor) : nullptr;
    if (socket) socket->send_binary(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  };
  running->execution->may_read = [weak](int descriptor) {
    const auto one = weak.lock();
    const auto socket = one ? one->output(descriptor) : nullptr;
    return !socket || socket->buffered() < kMaxQueued;
  };
  running->execution->on_input_read = [weak] {
    if (const auto one = weak.lock()) one->resume_input();
  };
  running->execution->on_end = [this, weak](int code) {
    const auto one = weak.lock();
    if (!one) return;
    one->operation.metadata["return"] = code;
    end(one, api::OperationStatus::success, {});
  };
  for (const std::string& message : std::exchange(running->early_control, {})) on_control(*running, message);
  if (running->execution) running->pass_early_input();
}

// One that opened no output yet, or only the one that it needs, may still open others.
void Executions::on_client_left(const RunningPtr& running) {
  if (running->is_starting) end(running, api::OperationStatus::failure, "the client closed its sockets");
}

// {"command":"window-resize","args":{"width":"80","height":"24"}} or {"command":"signal","signal":15}
void Executions::on_control(Running& running, std::string_view message) {
  if (!running.execution) return running.keep_control(message);
  const auto body = api::parse_body(message);
  if (!body) return;
  std::string command, width, height;
  std::int64_t number = 0;
  json::object args;
  const auto read =
      api::Members(*body).text("command", command).object("args", args).integer("signal", number, 0, 64).end({});
  const auto sizes = api::Members(args).text("width", width).text("height", height).end({});
  if (!read || !sizes) return;
  if (command == "signal" && number > 0) running.execution->signal(static_cast<int>(number));
  const auto columns = to_number<std::uint16_t>(width);
  const auto rows = to_number<std::uint16_t>(height);
  if (command == "window-resize" && columns && rows) running.execution->resize(*columns, *rows);
}

void Executions::cancel(const std::string& operation) {
  const auto found = running_.find(operation);
  if (found == running_.end()) return;
  end(RunningPtr(found->second), api::OperationStatus::cancelled, {});
}

void Executions::end(const RunningPtr& running, api::OperationStatus status, std::string err) {
  if (running_.erase(running->operation.id) == 0) return;
  running->timer.cancel();
  // Not destroyed here: this may be a callback of it.
  if (running->execution) {
    boost::asio::post(io_, [execution = std::move(running->execution)] {});
  }
  for (const auto& [name, weak] : running->sockets) {
    if (const auto socket = weak.lock()) socket->close();
  }
  running->operation.status = status;
  running->operation.err = std::move(err);
  running->operation.may_cancel = false;
  record_end_(running->operation);
}

}  // namespace redan::cloud::ams
