// The output of the demo, for users or (with --json) for programs: one line per event.
#pragma once

#include <redan/endpoint.hpp>
#include <string>

#include "net/http/http.hpp"

namespace redan::cmd {

class Trace {
 public:
  enum class Form { text, json };
  explicit Trace(Form form);

  /// A plain line; in JSON {"event":"info","text":...}.
  void info(std::string_view text);
  /// `url` is for a browser; with `pin` appended it is for a program that checks the certificate.
  void print_url(const std::string& url, const std::string& pin);
  /// An event of a peer: `event` is ice, dtls, srtp, channel or closed.
  void peer(PeerId peer, std::int64_t ms, std::string_view event, std::string_view text);

 private:
  [[nodiscard]] std::string bold(std::string_view text) const;
  Form form_;
  bool colour_;
};

/// The beginning of a remote text, made safe for a terminal.
std::string printable(std::string_view text);
std::string_view name_of(SrtpProfile profile);
/// "what happened: why; what to do".
std::string explain(Errc code);
std::string explain(const Error& error);
/// The same for a request that got no response.
std::string explain(const net::HttpFailure& failure);

}  // namespace redan::cmd
