// The part of ICE that both agents share: authenticating and answering connectivity checks. A sender that does not know
// the password gets no answer and creates no state.
#pragma once

#include <memory>
#include <optional>

#include "base/counters.hpp"
#include "rtc/ice/credentials.hpp"
#include "rtc/ice/output.hpp"
#include "rtc/ice/seen_transactions.hpp"
#include "rtc/ice/statistics.hpp"

namespace redan::ice {

enum class Drop : std::uint8_t {
  malformed,  ///< not the Binding method
  wrong_username,
  wrong_integrity,
  unknown_transaction,  ///< a response to a request that we did not send, or from another address
  queue_full,
  forbidden,  ///< an authenticated check from or to an address that is not to be used
  count_
};

/// The result of authenticating a request.
enum class Authenticity : std::uint8_t {
  none,      ///< another user name, or the integrity does not verify
  repeated,  ///< a copy of an authenticated request, made by the network, the peer or an attacker: only answered
  fresh
};

class Responder {
 public:
  Responder(Credentials local, Provider& provider);

  /// Sets new credentials; the old ones are accepted until the first check with the new ones.
  void restart(Credentials local, Provider& provider);
  [[nodiscard]] const std::optional<std::string>& remote_ufrag() const { return remote_ufrag_; }
  void set_remote_ufrag(std::string ufrag) { remote_ufrag_ = std::move(ufrag); }
  [[nodiscard]] const Credentials& local() const { return current_.credentials; }

  /// A request must carry our ufrag, the peer's ufrag (if known) and our password's integrity.
  Authenticity authenticate(const stun::Message& request, Counters<Drop>& drops);

  /// Queues the answer to the request just authenticated. At most kMaxPending answers are queued.
  void succeed(const Path& path, const stun::Message& request, Counters<Drop>& drops);
  void refuse_role(const Path& path, const stun::Message& request, Counters<Drop>& drops);
  void refuse_unknown(const Path& path, const stun::Message& request, Counters<Drop>& drops);

  [[nodiscard]] const Statistics& statistics() const { return statistics_; }

  /// Removes queued answers for this path.
  void withdraw(const Path& path);
  /// Writes the next answer.
  std::optional<Transmit> poll(MutableBytes buffer);

 private:
  static constexpr std::size_t kMaxPending = 8;

  struct Key {
    Credentials credentials;
    std::unique_ptr<Hmac> hmac;
  };
  enum class Answer : std::uint8_t { none, success, role_conflict, unknown_attribute };
  struct Pending {
    Path path;
    stun::TransactionId transaction{};
    Answer answer{};
    bool previous_key = false;
    std::array<std::uint16_t, stun::Message::kMaxUnknown> unknown{};
    std::size_t unknown_count = 0;
  };
  void push(const Path& path, const stun::Message& request, Answer answer, Counters<Drop>& drops);
  MutableBytes write(const Pending& next, MutableBytes buffer);

  Key current_;
  std::optional<Key> previous_;
  bool authenticated_by_previous_ = false;
  std::optional<std::string> remote_ufrag_;
  SeenTransactions seen_;
  Statistics statistics_;
  std::array<Pending, kMaxPending> pending_{};
  std::size_t first_ = 0;
  std::size_t count_ = 0;
};

}  // namespace redan::ice
