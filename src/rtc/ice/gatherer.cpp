#include "rtc/ice/gatherer.hpp"

#include <algorithm>

namespace redan::ice {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPacing = 50ms;  // Ta, RFC 8445 section 14.2
// Shorter than that of a NAT's mapping (RFC 4787 section 4.3: two minutes, of many thirty seconds).
constexpr Duration kRepeat = 20s;
constexpr Duration kFirstPause = 10s, kLongestPause = 5min;
// A server that is worth asking answers within a second; gathering ends after 5.75 s.
constexpr stun::Timing kTiming{.rto = 250ms, .rc = 5, .rm = 8};

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
      task.rank = rank;
      task.local = locals[base];
      task.base = base;
    }
  }
}

// Input.

bool Gatherer::handle_input(TimePoint now, const Path& path, Bytes bytes) {
  bool ours = false;
  for (Task& task : tasks_) {
    if (path != Path{task.local, task.server->address}) continue;
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

std::optional<Gatherer::Transmit> Gatherer::wrap(TimePoint now, const Path& path, MutableBytes buffer,
                                                 std::size_t size) {
  Task* task = find(path.local);
  if (task == nullptr) return std::nullopt;
  scratch_.resize(std::max(scratch_.size(), size + kOverhead));
  std::copy_n(buffer.begin(), size, scratch_.begin() + turn::Client::kHeadroom);
  const MutableBytes message = task->turn->wrap(now, path.remote, scratch_, size);
  if (message.empty() || message.size() > buffer.size()) return std::nullopt;
  std::copy(message.begin(), message.end(), buffer.begin());
  return Transmit{task->turn->path(), buffer.first(message.size())};
}

// Tasks.

void Gatherer::begin(TimePoint now, Task& task) {
  task.next = kNever;
  const Path path{task.local, task.server->address};
  if (task.server->kind == IceServer::Kind::stun) {
    task.binding = std::make_unique<stun::BindingClient>(path, stun::Transport::datagram, *provider_);
    return task.binding->start(now, kTiming);
  }
  turn::Config config;
  config.servers = {{task.server->address, turn::Transport::udp, task.server->host}};
  if (!task.server->username.empty()) {
    auto made = stun::Credentials::make(task.server->username, as_text(task.server->password.expose()));
    if (!made) return on_failed(now, task, made.error(), "the user name or the password cannot be used");
    config.credentials = std::move(*made);
  }
  config.families = task.local.family() == Address::Family::ipv6 ? turn::Families::ipv6 : turn::Families::ipv4;
  task.turn = std::make_unique<turn::Client>(std::move(config), *provider_);
  task.turn->start(now);
}

// False: it is no news. What a server says is believed for descriptions only: one of our own addresses stays ours.
bool Gatherer::add(const Task& task, CandidateType type, const Address& address, std::optional<Duration> rtt) {
  const auto same = [&](const Gathered& each) { return each.candidate.address == address; };
  const bool ours = std::find(locals_.begin(), locals_.end(), address) != locals_.end();
  const bool hidden = relay_only_ && type != CandidateType::relayed;
  if (ours || hidden || address.port() == 0 || std::any_of(candidates_.begin(), candidates_.end(), same)) return false;
  drop(task, type);  // the NAT has another mapping now
  candidates_.push_back({local_candidate(type, address, task.base, task.rank), task.local, task.server->text(), rtt});
  events_.emplace_back(Found{candidates_.back()});
  return true;
}

void Gatherer::drop(const Task& task, CandidateType type) {
  const auto found = std::find_if(candidates_.begin(), candidates_.end(), [&](const Gathered& each) {
    return each.candidate.type == type && each.base == task.local && each.server == task.server->text();
  });
  if (found == candidates_.end()) return;
  events_.emplace_back(Lost{found->candidate});
  candidates_.erase(found);
}

void Gatherer::settle(Task& task) {
  task.answered = true;
  const bool all = std::all_of(tasks_.begin(), tasks_.end(), [](const Task& each) { return each.answered; });
  if (all && !std::exchange(done_, true)) events_.emplace_back(Done{});
}

void Gatherer::on_failed(TimePoint now, Task& task, Errc reason, std::string detail) {
  task.turn.reset();
  task.relayed.reset();
  task.wanted.clear();
  drop(task, CandidateType::relayed);
  drop(task, CandidateType::server_reflexive);
  task.pause = task.pause == Duration{} ? kFirstPause : std::min<Duration>(task.pause * 2, kLongestPause);
  task.next = now + task.pause;
  events_.emplace_back(ServerFailed{task.server->text(), reason, std::move(detail)});
  settle(task);
}

void Gatherer::on_allocated(Task& task, const turn::Client::Allocated& allocated) {
  task.pause = {};
  const std::optional<Duration> rtt = task.turn->statistics().rtt;
  if (allocated.mapped) add(task, CandidateType::server_reflexive, *allocated.mapped, rtt);
  const auto& relayed = task.local.family() == Address::Family::ipv6 ? allocated.ipv6 : allocated.ipv4;
  if (relayed && add(task, CandidateType::relayed, *relayed, rtt)) task.relayed = relayed;
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
    if (const auto* transmit = std::get_if<Client::Transmit>(&output)) return Transmit{transmit->path, transmit->bytes};
    if (const auto* connect = std::get_if<Client::Connect>(&output)) {
      // Our only port to this server is the one that peers know, and a redirection is to an address of its choice.
      const bool same = !connect->new_port && connect->server.address == task.server->address;
      if (same) task.turn->connected(now, task.local);
      if (!same) task.turn->connect_failed(now);
    } else if (const auto* allocated = std::get_if<Client::Allocated>(&output)) {
      on_allocated(task, *allocated);
    } else if (const auto* received = std::get_if<Client::Received>(&output)) {
      if (task.relayed) return Received{{*task.relayed, received->peer}, received->payload};
    } else if (const auto* permitted = std::get_if<Client::Permitted>(&output)) {
      if (task.relayed) return Permitted{*task.relayed, permitted->peer};
    } else if (const auto* failed = std::get_if<Client::Failed>(&output)) {
      on_failed(now, task, failed->failure.reason, failed->failure.text());
      return poll(now, task, buffer);
    } else if (std::holds_alternative<Client::RenewCredentials>(output)) {
      continue;  // Failed follows when the allocation ends
    }
  }
}

std::optional<Gatherer::Output> Gatherer::poll(TimePoint now, Task& task, MutableBytes buffer) {
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

static_assert(Machine<Gatherer>);

}  // namespace redan::ice
