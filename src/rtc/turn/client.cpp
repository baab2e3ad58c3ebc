#include "rtc/turn/client.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "rtc/turn/errors.hpp"

namespace redan::turn {
namespace {

using namespace std::chrono_literals;

// Over UDP a request without an answer is repeated for so long in all (a transaction takes 39.5 s), and one whose
// refusals are not proven for so long: a forger must keep every genuine answer away all that time.
constexpr Duration kSilence = 60s;
constexpr Duration kUnproven = 30s;
// A longer lifetime is refreshed earlier: the server could be restarted meanwhile.
constexpr Duration kMaxLifetime = 1h;
constexpr Duration kRenewAhead = 60s;
// RFC 8445 section 11 (Tr): so often something is sent over UDP, or a NAT forgets us.
constexpr Duration kKeepalive = 15s;
constexpr std::size_t kMaxTicket = 1024;
constexpr std::size_t kMaxReason = 128;
// The release of an allocation is not worth waiting for: it would expire.
constexpr stun::Timing kReleaseTiming{.rc = 3, .rm = 4, .ti = 5s};

std::optional<Duration> lifetime_of(const stun::Message& response) {
  const auto value = response.find(attribute::lifetime);
  if (!value || value->size() != 4) return std::nullopt;
  return std::min<Duration>(std::chrono::seconds(Reader(*value).u32()), kMaxLifetime);
}

}  // namespace

Client::Client(Config config, Provider& provider)
    : config_(std::move(config)),
      provider_(&provider),
      servers_(config_.servers),
      requests_(std::exchange(config_.credentials, std::nullopt), provider) {
  data_.set_dont_fragment(config_.dont_fragment);
}

void Client::start(TimePoint now) {
  if (state_ != State::idle) return;
  if (config_.credentials_end != kNever) {
    timers_.set(Timer::renewal, now + std::max(config_.credentials_end - now - kRenewAhead, Duration{0}));
  }
  connect(false);
}

void Client::connect(bool new_port) {
  state_ = State::connecting;
  requests_.forget_challenge();
  inbox_.clear();
  emit(Connect{servers_.current(), new_port});
}

void Client::connected(TimePoint now, const Address& local) {
  if (state_ != State::connecting) return;
  state_ = State::allocating;
  path_ = {local, servers_.current().address};
  request(now, {Step::allocate});
}

void Client::connect_failed(TimePoint) {
  if (state_ == State::connecting) try_next_server(failure(Step::connect, errc::turn_connect));
}

void Client::disconnected(TimePoint) {
  if (state_ == State::releasing) {
    emit(Closed{});
    return end();
  }
  if (state_ == State::allocating || has_allocation()) lose_connection(errc::turn_connection_lost);
}

void Client::lose_connection(Errc reason) {
  if (state_ == State::allocating) return try_next_server(failure(Step::allocate, reason));
  fail(failure(Step::connect, reason));
}

// RFC 8016 section 3.2: a Refresh with the ticket, from the new address.
void Client::move(TimePoint now, const Address& local) {
  if (!has_allocation()) return;
  if (ticket_.empty()) return fail(failure(Step::move, errc::turn_allocation_lost));
  state_ = State::moving;
  path_.local = local;
  requests_.clear();
  inbox_.clear();
  timers_.stop(Timer::refresh);
  request(now, {Step::move});
}

void Client::close(TimePoint now) {
  if (state_ == State::releasing || state_ == State::ended) return;
  events_.clear();
  data_.peers.clear();
  requests_.clear();
  timers_.stop_all();
  if (!has_allocation()) {
    emit(Closed{});
    return end();
  }
  state_ = State::releasing;
  requests_.start(now, {Step::release}, layer(), writer(), kReleaseTiming);
}

Result<void> Client::permit(TimePoint now, const Address& peer) {
  if (!has_allocation()) return refuse(Errc::not_connected);
  const bool reachable = peer.family() == Address::Family::ipv4   ? ipv4_.has_value()
                         : peer.family() == Address::Family::ipv6 ? ipv6_.has_value()
                                                                  : false;
  if (!reachable) return refuse(errc::turn_peer_family);
  if (!data_.peers.permit(now, peer)) return refuse(Errc::too_many);
  return {};
}

Result<void> Client::bind(TimePoint now, const Address& peer) {
  REDAN_CHECK(permit(now, peer));
  if (!data_.peers.bind(now, peer)) return refuse(Errc::too_many);
  return {};
}

MutableBytes Client::wrap(TimePoint now, const Address& peer, MutableBytes buffer, std::size_t size) {
  if (state_ != State::allocated) {
    data_.statistics.drops.add(Drop::not_sent);
    return {};
  }
  const MutableBytes message = data_.wrap(now, peer, layer(), *provider_, buffer, size);
  if (!message.empty() && timers_.running(Timer::keepalive)) timers_.set(Timer::keepalive, now + kKeepalive);
  return message;
}

// Requests.

void Client::request(TimePoint now, const Task& task) {
  const stun::Timing timing = task.step == Step::allocate ? config_.allocate_timing : stun::Timing{};
  requests_.start(now, task, layer(), writer(), timing);
}

// Input.

void Client::handle_input(TimePoint, const Path& path, Bytes bytes) {
  const bool listening = state_ != State::idle && state_ != State::connecting && state_ != State::ended;
  if (!listening || path != path_) return data_.statistics.drops.add(Drop::other_path);
  if (layer() == stun::Transport::stream) {
    if (!inbox_.push_stream(bytes)) lose_connection(errc::turn_bad_stream);
  } else if (!inbox_.push_datagram(bytes)) {
    data_.statistics.drops.add(Drop::malformed);
  }
}

std::optional<Received> Client::handle_frame(TimePoint now, MutableBytes frame) {
  const auto drop = [&](Drop reason) {
    data_.statistics.drops.add(reason);
    return std::nullopt;
  };
  const bool receiving = state_ == State::allocated;
  if (frame[0] >> 6U == 1) return receiving ? data_.read_channel_data(frame) : drop(Drop::not_permitted);
  const auto message = stun::Message::parse(frame, kUnderstood);
  if (!message) return drop(Drop::malformed);
  if (message->message_class == stun::Class::request) return drop(Drop::unexpected);
  if (message->message_class == stun::Class::indication) {
    return receiving ? data_.read_indication(*message, frame) : drop(Drop::not_permitted);
  }
  handle_response(now, *message);
  return std::nullopt;
}

void Client::handle_response(TimePoint now, const stun::Message& response) {
  const auto [kind, outcome] = requests_.handle_input(now, response, writer());
  if (kind == Requests::Kind::unexpected) data_.statistics.drops.add(Drop::unexpected);
  if (kind == Requests::Kind::unproven) data_.statistics.drops.add(Drop::unproven);
  if (!outcome) return;
  if (outcome->reason != Errc{}) return on_error(now, *outcome, &response);
  on_success(now, outcome->task, outcome->sent, response);
}

// Outcomes.

void Client::on_success(TimePoint now, const Task& task, TimePoint sent, const stun::Message& response) {
  switch (task.step) {
    case Step::connect:
      return;
    case Step::allocate:
      return on_allocated(now, sent, response);
    case Step::refresh:
    case Step::move:
      return on_refreshed(now, task, sent, response);
    case Step::permission:
      if (data_.peers.on_permission(task.peer, sent)) emit(Permitted{task.peer});
      return;
    case Step::channel:
      return data_.peers.on_channel(task.channel, sent, now);
    case Step::release:
      emit(Closed{});
      return end();
  }
}

void Client::on_allocated(TimePoint now, TimePoint sent, const stun::Message& response) {
  ipv4_.reset();
  ipv6_.reset();
  stun::Attributes attributes(response);
  while (const auto each = attributes.next()) {
    if (each->type != attribute::xor_relayed_address) continue;
    const auto address = stun::parse_xor_address(each->value, response.transaction);
    if (!address || address->port() == 0) continue;
    std::optional<Address>& relayed = address->family() == Address::Family::ipv4 ? ipv4_ : ipv6_;
    if (!relayed) relayed = *address;
  }
  // With both families requested, the server may give IPv4 alone (RFC 8656 section 7.3).
  const bool usable = config_.families == Families::ipv6 ? ipv6_.has_value() : ipv4_.has_value();
  if (!usable || !keep(now, sent, response)) {
    return try_next_server(failure(Step::allocate, errc::turn_bad_response));
  }
  state_ = State::allocated;
  if (layer() == stun::Transport::datagram) timers_.set(Timer::keepalive, now + kKeepalive);
  emit(Allocated{ipv4_, ipv6_, response.mapped_address, path_});
}

// Reads the lifetime and the ticket. False if there is no lifetime, or none left.
bool Client::keep(TimePoint now, TimePoint sent, const stun::Message& response) {
  const auto lifetime = lifetime_of(response);
  if (!lifetime || *lifetime <= now - sent) return false;
  timers_.set(Timer::expiry, sent + *lifetime);
  timers_.set(Timer::refresh, sent + *lifetime / 2);
  const auto ticket = response.find(attribute::mobility_ticket);
  if (ticket && ticket->size() <= kMaxTicket) ticket_ = as_text(*ticket);
  return true;
}

void Client::on_refreshed(TimePoint now, const Task& task, TimePoint sent, const stun::Message& response) {
  if (!keep(now, sent, response)) return fail(failure(task.step, errc::turn_allocation_lost));
  if (task.step != Step::move) return;
  state_ = State::allocated;
  data_.peers.restart(now);
  emit(Moved{path_});
}

Failure Client::failure(const Requests::Outcome& outcome) const {
  Failure failure{servers_.current().text(), outcome.task.step, outcome.reason, outcome.server_code};
  const std::string_view reason = std::string_view(outcome.server_reason).substr(0, outcome.server_reason.find('\0'));
  failure.server_reason = escape_controls(first_bytes(reason, kMaxReason));
  failure.proven = outcome.proven;
  return failure;
}

bool Client::repeat(TimePoint now, const Requests::Outcome& outcome) {
  const bool silent = outcome.reason == errc::turn_timeout;
  const Step step = outcome.task.step;
  // A server that never answered is left for the next.
  const bool hopeless = step == Step::release || (step == Step::allocate && silent);
  if (layer() != stun::Transport::datagram || hopeless || (outcome.proven && !silent)) return false;
  Task again = outcome.task;
  again.since = std::min(again.since, outcome.sent);
  if (now - again.since >= (silent ? kSilence : kUnproven)) return false;
  request(now, again);
  return true;
}

/// `response` is null after a timeout.
void Client::on_error(TimePoint now, const Requests::Outcome& outcome, const stun::Message* response) {
  if (repeat(now, outcome)) return;
  switch (outcome.task.step) {
    case Step::allocate:
      return on_allocate_error(now, outcome, response);
    case Step::permission:
    case Step::channel:
      return on_peer_error(now, outcome);
    case Step::release:
      emit(Closed{});
      return end();
    case Step::refresh:
      if (outcome.reason == errc::turn_credentials) {
        // The allocation lives on until it expires: time to move to another.
        refused_refresh_ = failure(outcome);
        return ask_for_credentials(now);
      }
      [[fallthrough]];
    case Step::connect:
    case Step::move:
      return fail(failure(outcome));
  }
}

void Client::on_allocate_error(TimePoint now, const Requests::Outcome& outcome, const stun::Message* response) {
  if (outcome.server_code == 300 && outcome.proven && response != nullptr &&
      servers_.redirect(*response, path_.local.family())) {
    return connect(false);
  }
  // RFC 8656 section 7.4: another client, or an earlier life of ours, has this address.
  if (outcome.reason == errc::turn_allocation_lost && servers_.use_new_port()) return connect(true);
  // Of what we request, only this attribute may be unknown to a server that serves us nevertheless.
  if (outcome.server_code == 420 && config_.dont_fragment) {
    config_.dont_fragment = false;
    data_.set_dont_fragment(false);
    return request(now, {Step::allocate});
  }
  try_next_server(failure(outcome));
}

void Client::on_peer_error(TimePoint now, const Requests::Outcome& outcome) {
  const bool channel = outcome.task.step == Step::channel;
  const bool wanted = data_.peers.wanted(outcome.task.peer);
  // No answer, or no allocation: that is not about this peer.
  const bool lost = outcome.reason == errc::turn_timeout || outcome.reason == errc::turn_allocation_lost ||
                    outcome.reason == errc::turn_downgraded;
  if (wanted && lost) return fail(failure(outcome));
  if (channel) data_.peers.on_refused_channel(outcome.task.channel, now);
  if (!channel) data_.peers.on_refused_permission(outcome.task.peer, now);
  if (wanted) emit(Denied{outcome.task.peer, failure(outcome)});
  if (outcome.reason == errc::turn_credentials) ask_for_credentials(now);
  // coturn answers so when it has no allocation: a refresh tells.
  if (outcome.server_code == 400 && timers_.running(Timer::refresh)) timers_.set(Timer::refresh, now);
}

void Client::try_next_server(Failure failure) {
  requests_.clear();
  if (!servers_.advance()) return fail(std::move(failure));
  emit(ServerFailed{std::move(failure)});
  connect(false);
}

void Client::ask_for_credentials(TimePoint now) {
  if (std::exchange(asked_for_credentials_, true)) return;
  const TimePoint expiry = timers_.deadline(Timer::expiry);
  emit(RenewCredentials{refused_refresh_ ? expiry : std::max(now, std::min(config_.credentials_end, expiry))});
}

void Client::fail(Failure failure) {
  emit(Failed{std::move(failure)});
  end();
}

void Client::end() {
  state_ = State::ended;
  requests_.wipe();
  data_.peers.clear();
  inbox_.clear();
  timers_.stop_all();
  wipe({reinterpret_cast<std::uint8_t*>(ticket_.data()), ticket_.size()});
  ticket_.clear();
}

// Output.

void Client::run_timers(TimePoint now) {
  if (timers_.expired(Timer::expiry, now)) {
    fail(refused_refresh_ ? *refused_refresh_ : failure(Step::refresh, errc::turn_allocation_lost));
  }
  if (timers_.expired(Timer::renewal, now)) ask_for_credentials(now);
  if (timers_.expired(Timer::refresh, now)) request(now, {Step::refresh});
}

Client::Output Client::poll_output(TimePoint now, MutableBytes buffer) {
  while (true) {
    if (events_.empty() && state_ != State::ended) {
      if (const auto frame = inbox_.next()) {
        if (const auto received = handle_frame(now, *frame)) return *received;
        continue;
      }
      if (inbox_.broken()) lose_connection(errc::turn_bad_stream);
      run_timers(now);
    }
    if (!events_.empty()) {
      Output next = std::move(events_.front());
      events_.pop_front();
      return next;
    }
    if (state_ == State::ended) return Wait{kNever};
    while (state_ == State::allocated && requests_.has_room()) {
      const auto task = data_.peers.next_due(now);
      if (!task) break;
      request(now, *task);
    }
    const auto polled = requests_.poll(now, buffer);
    if (const auto* outcome = std::get_if<Requests::Outcome>(&polled)) {
      on_error(now, *outcome, nullptr);
      continue;
    }
    if (const MutableBytes bytes = std::get<MutableBytes>(polled); !bytes.empty()) {
      if (timers_.running(Timer::keepalive)) timers_.set(Timer::keepalive, now + kKeepalive);
      return Transmit{path_, bytes};
    }
    if (timers_.expired(Timer::keepalive, now)) {
      timers_.set(Timer::keepalive, now + kKeepalive);
      stun::TransactionId transaction;
      provider_->random(transaction);
      return Transmit{path_, stun::MessageBuilder(buffer, stun::Class::indication, transaction).finish()};
    }
    const bool peers_wait = state_ == State::allocated && requests_.has_room();
    return Wait{std::min({timers_.next(), requests_.deadline(), peers_wait ? data_.peers.deadline() : kNever})};
  }
}

Statistics Client::statistics() const {
  Statistics all = data_.statistics;
  all.requests_sent = requests_.sent();
  all.requests_retransmitted = requests_.retransmitted();
  all.responses_received = requests_.answered();
  all.rtt = requests_.rtt();
  return all;
}

static_assert(Machine<Client>);

}  // namespace redan::turn
