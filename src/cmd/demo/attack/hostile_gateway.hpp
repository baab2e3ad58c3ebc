// The attacks of a malicious gateway on the sessions that it carries, one at a time. It has what a gateway has: all
// signalling of its clients, and no keys of other parties. See docs/protocols/attacks.md.
#pragma once

#include <optional>

#include "cmd/demo/attack/hostile_bus.hpp"
#include "cmd/demo/attack/man_in_the_middle.hpp"

namespace redan::cmd {

enum class Attack : std::uint8_t {
  none,
  swap_fingerprint,  ///< replaces the DTLS fingerprint on either side with its own, as a man in the middle
  replay_offer,      ///< repeats an earlier offer
  answer_in_place,   ///< answers in the runtime's place
  strip,             ///< removes the sealing
  inject_clear,      ///< injects a plaintext message instead of a sealed one
};
inline constexpr std::array kAttacks = {Attack::none,         Attack::swap_fingerprint,
                                        Attack::replay_offer, Attack::answer_in_place,
                                        Attack::strip,        Attack::inject_clear};
/// "swap-fingerprint"
std::string_view name(Attack attack);
std::optional<Attack> parse_attack(std::string_view name);
/// One human-readable line.
std::string_view explain(Attack attack);

class HostileGateway : public Carrier {
 public:
  HostileGateway(boost::asio::io_context& io, const std::vector<Address>& addresses, Provider& provider);

  /// Applies from the next session on. Clears earlier results.
  void begin(Attack attack);

  struct Status {
    Attack attack = Attack::none;
    bool succeeded = false;
    std::vector<std::string> read{};  ///< the last few secrets that it could read
    std::string refused{};            ///< the code with which an end refused, if it was in the clear
  };
  [[nodiscard]] const Status& status() const { return status_; }

  std::string to_runtime(const std::string& link, const std::string& body) override;
  std::string to_client(const std::string& link, const std::string& body) override;

 private:
  struct Session {
    Attack attack = Attack::none;
    std::uint64_t round = 0;   ///< the number of attacks that had begun when the session did
    bool fooled = false;       ///< the client has received a forged message
    std::string first_record;  ///< the runtime's, in this session
  };
  Session& session(const std::string& link);
  std::string offer_in_clear(Session& session, const std::string& link, const std::string& body, std::string_view sdp);
  std::string answer_in_clear(Session& session, const std::string& link, const std::string& body, std::string_view sdp);
  std::string seal_to_client(Session& session, const std::string& body, std::string seal);
  std::string seal_to_runtime(Session& session, const std::string& body, const std::string& seal) const;
  [[nodiscard]] std::string share_of_its_own() const;
  void win(const Session& session, std::string_view from, std::string_view text);
  void note_refusal(const Session& session, std::string_view message);

  Provider& provider_;
  Attack attack_ = Attack::none;
  std::uint64_t round_ = 0;
  Status status_;
  ManInTheMiddle middle_;
  std::map<std::string, Session> sessions_;
  std::deque<std::string> oldest_;
  std::string last_offer_;   ///< of the previous session
  std::string last_record_;  ///< sealed, of the previous session
};

}  // namespace redan::cmd
