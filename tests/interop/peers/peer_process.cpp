#include "tests/interop/peers/peer_process.hpp"

namespace redan::test {

namespace json = boost::json;

PeerProcess::PeerProcess(boost::asio::io_context& io, const Arguments& program) : io_(io), from_(io), to_(io) {
  int in[2];
  int out[2];
  if (::pipe2(in, O_CLOEXEC) != 0 || ::pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  to_.assign(in[1]);
  from_.assign(out[0]);
  child_.emplace(program, in[0], out[1]);
  read();
  expect("ready");
}

void PeerProcess::tell(json::object command) {
  const std::string line = json::serialize(command) + "\n";
  boost::asio::write(to_, boost::asio::buffer(line));
}

json::object PeerProcess::expect(std::string_view event, const std::function<bool(const json::object&)>& fits,
                                 std::chrono::seconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!failed_) {
    for (auto it = events_.begin(); it != events_.end(); ++it) {
      if (text_of(*it, "event") != event || (fits && !fits(*it))) continue;
      json::object found = std::move(*it);
      events_.erase(it);
      return found;
    }
    if (std::chrono::steady_clock::now() > end) break;
    io_.restart();
    io_.run_for(std::chrono::milliseconds(10));
  }
  std::string instead;
  for (const json::object& other : events_) instead += "\n  " + json::serialize(other).substr(0, 300);
  throw std::runtime_error("no event '" + std::string(event) + "'; instead:" + instead + "\nnotes: " + notes_);
}

json::object PeerProcess::expect(std::string_view event, std::string_view label) {
  return expect(event, [label](const json::object& found) { return text_of(found, "label") == label; });
}

void PeerProcess::read() {
  from_.async_read_some(boost::asio::buffer(buffer_), [this](boost::system::error_code error, std::size_t size) {
    if (error) return;
    unread_.append(buffer_.data(), size);
    for (std::size_t end; (end = unread_.find('\n')) != std::string::npos; unread_.erase(0, end + 1))
      on_line(unread_.substr(0, end));
    read();
  });
}

// Standard error arrives on the same stream.
void PeerProcess::on_line(const std::string& line) {
  boost::system::error_code error;
  json::value value = line.starts_with('{') ? json::parse(line, error) : json::value();
  if (!error && value.is_object() && value.as_object().contains("event")) {
    failed_ = failed_ || text_of(value.as_object(), "event") == "error";
    events_.push_back(std::move(value.as_object()));
  } else {
    notes_ += line + "\n";
    constexpr std::size_t kKept = 4000;
    if (notes_.size() > kKept) notes_.erase(0, notes_.size() - kKept);
  }
}

}  // namespace redan::test
