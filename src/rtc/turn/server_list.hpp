// Which server is next: those of the configuration in order, each once, and those to which one of them redirects.
#pragma once

#include <vector>

#include "rtc/stun/message.hpp"
#include "rtc/turn/server.hpp"

namespace redan::turn {

class ServerList {
 public:
  static constexpr std::size_t kMaxServers = 16;
  static constexpr std::size_t kMaxRedirects = 3;
  /// New local ports for one server (437).
  static constexpr int kMaxNewPorts = 2;

  /// At least one server; more than kMaxServers are ignored.
  explicit ServerList(std::vector<Server> servers);

  [[nodiscard]] const Server& current() const { return current_; }
  /// Moves to the next of the configuration; false if there is none.
  bool advance();
  /// Moves to the server that a 300 names (RFC 8489 section 10). False if the response names none that can be used, or
  /// one that was tried before, or after kMaxRedirects.
  bool redirect(const stun::Message& response, Address::Family local);
  /// Whether the current server may be tried once more from another port.
  bool use_new_port() { return new_ports_++ < kMaxNewPorts; }

 private:
  std::vector<Server> servers_;
  std::size_t next_ = 1;
  Server current_;
  std::vector<Address> tried_;
  std::size_t redirects_ = 0;
  int new_ports_ = 0;
};

}  // namespace redan::turn
