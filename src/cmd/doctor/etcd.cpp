// Checks every node of etcd with a unit's permissions: writes, reads and removes a key through each. Data of other
// units must be out of reach.
#include <cstdio>

#include "base/hex.hpp"
#include "cloud/store/etcd_cluster.hpp"
#include "cloud/store/etcd_json.hpp"
#include "cmd/doctor/findings.hpp"

namespace redan::cmd {
namespace {

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

struct Probe {
  std::string path;
  std::string body;
};

Probe read_of(cloud::store::KeyRange keys) {
  return {"/v3/kv/range", cloud::store::write(cloud::store::EtcdRange{std::move(keys), 1})};
}

Probe write_of(cloud::store::EtcdOperation operation) {
  cloud::store::EtcdTransaction transaction;
  transaction.success.push_back(std::move(operation));
  return {"/v3/kv/txn", cloud::store::write(transaction)};
}

enum class Reach : std::uint8_t { denied, possible, unknown };

net::Task<Reach> try_out(cloud::store::EtcdCluster& cluster, Probe probe) {
  cloud::store::EtcdCluster::Body body = [text = std::move(probe.body)](bool) { return text; };
  const cloud::store::EtcdAnswer answer =
      co_await cluster.call(std::move(probe.path), std::move(body), cluster.deadline());
  if (answer) co_return Reach::possible;
  co_return answer.error().detail.find("permission denied") != std::string::npos ? Reach::denied : Reach::unknown;
}

/// Reports an error; returns true if there is none.
bool judge(Reach reach, const std::string& what, const std::string& verb, const std::string& where,
           Findings& findings) {
  if (reach == Reach::denied) return true;
  const bool possible = reach == Reach::possible;
  findings.fail(what, "this unit " + std::string(possible ? "can " : "may be able to ") + verb + " " + where,
                possible
                    ? "give each kind of unit a user and a prefix of its own, and run etcdctl auth enable: etcd-users"
                    : "etcd did not say permission denied; look at its log");
  return false;
}

void say_refusal(const std::string& what, Errc code, const std::string& detail, Findings& findings) {
  if (detail.find("authentication is not enabled") == std::string::npos) return findings.fail(what, code, detail);
  findings.fail(what, "authorisation is off: every holder of a certificate of the store reads and writes everything",
                "give each kind of unit a user and a prefix of its own, and run etcdctl auth enable: etcd-users");
}

/// True if nothing outside this unit's prefix can be read or written.
net::Task<bool> check_bounds(cloud::store::EtcdCluster& cluster, const StoreOptions& options, const std::string& what,
                             const std::string& random, Findings& findings) {
  const std::string& own = options.etcd_prefix;
  const cloud::store::KeyRange ours = cloud::store::keys_below(own, "");
  Probe before = read_of({"", own});
  Probe behind = read_of({ours.end.value_or(own), std::nullopt});
  bool well = judge(co_await try_out(cluster, std::move(before)), what, "read", "the keys before " + own, findings);
  well &= judge(co_await try_out(cluster, std::move(behind)), what, "read", "the keys behind " + own, findings);
  // A wide read may be denied although single prefixes are readable, so each is tried too.
  std::vector<std::string> others = options.etcd_others;
  others.push_back("doctor-" + random + "/");
  for (const std::string& other : others) {
    if (other == own) continue;
    const std::string key = other + "doctor/" + random;
    Probe read = read_of(cloud::store::keys_below(other, ""));
    Probe write = write_of(cloud::store::EtcdPut{key, "probe"});
    Probe erase = write_of(cloud::store::EtcdErase{key});
    well &= judge(co_await try_out(cluster, std::move(read)), what, "read", other, findings);
    const Reach written = co_await try_out(cluster, std::move(write));
    if (written != Reach::denied) (void)co_await try_out(cluster, std::move(erase));
    well &= judge(written, what, "write", other, findings);
  }
  co_return well;
}

}  // namespace

net::Task<void> check_etcd(boost::asio::io_context& io, StoreOptions options, Provider& provider, Findings& findings) {
  std::array<std::uint8_t, 8> random{};
  provider.random(random);
  const std::string name = to_hex(random);
  const std::string key = "doctor/" + name;
  for (const std::string& node : options.etcd) {
    const std::string what = "etcd " + node;
    std::string detail;
    StoreOptions one = options;
    one.etcd = {node};
    const auto store = open_etcd(io, one, [&](const cloud::store::StoreFailure& failure) { detail = failure.detail; });
    const auto begin = std::chrono::steady_clock::now();
    const auto put = co_await store->put(key, "probe", cloud::store::Anything{});
    const double took = milliseconds_since(begin);
    if (!put) {
      say_refusal(what, put.error(), detail, findings);
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
      net::TlsIdentity identity;
      cloud::store::EtcdCluster cluster(io, etcd_config(one, identity), {});
      const bool bounded = co_await check_bounds(cluster, one, what, name, findings);
      if (bounded) {
        findings.ok(what, "this unit reads and writes " + one.etcd_prefix + " alone");
      }
    }
  }
}

}  // namespace redan::cmd
