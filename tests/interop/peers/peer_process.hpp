// Another WebRTC stack as a child process: commands go in as lines of JSON, events come out as such.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/write.hpp>
#include <boost/json.hpp>
#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "tests/support/child_process.hpp"

namespace redan::test {

/// A text of an event.
inline std::string_view text_of(const boost::json::object& event, std::string_view name) {
  const boost::json::string& text = event.at(name).as_string();
  return {text.data(), text.size()};
}

/// Commands ("do"), the same for all stacks:
///   media                                       video joins the next description
///   sctp_port {port}                            the next description names this port
///   offer {restart?}, answer {sdp}              make a description, accept {sdp} takes an answer
///   open {label, protocol?, ordered?, maxRetransmits?, maxPacketLifeTime?}, close_channel {label}
///   send {label, kind, size} or {label, text}
///   stream {packets, size}                      sends RTP, of the given or its own amount
///   close
/// Events ("event"):
///   ready, description {type, sdp}, ice {state}, connected, closed {why}, error {text}
///   opened {label, protocol, id, ordered, maxRetransmits, maxPacketLifeTime}, channel_closed {label}
///   message {label, kind, size, sha256}
///   streamed {packets, largest?}                what it sent; rtp {packets}: what it has received so far
class PeerProcess {
 public:
  PeerProcess(boost::asio::io_context& io, const Arguments& program);

  void tell(boost::json::object command);
  /// Runs the loop until such an event arrives, and removes it. Throws after `timeout`, or if a command failed, with
  /// the events that came instead.
  boost::json::object expect(std::string_view event, const std::function<bool(const boost::json::object&)>& fits = {},
                             std::chrono::seconds timeout = std::chrono::seconds(20));
  boost::json::object expect(std::string_view event, std::string_view label);
  /// The end of its output that is not events.
  [[nodiscard]] const std::string& notes() const { return notes_; }

 private:
  void read();
  void on_line(const std::string& line);

  boost::asio::io_context& io_;
  boost::asio::posix::stream_descriptor from_;
  boost::asio::posix::stream_descriptor to_;
  std::optional<Child> child_;
  std::array<char, 65'536> buffer_{};
  std::string unread_;
  std::deque<boost::json::object> events_;
  std::string notes_;
  bool failed_ = false;  ///< a command
};

}  // namespace redan::test
