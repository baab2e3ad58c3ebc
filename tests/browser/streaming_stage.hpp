// The environment of the streaming tests: a real browser whose page has clients of src/cmd/demo/page/stream.js, their
// signalling, and a streamer.
#pragma once

#include <gtest/gtest.h>

#include "cloud/api/signalling.hpp"
#include "cloud/runtime/streamer.hpp"
#include "net/socket_address.hpp"
#include "tests/browser/browser_process.hpp"
#include "tests/browser/lossy_relay.hpp"
#include "tests/browser/page_server.hpp"
#include "tests/browser/signal_server.hpp"
#include "tests/support/files.hpp"

namespace redan::cloud {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;
using redan::test::Browser;

/// One browser for all tests of it, and a streamer for each test.
struct Stage {
  explicit Stage(Browser browser) : process(browser, "http://127.0.0.1:" + std::to_string(page.port()) + "/") {
    signals.on_open = [this](const std::string& path) { on_open(path); };
    signals.on_message = [this](const std::string& path, std::string_view text) {
      if (streamer) streamer->on_message(path, text);
    };
    signals.on_close = [this](const std::string& path, unsigned code) { close_codes[path] = code; };
  }

  // Names "v-..." are viewers.
  void on_open(const std::string& path) {
    if (!streamer) return;
    runtime::ClientOptions options;
    options.screen = screen;
    if (path.starts_with("v-")) options.role = runtime::ClientOptions::Role::viewer;
    streamer->open(path, options, [this, path](std::string text) { signals.send(path, through_relay(text)); });
  }
  // With a relay, the browser gets the relay's port instead of ours.
  std::string through_relay(const std::string& text) {
    const auto message = *api::signalling::parse(text);
    const auto* offer = std::get_if<api::signalling::Offer>(&message);
    if (!relay || offer == nullptr) return text;
    api::signalling::Offer changed = *offer;
    const std::string port = " " + std::to_string(streamer->local_addresses().front().port()) + " typ host";
    for (std::size_t at = 0; (at = changed.sdp.find(port, at)) != std::string::npos;) {
      changed.sdp.replace(at, port.size(), " " + std::to_string(relay->port()) + " typ host");
    }
    return api::signalling::text(changed);
  }
  void start_relay() { relay = std::make_unique<redan::test::LossyRelay>(io, streamer->local_addresses().front()); }
  void start_streamer(runtime::StreamerConfig config = {}) {
    for (const Address& address : net::host_addresses()) config.addresses.push_back(address);
    config.log = [](std::string_view line) { std::printf("  %.*s\n", static_cast<int>(line.size()), line.data()); };
    streamer = std::make_unique<runtime::Streamer>(io, std::move(config), *provider);
    streamer->on_client = [this](const std::string& client, runtime::ClientState state, Errc why) {
      states[client] = {state, why};
    };
  }
  void stop_streamer() {
    if (!streamer) return;
    streamer->stop();
    pump(200ms);
    streamer.reset();
    relay.reset();
    pump(10ms);
    states.clear();
    screen = {};
  }
  json::value run(const std::string& script, std::chrono::seconds timeout = 40s) {
    return page.run(io, script, timeout);
  }
  void pump(std::chrono::milliseconds time) {
    io.restart();
    io.run_for(time);
  }
  bool until(const std::function<bool()>& condition, std::chrono::seconds timeout = 20s) {
    for (const auto end = std::chrono::steady_clock::now() + timeout; std::chrono::steady_clock::now() < end;) {
      if (condition()) return true;
      pump(10ms);
    }
    return false;
  }

  asio::io_context io{1};
  std::unique_ptr<Provider> provider = default_provider();
  redan::test::PageServer page;
  redan::test::SignalServer signals{io};
  redan::test::BrowserProcess process;
  std::unique_ptr<runtime::Streamer> streamer;
  std::unique_ptr<redan::test::LossyRelay> relay;
  [[nodiscard]] std::uint64_t figure(const char* name) const {
    return streamer->statistics().at(name).to_number<std::uint64_t>();
  }
  api::Screen screen;
  std::map<std::string, std::pair<runtime::ClientState, Errc>> states;
  std::map<std::string, unsigned> close_codes;
};

class StreamingTest : public testing::TestWithParam<Browser> {
 protected:
  static std::map<Browser, std::unique_ptr<Stage>>& stages() {
    static std::map<Browser, std::unique_ptr<Stage>> all;
    return all;
  }
  static void TearDownTestSuite() { stages().clear(); }

  void SetUp() override {
    auto& slot = stages()[GetParam()];
    if (!slot) {
      for (auto& [browser, other] : stages()) {
        if (browser != GetParam()) other.reset();
      }
      slot = std::make_unique<Stage>(GetParam());
      const auto client = redan::test::read_test_file("browser/streaming_client.js");
      slot->run(std::string(client.begin(), client.end()), 60s);
    }
    stage = slot.get();
  }
  void TearDown() override {
    if (stage == nullptr) return;
    stage->run("return t.leaveAll()");
    stage->stop_streamer();
  }
  /// Creates t.streams[name] in the page; it connects by itself.
  void join(const std::string& name, const std::string& options = "{}") {
    stage->run("return t.join('" + name + "', '" + url(name) + "', " + options + ")");
  }
  [[nodiscard]] std::string url(const std::string& name) const {
    return "ws://127.0.0.1:" + std::to_string(stage->signals.port()) + "/" + name;
  }
  /// `script` is the body of a function of `s`, which is that stream.
  json::value with(const std::string& name, const std::string& script, std::chrono::seconds timeout = 40s) {
    return stage->run("const s = t.streams['" + name + "']; " + script, timeout);
  }
  static std::string text_of(const json::value& value) { return std::string(value.as_string()); }

  Stage* stage = nullptr;
};

}  // namespace redan::cloud
