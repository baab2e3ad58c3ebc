// `redan runtime`: what runs inside an instance. It tells AMS that it runs, with its own certificate and token, over
// TLS pinned to AMS's certificate, and stays until it is told to end. The stream itself is not here yet.
#include <sys/stat.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "base/base64.hpp"
#include "cmd/arguments.hpp"
#include "cmd/program.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"

namespace redan::cmd {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::chrono::milliseconds kFirstPause{200};
constexpr std::chrono::milliseconds kLongestPause{10'000};
constexpr const char* kFooter = R"(
The user data is what AMS gives an instance: a JSON file with AMS's URL and
fingerprint, and this instance's certificate, key and token. It must not be
readable by others.

Example:
  redan runtime --user-data /var/lib/redan/user-data.json

Exit codes: 0 told to end, 1 failed, 2 wrong usage, 3 AMS refused it)";

struct UserData {
  std::string id;
  std::string token;
  HostAndPort server;
  Digest pin;
  net::TlsIdentity identity;
};

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || !member->is_string()) {
    throw std::runtime_error("the user data has no \"" + std::string(key) + "\"");
  }
  return std::string(member->get_string());
}

const json::object& object_at(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  if (member == nullptr || !member->is_object()) {
    throw std::runtime_error("the user data has no \"" + std::string(key) + "\"");
  }
  return member->get_object();
}

std::vector<std::uint8_t> bytes_at(const json::object& object, std::string_view key) {
  auto bytes = from_base64(text_at(object, key));
  if (!bytes) throw std::runtime_error("the user data's \"" + std::string(key) + "\" is not base64");
  return std::move(*bytes);
}

UserData read_user_data(const std::string& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) throw std::runtime_error("cannot read " + file);
  if ((status.st_mode & 077) != 0) throw std::runtime_error(file + " can be read by others; chmod 600 it");
  json::error_code error;
  const json::value value = json::parse(read_file(file), error);
  if (error || !value.is_object()) throw std::runtime_error(file + " is not a JSON object");
  const json::object& document = value.get_object();
  const json::object& ams = object_at(document, "ams");
  UserData data;
  data.id = text_at(object_at(document, "instance"), "id");
  data.token = text_at(ams, "token");
  data.server = parse_https_url(text_at(ams, "url"));
  const auto pin = net::parse_pin(text_at(ams, "fingerprint"));
  if (!pin) throw std::runtime_error("AMS's fingerprint is not 64 hexadecimal digits");
  data.pin = *pin;
  data.identity.certificate_der = bytes_at(ams, "certificate");
  data.identity.private_key_der = bytes_at(ams, "key");
  return data;
}

class Runtime {
 public:
  explicit Runtime(UserData data)
      : data_(std::move(data)),
        loop_([] { log_line("told to end"); }, std::chrono::milliseconds(0)),
        client_(loop_.io(), {.server = net::TlsRemote{data_.server.host, data_.server.port,
                                                      net::PinnedSha256{data_.pin}, &data_.identity}}) {}

  int run() {
    asio::co_spawn(loop_.io(), report(), asio::detached);
    loop_.run();
    return code_;
  }

 private:
  net::HttpRequest request() const {
    net::HttpRequest request;
    request.method = "PATCH";
    request.path = "/1.0/instances/" + data_.id;
    request.headers = {{"Authorization", "bearer " + data_.token}, {"Content-Type", "application/json"}};
    request.body = R"({"status":"running"})";
    return request;
  }
  // Until AMS has heard it: AMS may be restarting.
  net::Task<void> report() {
    asio::steady_timer timer(loop_.io());
    for (auto pause = kFirstPause;; pause = std::min(pause * 2, kLongestPause)) {
      const net::HttpResult reply = co_await client_.request(request());
      if (reply && reply->status == 200) {
        log_line("AMS knows that this instance runs");
        co_return;
      }
      if (reply && (reply->status == 401 || reply->status == 403 || reply->status == 404)) {
        log_line("AMS refused this instance: " + reply->body);
        code_ = kAuthentication;
        loop_.stop();
        co_return;
      }
      log_line(reply ? "AMS answered " + std::to_string(reply->status) + "; trying again"
                     : std::string(text(reply.error().code)) + "; trying again");
      timer.expires_after(pause);
      co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  UserData data_;
  net::Loop loop_;
  net::HttpClient client_;
  int code_ = kOk;
};

}  // namespace

void add_runtime(CLI::App& app, Run& run) {
  CLI::App* command = app.add_subcommand("runtime", "Run inside an instance: report to AMS and stay");
  auto file = std::make_shared<std::string>();
  command->add_option("--user-data", *file, "The file that AMS wrote for this instance")->required();
  command->footer(kFooter);
  command->callback([&run, file] { run = [file] { return Runtime(read_user_data(*file)).run(); }; });
}

}  // namespace redan::cmd
