#include "cmd/connect/trace.hpp"

#include <unistd.h>

#include <boost/json.hpp>
#include <cstdio>
#include <cstdlib>

#include "base/utf8.hpp"
#include "net/tls/tls.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

void print_line(const std::string& line) {
  std::fputs(line.c_str(), stdout);
  std::fputc('\n', stdout);
  std::fflush(stdout);
}

}  // namespace

Trace::Trace(Form form)
    : form_(form), colour_(form == Form::text && ::isatty(1) == 1 && std::getenv("NO_COLOR") == nullptr) {}

std::string Trace::bold(std::string_view text) const {
  return colour_ ? "\033[1m" + std::string(text) + "\033[0m" : std::string(text);
}

void Trace::info(std::string_view text) {
  if (form_ == Form::json) return print_line(json::serialize(json::object{{"event", "info"}, {"text", text}}));
  print_line(std::string(text));
}

void Trace::print_url(const std::string& url, const std::string& pin) {
  if (form_ == Form::json) {
    return print_line(
        json::serialize(json::object{{"event", "ready"}, {"url", url + "&sha256=" + pin}, {"sha256", pin}}));
  }
  print_line("");
  print_line("Open in a browser (works once, then a new one is printed):");
  print_line("  " + bold(url));
  print_line("or in another terminal:");
  print_line("  redan connect '" + url + "&sha256=" + pin + "'");
  print_line("");
}

void Trace::peer(PeerId peer, std::int64_t ms, std::string_view event, std::string_view text) {
  if (form_ == Form::json) {
    return print_line(
        json::serialize(json::object{{"event", event}, {"peer", peer.value}, {"ms", ms}, {"text", text}}));
  }
  std::array<char, 48> head{};
  std::snprintf(head.data(), head.size(), "%8lld ms  #%-3llu %-8s ", static_cast<long long>(ms),
                static_cast<unsigned long long>(peer.value), std::string(event).c_str());
  print_line(head.data() + std::string(text));
}

std::string printable(std::string_view text) { return escape_controls(first_bytes(text, 120)); }

std::string_view name_of(SrtpProfile profile) {
  switch (profile) {
    case SrtpProfile::aes128_cm_hmac_sha1_80:
      return "SRTP_AES128_CM_HMAC_SHA1_80";
    case SrtpProfile::aead_aes_128_gcm:
      return "SRTP_AEAD_AES_128_GCM";
    case SrtpProfile::aead_aes_256_gcm:
      return "SRTP_AEAD_AES_256_GCM";
  }
  return "";
}

std::string explain(Errc code) {
  return std::string(text(code)) + " (" + std::string(name(code)) + "); " + std::string(hint(code));
}

std::string explain(const Error& error) {
  return explain(error.code) + (error.detail.empty() ? "" : " " + error.detail);
}

std::string explain(const net::HttpFailure& failure) { return explain(Error{failure.code, failure.detail}); }

}  // namespace redan::cmd
