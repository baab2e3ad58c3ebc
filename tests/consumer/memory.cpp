// Two endpoints connect in memory and exchange a message: libredan alone, without sockets and with a clock of its own.
#include <array>
#include <cstdio>
#include <cstring>
#include <redan/endpoint.hpp>
#include <redan/version.hpp>

namespace {

struct Side {
  redan::Endpoint endpoint;
  redan::PeerId peer{};
  redan::ChannelId channel{};
  std::string received{};
  bool opened = false;
};

/// Handles the next output of `from`; false if it only waits.
bool step(Side& from, Side& to, redan::TimePoint now, redan::TimePoint& wake) {
  std::array<std::uint8_t, 2048> buffer{};
  const redan::Output output = from.endpoint.poll_output(now, buffer);
  if (const auto* wait = std::get_if<redan::Wait>(&output)) {
    wake = std::min(wake, wait->until);
    return false;
  }
  if (const auto* transmit = std::get_if<redan::Transmit>(&output)) {
    std::array<std::uint8_t, 2048> datagram{};
    std::memcpy(datagram.data(), transmit->bytes.data(), transmit->bytes.size());
    to.endpoint.handle_input(now, {.path = {transmit->path.remote, transmit->path.local},
                                   .bytes = redan::MutableBytes(datagram).first(transmit->bytes.size())});
  } else if (std::holds_alternative<redan::ChannelOpened>(output)) {
    from.opened = true;
  } else if (const auto* message = std::get_if<redan::Message>(&output)) {
    from.received = redan::as_text(message->payload);
  }
  return true;
}

redan::EndpointConfig at(std::uint8_t host, bool lite) {
  return {.local_addresses = {redan::Address::v4({192, 0, 2, host}, 5000)}, .announce_lite = lite};
}

int run() {
  const auto provider = redan::default_provider();
  const auto ours = redan::self_signed(*provider, {.not_after = {4'000'000'000}});
  const auto theirs = redan::self_signed(*provider, {.not_after = {4'000'000'000}});
  if (!ours || !theirs) return std::fprintf(stderr, "no identity\n"), 1;
  Side caller{redan::Endpoint(at(1, false), *ours, *provider)};
  Side callee{redan::Endpoint(at(2, true), *theirs, *provider)};

  const auto offered = caller.endpoint.offer({});
  if (!offered) return std::fprintf(stderr, "no offer\n"), 1;
  caller.peer = offered->peer;
  caller.channel = *caller.endpoint.open_channel(caller.peer, "greeting");
  const auto accepted = callee.endpoint.accept(offered->offer);
  if (!accepted || !caller.endpoint.complete(caller.peer, accepted->answer))
    return std::fprintf(stderr, "refused\n"), 1;

  redan::TimePoint now{};
  for (int steps = 0; steps < 1000 && callee.received.empty(); ++steps) {
    redan::TimePoint wake = redan::kNever;
    while (step(caller, callee, now, wake) || step(callee, caller, now, wake)) {
    }
    if (caller.opened)
      (void)caller.endpoint.send(caller.peer, caller.channel, redan::MessageKind::text, redan::as_bytes("hello"));
    caller.opened = false;
    now = std::max(wake == redan::kNever ? now : wake, now + std::chrono::milliseconds(1));
  }
  std::printf("received %s\n", callee.received.c_str());
  return callee.received == "hello" && redan::version() == REDAN_VERSION ? 0 : 1;
}

}  // namespace

int main() { return run(); }
