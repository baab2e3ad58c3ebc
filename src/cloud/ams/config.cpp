// Settings that all units share.
#include <algorithm>
#include <array>

#include "base/hex.hpp"
#include "base/words.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::size_t kMinTrustPassword = 16;
constexpr std::size_t kMaxText = 4096;

enum class Type : std::uint8_t { text, boolean, number, secret };

/// One of the documented settings. Those without an effect keep their defaults.
struct Setting {
  std::string_view key;
  Type type = Type::text;
  std::string_view standard{};  ///< the default
  bool has_effect = false;
};
constexpr std::array kSettings{Setting{"agent.api.url", Type::text, "", true},
                               Setting{"agent.api.fingerprint", Type::text, "", true},
                               Setting{"agent.api.token", Type::secret, "", true},
                               Setting{"core.max_requests_per_second", Type::number, "", true},
                               Setting{"core.trust_password", Type::secret, "", true},
                               Setting{"application.auto_publish", Type::boolean, "true", true},
                               Setting{"application.addons"},
                               Setting{"application.auto_update", Type::boolean, "true"},
                               Setting{"application.default_abi"},
                               Setting{"application.max_published_versions", Type::number, "3", true},
                               Setting{"container.apt_mirror"},
                               Setting{"container.default_platform"},
                               Setting{"container.features"},
                               Setting{"container.network_proxy"},
                               Setting{"container.security_updates", Type::boolean, "true"},
                               Setting{"core.debug_address"},
                               Setting{"core.https_address"},
                               Setting{"core.proxy_http"},
                               Setting{"core.proxy_https"},
                               Setting{"core.proxy_ignore_hosts"},
                               Setting{"cpu.limit_mode", Type::text, "scheduler"},
                               Setting{"gpu.allocation_mode", Type::text, "all"},
                               Setting{"gpu.type", Type::text, "none"},
                               Setting{"images.allow_insecure", Type::boolean, "false"},
                               Setting{"images.auth", Type::secret},
                               Setting{"images.update_interval", Type::text, "5m"},
                               Setting{"images.url"},
                               Setting{"images.version_lockstep", Type::boolean, "true"},
                               Setting{"instance.apt_mirror"},
                               Setting{"instance.default_platform"},
                               Setting{"instance.features"},
                               Setting{"instance.network_proxy"},
                               Setting{"instance.security_updates", Type::boolean, "true"},
                               Setting{"load_balancer.url"},
                               Setting{"node.queue_size", Type::number, "100"},
                               Setting{"node.workers_per_queue", Type::number, "4"},
                               Setting{"oidc.allow_insecure", Type::boolean, "false"},
                               Setting{"oidc.audience"},
                               Setting{"oidc.client_id"},
                               Setting{"oidc.issuer_url"},
                               Setting{"openfga.api.fingerprint"},
                               Setting{"openfga.api.token", Type::secret},
                               Setting{"openfga.api.url"},
                               Setting{"openfga.store.id"},
                               Setting{"registry.filter"},
                               Setting{"registry.fingerprint"},
                               Setting{"registry.mode", Type::text, "pull"},
                               Setting{"registry.update_interval", Type::text, "1h"},
                               Setting{"registry.url"},
                               Setting{"scheduler.strategy", Type::text, "spread"}};

const Setting* find_setting(std::string_view key) {
  const auto found =
      std::find_if(kSettings.begin(), kSettings.end(), [&](const Setting& one) { return one.key == key; });
  return found == kSettings.end() ? nullptr : &*found;
}

/// Clients send a value as text; a JSON boolean or number is the same.
std::optional<std::string> text_of(const api::json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "true" : "false";
  if (value.is_int64()) return std::to_string(value.get_int64());
  return std::nullopt;
}

api::json::value value_of(const Setting& setting, const std::string& text) {
  switch (setting.type) {
    case Type::boolean:
      return text == "true";
    case Type::number:
      return to_number<std::int64_t>(text).value_or(0);
    case Type::secret:
      return !text.empty();
    case Type::text:
      break;
  }
  return api::json::string(text);
}

Outcome<void> check(const Setting& setting, const std::string& text) {
  const auto refused = [&](std::string_view what) {
    return api::refuse(api::bad_request(std::string(setting.key) + " is " + std::string(what)));
  };
  if (text.size() > kMaxText) return refused("at most 4096 bytes long");
  if (setting.type == Type::boolean && text != "true" && text != "false") return refused("true or false");
  const auto number = to_number<std::int64_t>(text);
  if (setting.type == Type::number && (!number || *number < 1 || *number > 1'000'000)) {
    return refused("a number from 1 to 1,000,000");
  }
  if (setting.key == "core.trust_password" && text.size() < kMinTrustPassword) {
    return api::refuse(api::bad_request("a trust password has at least 16 characters"));
  }
  if (setting.has_effect || text == setting.standard) return {};
  return api::refuse({400, "not_implemented", "the setting " + std::string(setting.key) + " is not implemented",
                      "leave it at its default", 0});
}

}  // namespace

net::Task<Outcome<api::Operation>> Ams::set_config(api::json::object wanted) {
  std::vector<store::Change> changes;
  for (const auto& [key, value] : wanted) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) co_return api::refuse(api::bad_request("no setting named " + std::string(key)));
    auto given = text_of(value);
    if (!given) co_return api::refuse(api::bad_request(std::string(key) + " is not text"));
    std::string text = std::move(*given);
    if (text.empty() || !setting->has_effect) {
      if (!text.empty()) REDAN_CO_CHECK(check(*setting, text));
      changes.emplace_back(store::Erase{keys::at(keys::kConfig, key), store::Anything{}});
      continue;
    }
    REDAN_CO_CHECK(check(*setting, text));
    if (setting->key == "core.trust_password") {
      std::array<std::uint8_t, 16> salt{};
      provider_.random(salt);
      const std::array parts{as_bytes(text)};
      const Digest hash = provider_.hmac(HashAlgorithm::sha256, salt)->compute(parts);
      wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
      text = to_hex(salt) + ":" + to_hex(hash.bytes());
    }
    changes.emplace_back(store::Put{keys::at(keys::kConfig, key), std::move(text), store::Anything{}, {}});
  }
  api::Operation done = context_.completed("Update configuration", {}, {});
  changes.push_back(context_.record(done));
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return done;
}

api::json::object Ams::config() const {
  api::json::object all;
  for (const Setting& setting : kSettings) {
    const auto set = settings_.find(std::string(setting.key));
    all[setting.key] = value_of(setting, set == settings_.end() ? std::string(setting.standard) : set->second);
  }
  return all;
}

std::string Ams::config(const std::string& key) const {
  if (const auto set = settings_.find(key); set != settings_.end()) return set->second;
  const Setting* setting = find_setting(key);
  return setting == nullptr ? std::string() : std::string(setting->standard);
}

}  // namespace redan::cloud::ams
