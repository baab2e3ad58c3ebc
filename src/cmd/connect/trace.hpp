// What a person (or, with --json, a program) sees of the demo: one line per event.
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
  /// Where to go: `url` for a browser; with `pin` behind it for a program that checks the certificate.
  void print_url(const std::string& url, const std::string& pin);
  /// Something about a peer: `event` is ice, dtls, srtp, channel or closed.
  void peer(PeerId peer, std::int64_t ms, std::string_view event, std::string_view text);

 private:
  [[nodiscard]] std::string bold(std::string_view text) const;
  Form form_;
  bool colour_;
};

/// The start of a remote text, safe for a terminal.
std::string printable(std::string_view text);
std::string_view name_of(SrtpProfile profile);
/// "what happened: why; what to do".
std::string explain(Errc code);
std::string explain(const Error& error);
/// The same of a request that got no response.
std::string explain(const net::HttpFailure& failure);

}  // namespace redan::cmd
