#include "rtc/ice/gatherer.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPacing = 50ms;  // Ta, RFC 8445 section 14.2
// Shorter than that of a NAT's mapping (RFC 4787 section 4.3: two minutes, of many thirty seconds).
constexpr Duration kRepeat = 20s;
constexpr Duration kFirstPause = 10s, kLongestPause = 5min;
// A server that is worth asking answers within a second; gathering ends after 5.75 s.
constexpr stun::Timing kTiming{.rto = 250ms, .rc = 5, .rm = 8, .ti = 5'750ms};
constexpr Duration kOpenTimeout = 10s;
// Peers have moved from an allocation to its successor by then: a side that is controlled moves when the other side
// nominates, which checks each pair once a second or on its 4 to 6 s of consent.
constexpr Duration kRetirement = 15s;
// A relay over a stream is slower than one over UDP, whatever the order of the servers: ranks 8 to 15.
constexpr std::size_t kStreamRank = 8;

}  // namespace

Address ip_of(const Address& address) {
  const Bytes ip = address.ip();
  if (address.family() == Address::Family::ipv6) return Address::v6(ip.first<16>(), 0);
  return Address::v4({ip[0], ip[1], ip[2], ip[3]}, 0);
}

Gatherer::Gatherer(std::vector<IceServer> servers, const std::vector<Address>& locals, bool relay_only,
                   Provider& provider)
    : servers_(std::move(servers)), locals_(locals), relay_only_(relay_only), provider_(&provider) {
  for (std::size_t rank = 0; rank < servers_.size(); ++rank) {
    const IceServer& server = servers_[rank];
    if (relay_only && server.kind == IceServer::Kind::stun) continue;
    for (std::size_t base = 0; base < locals.size() && tasks_.size() < kMaxTasks; ++base) {
      if (locals[base].family() != server.address.family()) continue;
      Task& task = tasks_.emplace_back();
      task.server = &server;
      task.by_socket = server.transport != IceServer::Transport::udp;
      task.rank = rank + (task.by_socket ? kStreamRank : 0);
      task.local = locals[base];
      task.base = base;
    }
  }
}

// Input.

bool Gatherer::handle_input(TimePoint now, const Path& path, Bytes bytes) {
  bool ours = false;
  for (Task& task : tasks_) {
    if (task.by_socket || path != Path{task.local, task.server->address}) continue;
    // A server may be listed twice, as STUN and as TURN: each takes what it awaits.
    if (task.binding) {
      const auto message = stun::Message::parse(bytes);
      if (message) task.binding->handle_input(now, path, *message);
    }
    if (task.turn) task.turn->handle_input(now, path, bytes);
    ours = true;
  }
  if (ours) wake_ = TimePoint::min();
  return ours;
}

// Relayed addresses.

const Gatherer::Task* Gatherer::find(const Address& relayed) const {
  const auto found =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const Task& task) { return task.relayed == relayed; });
  return found == tasks_.end() ? nullptr : &*found;
}

bool Gatherer::permit(TimePoint now, const Path& path) {
  Task* task = find(path.local);
  if (task == nullptr || !task->turn->permit(now, path.remote)) return false;
  ++task->wanted[ip_of(path.remote)];
  wake_ = TimePoint::min();
  if (task->turn->permitted(now, path.remote)) events_.emplace_back(Permitted{path.local, ip_of(path.remote)});
  return true;
}

void Gatherer::release(const Path& path) {
  Task* task = find(path.local);
  if (task == nullptr) return;
  const auto found = task->wanted.find(ip_of(path.remote));
  if (found == task->wanted.end() || --found->second != 0) return;
  task->wanted.erase(found);
  task->turn->forget(path.remote);
}

void Gatherer::bind(TimePoint now, const Path& path) {
  Task* task = find(path.local);
  if (task == nullptr || !task->wanted.contains(ip_of(path.remote))) return;
  static_cast<void>(task->turn->bind(now, path.remote));  // without one, data goes in indications
  wake_ = TimePoint::min();
}

std::size_t Gatherer::free_permissions(const Address& relayed) const {
  const Task* task = find(relayed);
  return task == nullptr ? 0 : kMaxPermissions - task->wanted.size();
}

std::optional<Gatherer::Sent> Gatherer::wrap(TimePoint now, const Path& path, MutableBytes buffer, std::size_t size) {
  Task* task = find(path.local);
  if (task == nullptr) return std::nullopt;
  scratch_.resize(std::max(scratch_.size(), size + kOverhead));
  std::copy_n(buffer.begin(), size, scratch_.begin() + turn::Client::kHeadroom);
  const MutableBytes message = task->turn->wrap(now, path.remote, scratch_, size);
  if (message.empty() || message.size() > buffer.size()) return std::nullopt;
  std::copy(message.begin(), message.end(), buffer.begin());
  return to_server(*task, task->turn->path(), buffer.first(message.size()), true);
}

// Tasks.

void Gatherer::begin(TimePoint now, Task& task) {
  task.next = kNever;
  const Path path{task.local, task.server->address};
  if (task.server->kind == IceServer::Kind::stun) {
    task.binding = std::make_unique<stun::BindingClient>(path, stun::Transport::datagram, *provider_);
    return task.binding->start(now, kTiming);
  }
  begin_turn(now, task);
}

turn::Config Gatherer::config_of(const Task& task) {
  turn::Config config;
  config.servers = {{task.server->address, static_cast<turn::Transport>(task.server->transport), task.server->host}};
  config.families = task.local.family() == Address::Family::ipv6 ? turn::Families::ipv6 : turn::Families::ipv4;
  config.credentials_end = task.server->credentials_end;
  config.allocate_timing = kTiming;
  return config;
}

void Gatherer::begin_turn(TimePoint now, Task& task) {
  turn::Config config = config_of(task);
  if (!task.server->username.empty()) {
    auto made = stun::Credentials::make(task.server->username, as_text(task.server->password.expose()));
    if (!made) return on_failed(now, task, made.error(), "the user name or the password cannot be used");
    config.credentials = std::move(*made);
  }
  task.turn = std::make_unique<turn::Client>(std::move(config), *provider_);
  task.turn->start(now);
}

// A redirection is to an address of the server's choice: it is not followed.
void Gatherer::connect(TimePoint now, Task& task, const turn::Client::Connect& connect) {
  if (connect.server.address != task.server->address) return task.turn->connect_failed(now);
  task.by_socket = task.by_socket || connect.new_port;
  if (!task.by_socket) return task.turn->connected(now, task.local);
  close_socket(task);
  task.socket_error.reset();
  task.socket = Socket{{next_socket_++}, now + kOpenTimeout};
  events_.emplace_back(OpenSocket{task.socket->id, task.local, task.server});
}

// False: it is no news. What a server says is believed for descriptions only: one of our own addresses stays ours.
bool Gatherer::add(Task& task, CandidateType type, const Address& address, std::optional<Duration> rtt) {
  const auto same = [&](const Gathered& each) { return each.candidate.address == address; };
  const bool ours = std::find(locals_.begin(), locals_.end(), address) != locals_.end();
  const bool hidden = relay_only_ && type != CandidateType::relayed;
  if (ours || hidden || address.port() == 0 || std::any_of(candidates_.begin(), candidates_.end(), same)) return false;
  std::optional<Address>& place = type == CandidateType::relayed ? task.relayed : task.mapped;
  drop(place);  // the NAT has another mapping now
  place = address;
  candidates_.push_back({local_candidate(type, address, task.base, task.rank), task.local, task.server->text(), rtt});
  events_.emplace_back(Found{candidates_.back()});
  return true;
}

void Gatherer::drop(std::optional<Address>& address) {
  const auto found = std::find_if(candidates_.begin(), candidates_.end(),
                                  [&](const Gathered& each) { return each.candidate.address == address; });
  address.reset();
  if (found == candidates_.end()) return;
  events_.emplace_back(Lost{found->candidate});
  candidates_.erase(found);
}

void Gatherer::drop_all(Task& task) {
  task.wanted.clear();
  drop(task.relayed);
  drop(task.mapped);
}

void Gatherer::settle(Task& task) {
  task.answered = true;
  const bool all = std::all_of(tasks_.begin(), tasks_.end(), [](const Task& each) { return each.answered; });
  if (all && !std::exchange(done_, true)) events_.emplace_back(Done{});
}

void Gatherer::on_failed(TimePoint now, Task& task, Errc reason, std::string detail) {
  if (task.socket_error) {
    reason = task.socket_error->code;
    detail += ": " + task.socket_error->detail;
  }
  task.turn.reset();
  close_socket(task);
  drop_all(task);
  if (task.number) {  // another task has taken over
    task.over = true;
    return;
  }
  task.pause = task.pause == Duration{} ? kFirstPause : std::min<Duration>(task.pause * 2, kLongestPause);
  task.next = now + task.pause;
  events_.emplace_back(ServerFailed{task.server->text(), reason, std::move(detail)});
  settle(task);
}

void Gatherer::on_allocated(TimePoint now, Task& task, const turn::Client::Allocated& allocated) {
  task.pause = {};
  const std::optional<Duration> rtt = task.turn->statistics().rtt;
  // What the server sees of a socket of its own is not an address at which the endpoint's port can be reached.
  if (allocated.mapped && !task.by_socket) add(task, CandidateType::server_reflexive, *allocated.mapped, rtt);
  const auto& relayed = task.local.family() == Address::Family::ipv6 ? allocated.ipv6 : allocated.ipv4;
  if (relayed && add(task, CandidateType::relayed, *relayed, rtt)) retire_predecessor(now, task);
  settle(task);
}

std::optional<Gatherer::Output> Gatherer::poll_binding(TimePoint now, Task& task, MutableBytes buffer) {
  const auto output = task.binding->poll_output(now, buffer);
  if (const auto* wait = std::get_if<Wait>(&output)) {
    wake_ = std::min(wake_, wait->until);
    return std::nullopt;
  }
  if (const auto* transmit = std::get_if<stun::BindingClient::Transmit>(&output))
    return Transmit{transmit->path, transmit->bytes};
  if (const auto* mapped = std::get_if<stun::BindingClient::Mapped>(&output)) {
    task.pause = {};
    task.next = now + kRepeat;
    add(task, CandidateType::server_reflexive, mapped->address, mapped->rtt);
    settle(task);
  } else if (const auto* failed = std::get_if<stun::BindingClient::Failed>(&output)) {
    on_failed(now, task, Errc::io_failed,
              failed->server_code == 0 ? "no answer" : "it refuses with code " + std::to_string(failed->server_code));
  }
  return poll(now, task, buffer);
}

std::optional<Gatherer::Output> Gatherer::poll_turn(TimePoint now, Task& task, MutableBytes buffer) {
  using turn::Client;
  while (true) {
    const Client::Output output = task.turn->poll_output(now, buffer);
    if (const auto* wait = std::get_if<Wait>(&output)) {
      wake_ = std::min(wake_, wait->until);
      return std::nullopt;
    }
    if (const auto* transmit = std::get_if<Client::Transmit>(&output)) {
      return output_of(to_server(task, transmit->path, transmit->bytes, false));
    } else if (const auto* wanted = std::get_if<Client::Connect>(&output)) {
      connect(now, task, *wanted);
    } else if (const auto* allocated = std::get_if<Client::Allocated>(&output)) {
      on_allocated(now, task, *allocated);
    } else if (const auto* received = std::get_if<Client::Received>(&output)) {
      if (task.relayed) return Received{{*task.relayed, received->peer}, received->payload};
    } else if (const auto* permitted = std::get_if<Client::Permitted>(&output)) {
      if (task.relayed) return Permitted{*task.relayed, permitted->peer};
    } else if (const auto* failed = std::get_if<Client::Failed>(&output)) {
      on_failed(now, task, failed->failure.reason, failed->failure.text());
      return poll(now, task, buffer);
    } else if (const auto* renew = std::get_if<Client::RenewCredentials>(&output)) {
      events_.emplace_back(CredentialsEnd{task.server->text(), renew->until});
    } else if (std::holds_alternative<Client::Closed>(output)) {
      task.turn.reset();
      close_socket(task);
      task.over = true;
      return std::nullopt;
    }
  }
}

std::optional<Gatherer::Output> Gatherer::poll(TimePoint now, Task& task, MutableBytes buffer) {
  check_deadlines(now, task);
  if (task.next <= now) begin(now, task);
  wake_ = std::min(wake_, events_.empty() ? task.next : now);
  if (task.turn) return poll_turn(now, task, buffer);
  if (task.binding) return poll_binding(now, task, buffer);
  return std::nullopt;
}

Gatherer::Output Gatherer::poll_output(TimePoint now, MutableBytes buffer) {
  if (!std::exchange(started_, true)) {
    for (std::size_t i = 0; i < tasks_.size(); ++i) tasks_[i].next = now + kPacing * static_cast<int>(i);
    if (tasks_.empty()) {
      done_ = true;
      events_.emplace_back(Done{});
    }
  }
  if (events_.empty() && now < wake_) return Wait{wake_};
  wake_ = kNever;
  std::erase_if(tasks_, [](const Task& task) { return task.over; });
  if (events_.empty()) {
    for (Task& task : tasks_) {
      if (auto output = poll(now, task, buffer)) {
        wake_ = TimePoint::min();
        return std::move(*output);
      }
    }
  }
  if (events_.empty()) return Wait{wake_};
  wake_ = TimePoint::min();
  Output next = std::move(events_.front());
  events_.pop_front();
  return next;
}

// Sockets.

Gatherer::Sent Gatherer::to_server(const Task& task, const Path& path, MutableBytes bytes, bool droppable) {
  if (!task.by_socket) return Transmit{path, bytes};
  REDAN_ASSERT(task.socket);
  return SocketData{task.socket->id, bytes, droppable};
}

Gatherer::Output Gatherer::output_of(const Sent& sent) {
  return std::visit([](const auto& each) -> Output { return each; }, sent);
}

Gatherer::Task* Gatherer::find(SocketId socket) {
  const auto found = std::find_if(tasks_.begin(), tasks_.end(),
                                  [&](const Task& task) { return task.socket && task.socket->id == socket; });
  if (found == tasks_.end()) return nullptr;
  wake_ = TimePoint::min();
  return &*found;
}

void Gatherer::close_socket(Task& task) {
  if (task.socket) events_.emplace_back(CloseSocket{task.socket->id});
  task.socket.reset();
}

void Gatherer::socket_opened(TimePoint now, SocketId socket, const Address& local) {
  Task* task = find(socket);
  if (task == nullptr || std::exchange(task->socket->open_until, kNever) == kNever) return;
  task->turn->connected(now, local);
}

void Gatherer::handle_socket_input(TimePoint now, SocketId socket, Bytes bytes) {
  Task* task = find(socket);
  if (task != nullptr) task->turn->handle_input(now, task->turn->path(), bytes);
}

void Gatherer::socket_closed(TimePoint now, SocketId socket, Errc reason, std::string_view detail) {
  Task* task = find(socket);
  if (task == nullptr) return;
  const bool opening = task->socket->open_until != kNever;
  task->socket.reset();
  task->socket_error = Error{reason, std::string(detail)};
  opening ? task->turn->connect_failed(now) : task->turn->disconnected(now);
}

void Gatherer::check_deadlines(TimePoint now, Task& task) {
  if (task.socket && task.socket->open_until <= now) {
    close_socket(task);
    task.turn->connect_failed(now);
  }
  if (task.end <= now && task.turn) {
    task.end = kNever;
    drop_all(task);
    task.turn->close(now);
  }
  wake_ = std::min({wake_, task.end, task.socket ? task.socket->open_until : kNever});
}

// New credentials.

bool Gatherer::renew(IceServer server) {
  // A name with several addresses is a server for each.
  bool known = false;
  for (IceServer& each : servers_) {
    if (each.kind != IceServer::Kind::turn || each.text() != server.text()) continue;
    known = true;
    each.username = server.username;
    each.password = Secret<512>(server.password.expose());
    each.credentials_end = server.credentials_end;
  }
  if (!known) return false;
  for (std::size_t i = 0, count = tasks_.size(); i < count; ++i) {
    const bool of_server = tasks_[i].server->kind == IceServer::Kind::turn && tasks_[i].server->text() == server.text();
    if (of_server && !tasks_[i].number && !tasks_[i].over) add_successor(tasks_[i]);
  }
  wake_ = TimePoint::min();
  return true;
}

// An allocation belongs to a user name and to a port of ours (RFC 8656 section 5): the new one needs another port. A
// task without an allocation just begins again.
void Gatherer::add_successor(Task& task) {
  if (!task.relayed) {
    close_socket(task);
    task.turn.reset();
    task.next = TimePoint::min();
    task.pause = {};
    return;
  }
  task.number = next_number_++;
  Task successor;
  successor.server = task.server;
  successor.rank = task.rank;
  successor.local = task.local;
  successor.base = task.base;
  successor.next = TimePoint::min();
  successor.answered = true;
  successor.by_socket = true;
  successor.succeeds = task.number;
  tasks_.push_back(std::move(successor));
}

void Gatherer::retire_predecessor(TimePoint now, Task& successor) {
  const auto succeeds = std::exchange(successor.succeeds, std::nullopt);
  for (Task& task : tasks_) {
    if (!succeeds || task.number != succeeds || !task.relayed) continue;
    task.end = now + kRetirement;
    wake_ = std::min(wake_, task.end);
    events_.emplace_back(Retiring{*task.relayed});
  }
}

static_assert(Machine<Gatherer>);

}  // namespace redan::ice
