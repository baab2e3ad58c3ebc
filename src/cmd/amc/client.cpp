#include "cmd/amc/client.hpp"

#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cstdio>
#include <iostream>

#include "base/words.hpp"
#include "cloud/api/duration.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::uint16_t kPort = 8444;
constexpr const char* kLocalSocket = "/var/lib/redan-ams/ams.socket";
constexpr std::string_view kUnix = "unix://";

void put(const std::string& text) { std::fputs(text.c_str(), stdout); }

}  // namespace

Amc::Amc(const AmcOptions& options)
    : options_(options), remotes_(options.directory.empty() ? default_amc_directory() : fs::path(options.directory)) {}

Amc::Target Amc::target() {
  if (!options_.socket.empty()) return {net::UnixRemote{options_.socket}, options_.socket};
  const std::string& name = options_.remote.empty() ? remotes_.default_name() : options_.remote;
  if (name.empty() && ::access(kLocalSocket, R_OK | W_OK) == 0) return {net::UnixRemote{kLocalSocket}, kLocalSocket};
  if (name.empty()) throw AmcFailure(kUsage, "no AMS is known yet; redan amc remote add NAME https://...");
  const AmcRemote* remote = remotes_.find(name);
  if (remote == nullptr) throw AmcFailure(kUsage, "no remote named " + name + "; see redan amc remote list");
  if (remote->url.starts_with(kUnix)) return {net::UnixRemote{remote->url.substr(kUnix.size())}, name};
  identity_ = remotes_.identity();
  return {pinned_remote(parse_ams_url(remote->url), remote->fingerprint, identity_), name};
}

AmcSession& Amc::session() {
  if (!session_) {
    Target to = target();
    session_.emplace(std::move(to.remote), to.name);
  }
  return *session_;
}

AmcTimeout Amc::timeout(AmcTimeout otherwise) const {
  if (options_.timeout.empty()) return otherwise;
  const auto timeout = cloud::api::parse_duration(options_.timeout);
  if (!timeout) throw AmcFailure(kUsage, "--timeout is a duration such as 30s, 5m or 1h30m");
  return timeout;
}

json::value Amc::act(const char* method, const std::string& path, const json::value& body) {
  const AmcTimeout limit = timeout();
  json::value operation = session().ask(method, path, body);
  return options_.no_wait ? operation : session().wait(std::move(operation), limit);
}

std::string Amc::until_running(const std::string& path) const {
  return path + "?no_wait=" + (options_.no_wait ? "true" : "false");
}

json::value Amc::finish(json::value operation) {
  return options_.no_wait ? operation : session().wait(std::move(operation), timeout());
}

void Amc::confirm() const {
  if (options_.yes) return;
  std::fputs("Do you want to continue? [Y/n] ", stderr);
  const auto answer = read_line("");
  if (answer && (answer->empty() || equals_ignoring_case(*answer, "y") || equals_ignoring_case(*answer, "yes"))) return;
  throw AmcFailure(kFailure, "not confirmed; nothing was changed (--yes confirms)");
}

void Amc::print_list(json::array elements, const std::vector<Column>& columns) const {
  if (options_.json || options_.format == "json") return put(json::serialize(elements) + "\n");
  if (options_.format == "csv") return put(format_csv(elements, columns));
  if (options_.format == "yaml") return put(format_yaml(elements));
  put(format_table(elements, columns, table_width()));
}

void Amc::print(const json::value& answer, const json::value& shown) const {
  if (options_.json) return put(json::serialize(answer) + "\n");
  put(options_.format == "json" ? json::serialize(shown) + "\n" : format_yaml(shown));
}

void Amc::print_end(const json::value& operation) const {
  if (options_.json) put(json::serialize(operation) + "\n");
}

void Amc::print_line(const std::string& line, const json::value& answer) const {
  put((options_.json ? json::serialize(answer) : line) + "\n");
}

HostAndPort parse_ams_url(const std::string& url) { return parse_https_url(url, kPort); }

net::Remote pinned_remote(const HostAndPort& server, const std::string& fingerprint, const net::TlsIdentity& identity) {
  const auto pin = net::parse_pin(fingerprint);
  if (!pin) throw std::runtime_error("a fingerprint is 64 hexadecimal digits");
  return net::TlsRemote{server.host, server.port, net::PinnedSha256{*pin}, &identity};
}

std::optional<std::string> read_line(const char* prompt) {
  if (::isatty(STDIN_FILENO) != 0) std::fputs(prompt, stderr);
  std::string line;
  if (!std::getline(std::cin, line)) return std::nullopt;
  while (line.ends_with('\r') || line.ends_with(' ')) line.pop_back();
  return line;
}

std::string made_by(const json::value& operation, std::string_view kind) {
  const json::value resources = member_of(operation.as_object(), "resources");
  const json::value urls = resources.is_object() ? member_of(resources.get_object(), kind) : nullptr;
  if (!urls.is_array() || urls.get_array().empty())
    throw AmcFailure(kNetwork, "the answer does not name what was made");
  const std::string url(urls.get_array()[0].as_string());
  return url.substr(url.rfind('/') + 1);
}

bool parse_bool(const std::string& text) {
  if (text == "true") return true;
  if (text == "false") return false;
  throw AmcFailure(kUsage, "\"" + text + "\" is neither true nor false");
}

std::int64_t parse_integer(const std::string& text) {
  const auto number = to_number<std::int64_t>(text);
  if (!number) throw AmcFailure(kUsage, "\"" + text + "\" is not a whole number");
  return *number;
}

}  // namespace redan::cmd
