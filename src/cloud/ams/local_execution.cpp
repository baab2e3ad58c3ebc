#include "cloud/ams/local_execution.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstdlib>
#include <cstring>

#include "cloud/ams/control_socket.hpp"
#include "cloud/isolation/request.hpp"
#include "net/descriptor.hpp"

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;
using Stream = asio::posix::stream_descriptor;
using isolation::Word;

constexpr std::chrono::seconds kMaxStart{10};
constexpr std::chrono::milliseconds kPause{10};
constexpr std::size_t kChunk = 64 * 1024;
constexpr char kEndOfTransmission = 4;  ///< what a terminal takes for the end of input

LaunchFailure failure(const std::string& what, int error) { return {what + ": " + std::strerror(error)}; }

// The ends of the command, and ours. On a terminal there is one of each.
struct Streams {
  std::vector<std::unique_ptr<net::Descriptor>> theirs;
  std::vector<std::unique_ptr<net::Descriptor>> ours;  ///< 0: its input; then its outputs

  bool add(int our_end, int their_end) {
    ours.push_back(std::make_unique<net::Descriptor>(our_end));
    theirs.push_back(std::make_unique<net::Descriptor>(their_end));
    return ours.back()->ok() && theirs.back()->ok() && ::fcntl(our_end, F_SETFL, O_NONBLOCK) == 0;
  }
  bool add_pipe(bool is_input) {
    std::array<int, 2> ends{-1, -1};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    return is_input ? add(ends[1], ends[0]) : add(ends[0], ends[1]);
  }
  bool add_pipes() { return add_pipe(true) && add_pipe(false) && add_pipe(false); }
  bool add_terminal(const winsize& size) {
    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    const bool unlocked = terminal >= 0 && ::grantpt(terminal) == 0 && ::unlockpt(terminal) == 0;
    const int inside = unlocked ? ::ioctl(terminal, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
    return add(terminal, inside) && ::ioctl(terminal, TIOCSWINSZ, &size) == 0;
  }
  // So that it can open /dev/stdout, and its terminal.
  bool give_to(uid_t user) const {
    for (const auto& end : theirs) {
      if (::fchown(end->get(), user, static_cast<gid_t>(-1)) != 0) return false;
    }
    return true;
  }
};

winsize size_of(std::uint16_t width, std::uint16_t height) {
  winsize size{};
  size.ws_col = width;
  size.ws_row = height;
  return size;
}

class LocalExecution final : public Execution, public std::enable_shared_from_this<LocalExecution> {
 public:
  LocalExecution(asio::io_context& io, int control, bool is_terminal)
      : control_(io, control), start_timer_(io), is_terminal_(is_terminal) {}

  // Passes the command's ends to the init, and waits until it runs.
  net::Task<LaunchResult<void>> start(const ExecSpec& spec, std::optional<uid_t> user) {
    Streams streams;
    const bool made = is_terminal_ ? streams.add_terminal(size_of(spec.width, spec.height)) : streams.add_pipes();
    if (!made || (user && !streams.give_to(*user))) {
      co_return tl::unexpected(failure("cannot make the streams of a command", errno));
    }
    if (!send_request(spec, streams)) co_return tl::unexpected(failure("cannot ask for a command", errno));
    streams.theirs.clear();
    const auto answered = [weak = weak_from_this()](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (!error && self) self->control_.cancel();
    };
    start_timer_.expires_after(kMaxStart);
    start_timer_.async_wait(answered);
    const auto [error] = co_await control_.async_wait(Stream::wait_read, asio::as_tuple(asio::use_awaitable));
    start_timer_.cancel();
    if (error) co_return tl::unexpected(LaunchFailure{"the instance does not start commands: it does not answer"});
    if (auto refusal = read_start(spec)) co_return tl::unexpected(std::move(*refusal));
    take(streams);
    co_return LaunchResult<void>{};
  }

  void write(Bytes bytes) override {
    if (!input_ || input_ends_) return;
    pending_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    write_pending();
  }
  [[nodiscard]] std::size_t unread() const override { return pending_.size(); }
  void close_input() override {
    if (is_terminal_) return write(Bytes(reinterpret_cast<const std::uint8_t*>(&kEndOfTransmission), 1));
    input_ends_ = true;
    write_pending();
  }
  void resize(std::uint16_t width, std::uint16_t height) override {
    const winsize size = size_of(width, height);
    if (is_terminal_ && !outputs_.empty()) ::ioctl(outputs_.front()->descriptor.native_handle(), TIOCSWINSZ, &size);
  }
  void signal(int number) override {
    const std::string text = Word{isolation::kSignal, number}.write();
    if (!code_) ::send(control_.native_handle(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }

 private:
  struct Output {
    Output(asio::any_io_executor executor, int fd, int the_number)
        : descriptor(executor, fd), pause(executor), number(the_number) {}
    Stream descriptor;
    asio::steady_timer pause;
    int number;
    bool ended = false;
  };

  bool send_request(const ExecSpec& spec, const Streams& streams) {
    std::array<int, 3> descriptors{};
    for (std::size_t i = 0; i < streams.theirs.size(); ++i) descriptors[i] = streams.theirs[i]->get();
    const isolation::Request request{spec.command, spec.environment, is_terminal_};
    return send_with_descriptors(control_.native_handle(), request.write(),
                                 {descriptors.data(), streams.theirs.size()});
  }

  // "" if the connection has ended.
  std::string receive() {
    std::array<char, isolation::kMaxWord> text{};
    const ssize_t size = ::recv(control_.native_handle(), text.data(), text.size(), MSG_DONTWAIT);
    return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : std::string();
  }

  std::optional<LaunchFailure> read_start(const ExecSpec& spec) {
    const std::string text = receive();
    const auto word = Word::parse(text);
    if (word && word->name == isolation::kStarted) return std::nullopt;
    if (word && word->name == isolation::kFailed) return failure("cannot run " + spec.command.front(), word->number);
    return LaunchFailure{"the instance does not start commands: it is ending, or has too many processes"};
  }

  static int release(std::unique_ptr<net::Descriptor>& end) { return ::fcntl(end->get(), F_DUPFD_CLOEXEC, 3); }

  void take(Streams& streams) {
    const auto executor = control_.get_executor();
    input_.emplace(executor, release(streams.ours.front()));
    for (std::size_t i = is_terminal_ ? 0 : 1; i < streams.ours.size(); ++i) {
      outputs_.push_back(
          std::make_unique<Output>(executor, release(streams.ours[i]), is_terminal_ ? 1 : static_cast<int>(i)));
      await_output(*outputs_.back());
    }
    await_end();
  }

  // The functions below hold no reference to the object while they wait: destroying it closes everything.
  template <class Then>
  auto if_alive(Then then) {
    return [weak = weak_from_this(), then](const boost::system::error_code& error) {
      const auto self = weak.lock();
      if (self && !error) then(*self);
    };
  }

  void await_output(Output& output) {
    output.descriptor.async_wait(Stream::wait_read,
                                 if_alive([&output](LocalExecution& self) { self.on_readable(output); }));
  }
  void on_readable(Output& output) {
    if (may_read && !may_read(output.number)) {
      output.pause.expires_after(kPause);
      return output.pause.async_wait(if_alive([&output](LocalExecution& self) { self.on_readable(output); }));
    }
    std::array<std::uint8_t, kChunk> buffer;
    const ssize_t size = ::read(output.descriptor.native_handle(), buffer.data(), buffer.size());
    if (size > 0 && on_output) on_output(output.number, Bytes(buffer.data(), static_cast<std::size_t>(size)));
    if (size > 0 || (size < 0 && (errno == EAGAIN || errno == EINTR))) return await_output(output);
    output.ended = true;  // a terminal ends with EIO
    end_if_all_is_reported();
  }

  void await_end() {
    control_.async_wait(Stream::wait_read, if_alive([](LocalExecution& self) { self.on_control(); }));
  }
  void on_control() {
    const std::string text = receive();
    const auto word = Word::parse(text);
    if (!word || word->name != isolation::kEnded) return finish(kKilledCode);
    code_ = word->number & 0xff;
    end_if_all_is_reported();
  }
  void end_if_all_is_reported() {
    for (const auto& output : outputs_) {
      if (!output->ended) return;
    }
    if (code_) finish(*code_);
  }
  void finish(int code) {
    input_.reset();
    if (const auto end = std::exchange(on_end, {})) end(code);
  }

  void write_pending() {
    if (!input_ || writing_) return;
    if (pending_.empty() && input_ends_) return input_.reset();
    if (pending_.empty()) {
      if (on_input_read) on_input_read();
      return;
    }
    writing_ = true;
    input_->async_wait(Stream::wait_write, if_alive([](LocalExecution& self) { self.on_writable(); }));
  }
  void on_writable() {
    writing_ = false;
    if (!input_) return;
    const ssize_t size = ::write(input_->native_handle(), pending_.data(), std::min(pending_.size(), kChunk));
    if (size > 0) pending_.erase(0, static_cast<std::size_t>(size));
    const bool broken = size < 0 && errno != EAGAIN && errno != EINTR;  // the command does not read any more
    if (broken) pending_.clear();
    write_pending();
    if (broken) input_.reset();
  }

  Stream control_;
  asio::steady_timer start_timer_;
  bool is_terminal_;
  std::optional<Stream> input_;
  std::string pending_;
  bool writing_ = false, input_ends_ = false;
  std::vector<std::unique_ptr<Output>> outputs_;
  std::optional<int> code_;
};

}  // namespace

net::Task<LaunchResult<std::shared_ptr<Execution>>> execute_locally(asio::io_context& io, std::filesystem::path control,
                                                                    std::optional<uid_t> user, ExecSpec spec) {
  const int connection = connect_to_control(control);
  if (connection < 0) {
    co_return tl::unexpected(
        failure("the instance takes no commands, it was started without isolation or is ending", errno));
  }
  const auto execution = std::make_shared<LocalExecution>(io, connection, spec.interactive);
  auto started = co_await execution->start(spec, user);
  if (!started) co_return tl::unexpected(started.error());
  co_return std::shared_ptr<Execution>(execution);
}

}  // namespace redan::cloud::ams
