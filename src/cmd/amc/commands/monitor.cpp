// monitor and watch: events as they happen.
#include <boost/asio/co_spawn.hpp>
#include <boost/json/parse.hpp>
#include <cstdio>

#include "cmd/amc/grammar.hpp"
#include "net/loop.hpp"
#include "net/websocket/client.hpp"

namespace redan::cmd {
namespace {

namespace json = boost::json;

std::string path_for(const std::string& kinds) {
  std::string query;
  for (const std::string& kind : split(kinds)) {
    if (kind == "all") return "/1.0/events";
    query += (query.empty() ? "?type=" : ",") + (kind == "operations" ? "operation" : kind);
  }
  return "/1.0/events" + query;
}

void print_event(std::string_view text, bool as_yaml) {
  json::error_code error;
  const json::value event = as_yaml ? json::parse(text, error) : json::value();
  const std::string shown = event.is_object() ? format_yaml(event) + "---\n" : std::string(text) + "\n";
  std::fputs(shown.c_str(), stdout);
  std::fflush(stdout);
}

// Until the connection or the user ends it.
int run(Amc& amc, const std::string& kinds, bool as_yaml) {
  Amc::Target to = amc.target();
  std::shared_ptr<net::WebSocket> socket;
  bool told_to_end = false;
  net::Loop loop([&] {
    told_to_end = true;
    if (socket) socket->close();
  });
  int code = kOk;
  net::WebSocketClientConfig config{.server = std::move(to.remote), .target = path_for(kinds)};
  config.limits.first_message_timeout = std::chrono::seconds(0);
  using Opened = tl::expected<std::shared_ptr<net::WebSocket>, net::HttpFailure>;
  boost::asio::co_spawn(loop.io(), net::open_websocket(std::move(config)),
                        [&](const std::exception_ptr& error, Opened opened) {
                          if (error) std::rethrow_exception(error);
                          if (!opened) {
                            const AmcFailure failure = failure_of(opened.error(), to.name);
                            std::fprintf(stderr, "redan amc: %s\n", failure.what());
                            code = opened.error().status == 403 ? kAuthentication : failure.code();
                            return loop.stop();
                          }
                          socket = *opened;
                          socket->on_message = [as_yaml](std::string_view text) { print_event(text, as_yaml); };
                          socket->on_close = [&] {
                            if (!told_to_end) {
                              std::fprintf(stderr, "redan amc: the server closed the connection\n");
                              code = kNetwork;
                            }
                            loop.stop();
                          };
                        });
  loop.run();
  // The socket ends before its loop.
  if (socket) socket->on_close = nullptr;
  socket.reset();
  return code;
}

}  // namespace

void add_monitor(Grammar& grammar) {
  const auto kinds = std::make_shared<std::string>();
  const auto add = [&](const char* name, const char* description, bool as_yaml) {
    CLI::App* made = grammar.command(grammar.root(), name, description, [kinds, as_yaml](Amc& amc) {
      return run(amc, *kinds, as_yaml && !amc.options().json && amc.options().format != "json");
    });
    made->add_option("-t,--type", *kinds, "operations, lifecycle, or all (the default)");
    return made;
  };
  grammar.format(add("monitor", "Print events until Ctrl-C", true));
  add("watch", "The same, one JSON object a line", false);
}

}  // namespace redan::cmd
