// Admission to the demo: a token in the URL that works once, and a session secret for reloads of the same page.
#pragma once

#include <redan/crypto.hpp>
#include <string>
#include <vector>

namespace redan::cmd {

class Admission {
 public:
  explicit Admission(RandomSource& random);

  /// 128 random bits, base64url. Replaced after each use.
  [[nodiscard]] const std::string& token() const { return token_; }
  /// The visitor's session secret, or nullopt. Wrong tokens are counted: after kMaxFailures in a minute no client is
  /// admitted for the rest of that minute.
  std::optional<std::string> redeem_token(TimePoint now, std::string_view token);
  [[nodiscard]] bool resume(TimePoint now, std::string_view session);

  static constexpr int kMaxFailures = 20;
  static constexpr std::size_t kMaxSessions = 64;

 private:
  std::string make_secret();
  bool guess(TimePoint now, bool right);

  RandomSource& random_;
  std::string token_;
  std::vector<std::string> sessions_;
  TimePoint minute_{};
  int failures_ = 0;
};

}  // namespace redan::cmd
