// What AMS and the init of an instance say to each other, over a Unix socket of sequential packets for each command.
//
//   AMS    the request, as JSON, with the command's descriptors: 3 pipes, or 1 terminal
//   init   "started", or "failed <errno>", after which it closes
//   AMS    "signal <number>", to all processes of the command's group
//   init   "ended <code>", after which it closes; no process of the command is left
//
// When AMS closes the socket, the init kills all processes of the command. AMS trusts nothing that the init says: the
// instance may have taken it over.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redan::cloud::isolation {

inline constexpr std::size_t kMaxRequest = 128 * 1024;
inline constexpr std::size_t kMaxWord = 64;  ///< of all other packets

struct Request {
  std::vector<std::string> command;
  std::map<std::string, std::string> environment;  ///< beside that of the instance
  bool terminal = false;

  [[nodiscard]] std::string write() const;
  static std::optional<Request> parse(std::string_view text);
};

/// "signal 15" as {"signal", 15}.
struct Word {
  std::string_view name;
  int number = 0;
  [[nodiscard]] std::string write() const { return std::string(name) + " " + std::to_string(number); }
  static std::optional<Word> parse(std::string_view text);
};

inline constexpr std::string_view kStarted = "started", kFailed = "failed", kSignal = "signal", kEnded = "ended";

}  // namespace redan::cloud::isolation
