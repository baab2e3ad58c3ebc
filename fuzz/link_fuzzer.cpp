// Two ends of a link connected by a script that loses, duplicates and reorders frames. Messages of one end arrive at
// the other once and in order; and when the path between them works again, either all of them arrive or both ends learn
// that the link is dead. Each step is a byte: one bit for the end, three for the action, the rest for the amount.
//
//   deliver one of the pending frames · lose it · duplicate it · send a message · advance time · poll partly ·
//   retransmit now, or close · a frame of another link
#include <deque>
#include <vector>

#include "base/assert.hpp"
#include "base/reader.hpp"
#include "cloud/bus/link.hpp"

namespace {

using namespace redan;
using namespace redan::cloud;

constexpr std::size_t kMaxOnTheWay = 64;
constexpr std::size_t kMaxMessages = 8;

cloud::bus::LinkLimits limits() {
  cloud::bus::LinkLimits limits;
  limits.max_messages = kMaxMessages;
  limits.max_bytes = 2'000;
  limits.max_message = 1'000;
  return limits;
}

struct End {
  cloud::bus::Link link{"c1", limits()};
  std::vector<std::string> sent;
  std::vector<std::string> arrived;
  std::deque<std::string> on_the_way;  ///< to the other end
  bool over = false;
};

class Script {
 public:
  explicit Script(Reader input) : input_(input) {}

  void run() {
    for (int steps = 0; !input_.empty() && steps < 2'000; ++steps) {
      const std::uint8_t code = input_.u8();
      if ((code & 1U) != 0) {
        step(one_, two_, code);
      } else {
        step(two_, one_, code);
      }
    }
    heal();
  }

 private:
  void step(End& end, End& other, std::uint8_t code) {
    const unsigned operand = code >> 4U;
    switch (code >> 1U & 7U) {
      case 0:
        if (const auto frame = take(other, operand)) deliver(*frame, end);
        return;
      case 1:
        (void)take(other, operand);
        return;
      case 2:
        if (!other.on_the_way.empty()) put(other, other.on_the_way[operand % other.on_the_way.size()]);
        return;
      case 3:
        return send(end, operand);
      case 4:
        now_ += std::chrono::milliseconds(5 << operand / 2);
        return;
      case 5:
        return drain(end, static_cast<int>(operand));
      case 6:
        if (operand == 15) return end.link.close();
        return end.link.retransmit_now(now_);
      case 7:
        end.link.handle_input(now_, cloud::bus::LinkFrame{"c2", operand, operand, "x", {}});
        return;
    }
  }

  void send(End& end, unsigned operand) {
    // Some are beyond the limits.
    std::string body = std::to_string(end.sent.size()) + std::string(operand * operand * 5, '.');
    const bool too_large = body.size() > limits().max_message;
    const Result<void> taken = end.link.send(now_, body);
    if (taken) return end.sent.push_back(std::move(body));
    REDAN_ASSERT(taken.error() == (end.link.ended() ? Errc::not_connected
                                   : too_large      ? Errc::channel_message_too_large
                                                    : Errc::would_block));
    REDAN_ASSERT(taken.error() != Errc::would_block || !end.link.idle());
  }

  static void put(End& from, std::string frame) {
    if (from.on_the_way.size() < kMaxOnTheWay) from.on_the_way.push_back(std::move(frame));
  }
  static std::optional<std::string> take(End& from, std::size_t which) {
    if (from.on_the_way.empty()) return std::nullopt;
    const auto at = from.on_the_way.begin() + static_cast<std::ptrdiff_t>(which % from.on_the_way.size());
    std::string frame = std::move(*at);
    from.on_the_way.erase(at);
    return frame;
  }

  void deliver(const std::string& text, End& to) {
    const auto frame = cloud::bus::LinkFrame::parse(text);
    REDAN_ASSERT(frame && frame->text() == text);
    if (!to.over) return to.link.handle_input(now_, *frame);
    // An end that does not know a link answers with a reset.
    if (const auto reset = cloud::bus::reset_for(*frame)) put(to, reset->text());
  }

  void drain(End& end, int steps) {
    End& other = &end == &one_ ? two_ : one_;
    while (steps-- > 0) {
      cloud::bus::Link::Output output = end.link.poll_output(now_);
      if (const auto* wait = std::get_if<Wait>(&output)) {
        REDAN_ASSERT(wait->until > now_ && (!end.over || wait->until == kNever));
        return;
      }
      REDAN_ASSERT(!end.over);
      if (const auto* transmit = std::get_if<cloud::bus::Link::Transmit>(&output)) {
        put(end, transmit->frame.text());
      } else if (auto* arrived = std::get_if<cloud::bus::Link::Deliver>(&output)) {
        REDAN_ASSERT(end.arrived.size() < other.sent.size() && other.sent[end.arrived.size()] == arrived->body);
        end.arrived.push_back(std::move(arrived->body));
      } else {
        end.over = true;
      }
    }
  }

  // First all pending frames arrive, so that there is room for everything.
  void heal() {
    exchange();
    one_.link.retransmit_now(now_);
    two_.link.retransmit_now(now_);
    for (int rounds = 0;; ++rounds) {
      REDAN_ASSERT(rounds < 200);
      drain(one_, 1'000);
      drain(two_, 1'000);
      if (one_.on_the_way.empty() && two_.on_the_way.empty()) break;
      exchange();
    }
    if (one_.over || two_.over) {
      REDAN_ASSERT((one_.over || one_.link.idle()) && (two_.over || two_.link.idle()));
    } else {
      REDAN_ASSERT(one_.arrived == two_.sent && two_.arrived == one_.sent && one_.link.idle() && two_.link.idle());
    }
  }

  void exchange() {
    while (const auto frame = take(one_, 0)) deliver(*frame, two_);
    while (const auto frame = take(two_, 0)) deliver(*frame, one_);
  }

  Reader input_;
  TimePoint now_{};
  End one_, two_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Script(Reader({data, size})).run();
  return 0;
}
