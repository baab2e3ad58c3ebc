// The requests in progress to one server: sends them, answers challenges, and tells the outcome of each.
#pragma once

#include <functional>
#include <variant>
#include <vector>

#include "rtc/stun/long_term.hpp"
#include "rtc/turn/task.hpp"

namespace redan::turn {

class Requests {
 public:
  /// Requests at the same time; the owner starts more when some have ended.
  static constexpr std::size_t kMax = 10;

  /// How a request ended: `reason` is empty for success.
  struct Outcome {
    Task task;
    TimePoint sent;  ///< the first transmission: lifetimes count from there at the latest
    Errc reason{};
    std::uint16_t server_code = 0;
    std::string server_reason{};  ///< as sent
    bool proven = true;           ///< false: the code came without message integrity
  };
  /// What a response was: to no request of ours, not proven, or the answer to a request, which has ended if there is an
  /// outcome and was sent again for a challenge otherwise.
  enum class Kind : std::uint8_t { unexpected, unproven, answer };
  struct Handled {
    Kind kind{};
    std::optional<Outcome> outcome{};
  };
  /// Writes the attributes of a request.
  using Writer = std::function<void(const Task&, stun::MessageBuilder&)>;

  /// `provider` must outlive it. Without credentials no request is signed.
  Requests(std::optional<stun::Credentials> credentials, Provider& provider);

  void start(TimePoint now, const Task& task, stun::Transport layer, const Writer& writer,
             const stun::Timing& timing = {});
  [[nodiscard]] bool has_room() const { return running_.size() < kMax; }
  [[nodiscard]] bool empty() const { return running_.empty(); }
  /// Drops the requests; keeps the challenge.
  void clear() { running_.clear(); }
  /// For another server or connection.
  void forget_challenge();
  /// Wipes the credentials; no further request is made.
  void wipe();

  Handled handle_input(TimePoint now, const stun::Message& response, const Writer& writer);
  /// The next request to send, empty if there is none; or a request that timed out.
  std::variant<MutableBytes, Outcome> poll(TimePoint now, MutableBytes buffer);
  [[nodiscard]] TimePoint deadline() const;

  [[nodiscard]] std::uint64_t sent() const { return sent_; }
  [[nodiscard]] std::uint64_t retransmitted() const { return retransmitted_; }
  [[nodiscard]] std::uint64_t answered() const { return answered_; }
  [[nodiscard]] std::optional<Duration> rtt() const { return rtt_; }

 private:
  struct Request {
    Task task;
    stun::Transport layer{};
    stun::Timing timing;
    stun::Transaction transaction;
    std::vector<std::uint8_t> bytes;
    bool is_signed = false;
    bool stale = false;   // a 438 was answered
    bool redone = false;  // a 401 was answered
    TimePoint first_sent = kNever;
    std::optional<Outcome> unproven{};  // what a refusal without proof would mean
    TimePoint proof_until = kNever;     // so long the genuine response is awaited
  };
  void write(TimePoint now, Request& request, const Writer& writer);
  Handled judge(TimePoint now, Request& request, const stun::Message& response, const Writer& writer);
  Handled retry(TimePoint now, Request& request, const stun::Message& response, const Writer& writer);
  Handled hold(TimePoint now, Request& request, Outcome unproven);
  static Outcome outcome(const Request& request, Errc reason) { return {request.task, request.first_sent, reason}; }
  static Outcome refusal(const Request& request, Errc reason, const stun::Message& response);

  Provider* provider_;
  std::optional<stun::LongTerm> long_term_;
  bool accepted_ = false;  // the server has proven that it knows the password, and so do we
  std::vector<Request> running_;
  std::uint64_t sent_ = 0, retransmitted_ = 0, answered_ = 0;
  std::optional<Duration> rtt_;
};

}  // namespace redan::turn
