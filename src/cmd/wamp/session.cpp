#include "cmd/wamp/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <cstdio>

namespace redan::cmd {

void print_line(const std::string& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

WampSession::WampSession(const WampRouterOptions& options)
    : options_(options), loop_([this] {
        if (client_) client_->leave();
      }) {}

int WampSession::run(const Work& work) {
  std::exception_ptr thrown;
  boost::asio::co_spawn(loop_.io(), join_and_work(work), [&](const std::exception_ptr& error) {
    thrown = error;
    if (error) finish(kFailure);
  });
  loop_.run();
  if (thrown) std::rethrow_exception(thrown);
  return code_;
}

net::Task<void> WampSession::join_and_work(const Work& work) {
  wamp::ClientConfig config = client_config(options_);
  auto joined = co_await wamp::Client::join(loop_.io(), std::move(config));
  if (!joined) co_return fail(joined.error());
  client_ = std::move(*joined);
  client_->on_lost = [](const wamp::Failure& why) {
    log_line("the connection is lost, trying again: " + std::string(text(why.code)));
  };
  client_->on_rejoined = [] { log_line("joined again"); };
  client_->on_refused = [](Errc why, const std::string& uri) { log_line(uri + ": " + std::string(text(why))); };
  co_await work(*this);
}

void WampSession::finish(int code) {
  code_ = code;
  loop_.stop();
}

}  // namespace redan::cmd
