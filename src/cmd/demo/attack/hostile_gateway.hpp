// What a gateway that means ill does to the sessions it carries, one attack at a time. It has what a gateway has: all
// signalling of its clients, and no key of anybody's. docs/protocols/attacks.md.
#pragma once

#include <optional>

#include "cmd/demo/attack/hostile_bus.hpp"
#include "cmd/demo/attack/man_in_the_middle.hpp"

namespace redan::cmd {

enum class Attack : std::uint8_t {
  none,
  swap_fingerprint,  ///< its own DTLS fingerprint on either side, and itself in the middle
  replay_offer,      ///< an offer that was said before
  answer_in_place,   ///< of the runtime
  strip,             ///< the sealing away
  inject_clear,      ///< a clear message where a sealed one was
};
inline constexpr std::array kAttacks = {Attack::none,         Attack::swap_fingerprint,
                                        Attack::replay_offer, Attack::answer_in_place,
                                        Attack::strip,        Attack::inject_clear};
/// "swap-fingerprint"
std::string_view name(Attack attack);
std::optional<Attack> parse_attack(std::string_view name);
/// For people: one line.
std::string_view explain(Attack attack);

class HostileGateway : public Carrier {
 public:
  HostileGateway(boost::asio::io_context& io, const std::vector<Address>& addresses, Provider& provider);

  /// From the next session on. Forgets what was won before.
  void begin(Attack attack);

  struct Status {
    Attack attack = Attack::none;
    bool succeeded = false;
    std::vector<std::string> read{};  ///< what it could read and should not have: the last few
    std::string refused{};            ///< the code with which an end said no, if it said so in clear
  };
  [[nodiscard]] const Status& status() const { return status_; }

  std::string to_runtime(const std::string& link, const std::string& body) override;
  std::string to_client(const std::string& link, const std::string& body) override;

 private:
  struct Session {
    Attack attack = Attack::none;
    std::uint64_t round = 0;   ///< how often an attack had begun when it did
    bool fooled = false;       ///< the client has been given something false
    std::string first_record;  ///< of the runtime's, in this session
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
  std::string last_offer_;   ///< of the session before
  std::string last_record_;  ///< sealed, likewise
};

}  // namespace redan::cmd
