// Every node of etcd, with the rights of a unit: a key is written, read and removed through each.
#include <cstdio>

#include "base/hex.hpp"
#include "cmd/doctor/findings.hpp"

namespace redan::cmd {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

net::Task<void> check_etcd(boost::asio::io_context& io, StoreOptions options, Provider& provider, Findings& findings) {
  std::array<std::uint8_t, 8> random{};
  provider.random(random);
  const std::string key = "doctor/" + to_hex(random);
  for (const std::string& node : options.etcd) {
    const std::string what = "etcd " + node;
    std::string detail;
    StoreOptions one = options;
    one.etcd = {node};
    const auto store = open_etcd(io, one, [&](const cloud::StoreFailure& failure) { detail = failure.detail; });
    const auto begin = std::chrono::steady_clock::now();
    const auto put = co_await store->put(key, "probe", cloud::Anything{});
    const double took = milliseconds_since(begin);
    if (!put) {
      findings.fail(what, put.error(), detail);
      continue;
    }
    const auto got = co_await store->get(key);
    const auto erased = co_await store->erase(key);
    if (!got || !erased) {
      findings.fail(what, !got ? got.error() : erased.error(), detail);
    } else if (!*got || (*got)->value != "probe") {
      findings.fail(what, "a key that was written is not read", "look at the node's log and etcdctl endpoint status");
    } else {
      char text[96];
      std::snprintf(text, sizeof text, "has a majority; a key is written in %.1f ms, read and removed", took);
      findings.ok(what, text);
    }
  }
}

}  // namespace redan::cmd
