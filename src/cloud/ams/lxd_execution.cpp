#include "cloud/ams/lxd_execution.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using SocketPtr = std::shared_ptr<net::WebSocket>;

constexpr std::chrono::milliseconds kPause{10};
constexpr char kEndOfTransmission = 4;  ///< what a terminal takes for the end of input

// LXD takes the numbers as texts.
std::string resize_message(std::uint16_t width, std::uint16_t height) {
  json::object args{{"width", std::to_string(width)}, {"height", std::to_string(height)}};
  return json::serialize(json::object{{"command", "window-resize"}, {"args", std::move(args)}});
}
std::string signal_message(int number) {
  return json::serialize(json::object{{"command", "signal"}, {"signal", number}});
}

class LxdExecution final : public Execution, public std::enable_shared_from_this<LxdExecution> {
 public:
  LxdExecution(asio::io_context& io, std::shared_ptr<LxdClient> client, std::string operation, bool is_terminal)
      : io_(io), client_(std::move(client)), operation_(std::move(operation)), is_terminal_(is_terminal) {}

  ~LxdExecution() override {
    if (control_ && !has_ended_) control_->send(signal_message(SIGKILL));
    for (const SocketPtr& socket : {control_, input_}) {
      if (socket) socket->close();
    }
    for (const auto& output : outputs_) output->socket->close();
  }
  LxdExecution(const LxdExecution&) = delete;
  LxdExecution& operator=(const LxdExecution&) = delete;

  void take(std::string_view name, const SocketPtr& socket) {
    if (name == "control") take_control(socket);
    if (name == "0") take_input(socket);
    if (name == "1" || (name == "0" && is_terminal_)) take_output(socket, 1);
    if (name == "2") take_output(socket, 2);
  }

  void write(Bytes bytes) override { input_->send_binary(std::string(as_text(bytes))); }
  [[nodiscard]] std::size_t unread() const override { return input_->buffered(); }
  // To LXD an empty text message is the end of the input.
  void close_input() override {
    if (is_terminal_) return input_->send_binary(std::string(1, kEndOfTransmission));
    input_->send({});
  }
  void resize(std::uint16_t width, std::uint16_t height) override { control_->send(resize_message(width, height)); }
  void signal(int number) override { control_->send(signal_message(number)); }

 private:
  struct Output {
    Output(asio::io_context& io, SocketPtr its_socket, int the_number)
        : socket(std::move(its_socket)), pause(io), number(the_number) {}
    SocketPtr socket;
    asio::steady_timer pause;
    int number;
    bool ended = false;
  };

  // The functions below hold no reference to the object while they wait: destroying it kills the command.
  template <class Then>
  auto if_alive(Then then) {
    return [weak = weak_from_this(), then](auto&&... arguments) {
      if (const auto self = weak.lock()) then(*self, arguments...);
    };
  }

  // LXD closes it when the command has ended.
  void take_control(const SocketPtr& socket) {
    control_ = socket;
    socket->on_close = if_alive([](LxdExecution& self) {
      self.control_is_closed_ = true;
      self.end_if_all_is_reported();
    });
  }
  void take_input(const SocketPtr& socket) {
    input_ = socket;
    socket->on_drained = if_alive([](LxdExecution& self) {
      if (self.on_input_read) self.on_input_read();
    });
  }
  void take_output(const SocketPtr& socket, int number) {
    outputs_.push_back(std::make_unique<Output>(io_, socket, number));
    Output& output = *outputs_.back();
    const auto ended = if_alive([&output](LxdExecution& self) {
      output.ended = true;
      self.end_if_all_is_reported();
    });
    socket->on_binary = if_alive([&output](LxdExecution& self, Bytes bytes) { self.report(output, bytes); });
    // An empty text message is the end. Of a terminal, LXD then waits for the end of the input.
    socket->on_message = if_alive([&output, ended](LxdExecution&, std::string_view) {
      output.socket->close();
      ended();
    });
    socket->on_close = ended;
  }

  void report(Output& output, Bytes bytes) {
    if (on_output) on_output(output.number, bytes);
    if (!may_read || may_read(output.number)) return;
    output.socket->pause_reading();
    wait_until_it_may_be_read(output);
  }
  void wait_until_it_may_be_read(Output& output) {
    output.pause.expires_after(kPause);
    output.pause.async_wait(if_alive([&output](LxdExecution& self, const boost::system::error_code& error) {
      if (error) return;
      if (!self.may_read(output.number)) return self.wait_until_it_may_be_read(output);
      output.socket->resume_reading();
    }));
  }

  void end_if_all_is_reported() {
    if (!control_is_closed_ || has_ended_) return;
    for (const auto& output : outputs_) {
      if (!output->ended) return;
    }
    has_ended_ = true;
    asio::co_spawn(io_, end(client_, operation_, weak_from_this()), asio::detached);
  }
  static net::Task<void> end(std::shared_ptr<LxdClient> client, std::string operation,
                             std::weak_ptr<LxdExecution> weak) {
    const auto code = co_await client->exit_code(std::move(operation));
    const auto self = weak.lock();
    if (!self) co_return;
    if (const auto report_end = std::exchange(self->on_end, {})) report_end(code.value_or(kKilledCode));
  }

  asio::io_context& io_;
  std::shared_ptr<LxdClient> client_;
  std::string operation_;
  bool is_terminal_;
  SocketPtr control_, input_;
  std::vector<std::unique_ptr<Output>> outputs_;
  bool control_is_closed_ = false, has_ended_ = false;
};

}  // namespace

net::Task<LxdResult<std::shared_ptr<Execution>>> execute_in_lxd(asio::io_context& io, std::shared_ptr<LxdClient> client,
                                                                std::string name, ExecSpec spec) {
  LxdCommand command{std::move(spec)};
  const bool is_terminal = command.spec.interactive;
  REDAN_CO_TRY(const auto sockets, co_await client->exec(std::move(name), std::move(command)));
  const auto execution = std::make_shared<LxdExecution>(io, client, sockets.operation, is_terminal);
  // The command starts when the last one is open: until the caller has set its callbacks nothing is reported.
  std::vector<std::string> order{"control", "0"};
  if (!is_terminal) order.insert(order.end(), {"1", "2"});
  for (const std::string& socket : order) {
    REDAN_CO_TRY(const auto opened, co_await client->command_socket(sockets.operation, sockets.secrets.at(socket)));
    execution->take(socket, opened);
  }
  co_return std::shared_ptr<Execution>(execution);
}

}  // namespace redan::cloud::ams
