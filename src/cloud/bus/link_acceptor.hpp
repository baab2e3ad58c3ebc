// The accepting end of links: a runtime's, with a few clients. A machine around Links.
#pragma once

#include "cloud/bus/link.hpp"

namespace redan::cloud::bus {

class LinkAcceptor {
 public:
  struct Deliver {
    std::string link;
    std::string body;
  };
  struct Ended {
    std::string link;
    Errc why;
  };
  using Output = std::variant<Wait, Link::Transmit, Deliver, Ended>;

  explicit LinkAcceptor(LinkLimits limits = {}) : limits_(limits) {}

  /// A message from an end that has received nothing yet opens a link; any other frame of an unknown link is answered
  /// with a reset.
  void handle_input(TimePoint now, const LinkFrame& frame);
  Output poll_output(TimePoint now);
  /// Errors: not_connected if there is no such link, and those of Link::send.
  Result<void> send(TimePoint now, const std::string& link, std::string body);
  void close(const std::string& link, std::string_view how);
  /// The path to the other ends is available again.
  void retransmit_now(TimePoint now);
  [[nodiscard]] std::size_t size() const { return links_.size(); }

 private:
  static constexpr std::size_t kMaxLinks = 16;
  static constexpr std::size_t kMaxRemembered = 64;

  LinkLimits limits_;
  std::map<std::string, Link> links_;
  std::deque<std::string> ended_;  ///< late duplicates of their first frames must not reopen them
  std::deque<LinkFrame> resets_;
};

}  // namespace redan::cloud::bus
