// One client's signalling between a gateway and a runtime, over a bus and an agent that may lose, duplicate and reorder
// messages: every message arrives once and in order, or both ends learn that the link is dead. A machine, like those of
// the WebRTC stack: it has no socket and no clock.
//
// Frames are numbered from 1 in each direction. The receiver acknowledges all up to a number; the sender retransmits
// what was not acknowledged, and gives up when a timeout since the first transmission expires. The end that opens a
// link sends first: its messages create a link at the other end (link_acceptor.hpp) until it has received something
// from there. After that, an end that does not know the link has been restarted, and answers with a reset.
#pragma once

#include <deque>
#include <map>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <string>
#include <variant>

namespace redan::cloud::bus {

/// The format:  {"v":1,"link":"<id>","seq":7,"ack":3,"body":"..."}   without seq: an acknowledgement only
///              {"v":1,"link":"<id>","end":"displaced"}              the last frame
struct LinkFrame {
  std::string link;       ///< the client's id: a subject token
  std::uint64_t seq = 0;  ///< 0: contains no message
  std::uint64_t ack = 0;  ///< all up to this one arrived
  std::string body{};
  std::string end{};  ///< "closed", "displaced", "lost" (reset), "timeout": the link ended; "revoked": also the client

  [[nodiscard]] std::string text() const;
  /// nullopt if it is not a valid frame, or exceeds a limit.
  static std::optional<LinkFrame> parse(std::string_view text);
  friend bool operator==(const LinkFrame&, const LinkFrame&) = default;
};

struct LinkLimits {
  std::size_t max_messages = 256;                    ///< sent and unacknowledged, or received out of order
  std::size_t max_bytes = 512 * 1024;                ///< of those messages
  std::size_t max_message = 128 * 1024;              ///< of one message
  Duration resend = std::chrono::milliseconds(200);  ///< initially; doubled each time, up to 16 times this value
  Duration timeout = std::chrono::seconds(20);
};

class Link {
 public:
  struct Transmit {
    LinkFrame frame;
  };
  struct Deliver {
    std::string body;
  };
  /// The final output. Reasons: closed_locally, link_timeout, link_lost, link_displaced; not_connected if the other end
  /// closed.
  struct Ended {
    Errc why;
  };
  using Output = std::variant<Wait, Transmit, Deliver, Ended>;

  explicit Link(std::string id, LinkLimits limits = {}) : id_(std::move(id)), limits_(limits) {}

  /// Errors: would_block beyond the limits, channel_message_too_large, not_connected after termination.
  Result<void> send(TimePoint now, std::string body);
  void handle_input(TimePoint now, const LinkFrame& frame);
  Output poll_output(TimePoint now);
  /// The other end is reachable (again): immediately retransmits what was not acknowledged.
  void retransmit_now(TimePoint now);
  /// Notifies the other end, once, and ends. `how` is LinkFrame::end.
  void close(std::string_view how = "closed");

  [[nodiscard]] const std::string& id() const { return id_; }
  [[nodiscard]] bool ended() const { return state_ != State::open; }
  /// Everything sent has been acknowledged.
  [[nodiscard]] bool idle() const { return unacknowledged_.empty(); }

 private:
  enum class State : std::uint8_t { open, ending, ended };
  struct Pending {
    std::uint64_t seq;
    std::string body;
    TimePoint first_sent;
    bool due = true;
  };
  void acknowledge(std::uint64_t ack);
  void accept(const LinkFrame& frame);

  std::string id_;
  LinkLimits limits_;
  State state_ = State::open;
  std::uint64_t next_seq_ = 1;
  std::deque<Pending> unacknowledged_;
  std::size_t unacknowledged_bytes_ = 0;
  TimePoint resend_at_ = kNever;
  unsigned resends_ = 0;
  std::uint64_t received_ = 0;  ///< all up to this one
  std::map<std::uint64_t, std::string> early_;
  std::size_t early_bytes_ = 0;
  std::deque<std::string> deliverable_;
  bool acknowledge_ = false;
  std::string end_frame_;
  Errc why_{};
};

/// The answer to a frame of an unknown link; nullopt: none.
std::optional<LinkFrame> reset_for(const LinkFrame& frame);

}  // namespace redan::cloud::bus
