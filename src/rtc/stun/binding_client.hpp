// Asks a STUN server for the address that it sees (RFC 8489 section 12): a server-reflexive candidate. No credentials.
#pragma once

#include <memory>
#include <redan/error.hpp>
#include <variant>

#include "base/machine.hpp"
#include "rtc/stun/message.hpp"
#include "rtc/stun/transaction.hpp"

namespace redan::stun {

class BindingClient {
 public:
  struct Transmit {
    Path path;
    MutableBytes bytes;  ///< at the start of the caller's buffer
  };
  /// The server sees our end of the path at this address.
  struct Mapped {
    Address address;
    std::optional<Duration> rtt;  ///< if the first transmission was answered
  };
  struct Failed {
    std::uint16_t server_code = 0;  ///< the server refused; 0: no answer, or none that makes sense
  };
  using Output = std::variant<Wait, Transmit, Mapped, Failed>;

  /// `path`: from our address to the server's.
  BindingClient(const Path& path, Transport transport, Provider& provider);

  /// Sends a request, again if there was one: a repeated request keeps the NAT's mapping alive.
  void start(TimePoint now, const Timing& timing = {});
  /// Whether this is the response that is awaited, from where it must come.
  [[nodiscard]] bool awaits(const Path& path, const Message& response) const;
  /// Anything else than the awaited response is ignored.
  void handle_input(TimePoint now, const Path& path, const Message& message);
  /// After Mapped or Failed: Wait{kNever} until the next start().
  Output poll_output(TimePoint now, MutableBytes buffer);

 private:
  Path path_;
  Transport transport_;
  Provider* provider_;
  std::optional<Transaction> transaction_;
  std::optional<std::variant<Mapped, Failed>> result_;
};

}  // namespace redan::stun
