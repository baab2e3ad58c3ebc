// Settings that all units share, and the nodes.
#include <array>
#include <charconv>

#include "base/hex.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/token/json_object.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::size_t kMinTrustPassword = 16;

struct Setting {
  std::string_view key;
  bool secret = false;
  bool number = false;
};
constexpr std::array<Setting, 5> kSettings{{{"agent.api.url"},
                                            {"agent.api.fingerprint"},
                                            {"agent.api.token", true},
                                            {"core.max_requests_per_second", false, true},
                                            {"core.trust_password", true}}};

const Setting* find_setting(std::string_view key) {
  for (const Setting& setting : kSettings) {
    if (setting.key == key) return &setting;
  }
  return nullptr;
}

bool is_number(std::string_view text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value > 0 && value <= 1'000'000;
}

}  // namespace

net::Task<Outcome<void>> Ams::set_config(api::json::object wanted) {
  std::vector<store::Change> changes;
  for (const auto& [key, value] : wanted) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) co_return api::refuse(api::bad_request("no setting named " + std::string(key)));
    if (!value.is_string()) co_return api::refuse(api::bad_request(std::string(key) + " is not a string"));
    std::string text(value.get_string());
    if (text.empty()) {
      changes.emplace_back(store::Erase{keys::at(keys::kConfig, key), store::Anything{}});
      continue;
    }
    if (text.size() > 4096) co_return api::refuse(api::bad_request(std::string(key) + " is too long"));
    if (setting->number && !is_number(text)) {
      co_return api::refuse(api::bad_request(std::string(key) + " is a number from 1 to 1,000,000"));
    }
    if (setting->key == "core.trust_password") {
      if (text.size() < kMinTrustPassword) {
        co_return api::refuse(api::bad_request("a trust password has at least 16 characters"));
      }
      std::array<std::uint8_t, 16> salt{};
      provider_.random(salt);
      const std::array parts{as_bytes(text)};
      const Digest hash = provider_.hmac(HashAlgorithm::sha256, salt)->compute(parts);
      wipe({reinterpret_cast<std::uint8_t*>(text.data()), text.size()});
      text = to_hex(salt) + ":" + to_hex(hash.bytes());
    }
    changes.emplace_back(store::Put{keys::at(keys::kConfig, key), std::move(text), store::Anything{}, {}});
  }
  if (changes.empty()) co_return Outcome<void>{};
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return Outcome<void>{};
}

api::json::object Ams::config() const {
  api::json::object all;
  for (const auto& [key, value] : settings_) {
    const Setting* setting = find_setting(key);
    if (setting == nullptr) continue;
    if (setting->secret) {
      all[key] = true;
    } else {
      all[key] = value;
    }
  }
  return all;
}

std::string Ams::config(const std::string& key) const {
  const auto found = settings_.find(key);
  return found == settings_.end() ? std::string() : found->second;
}

net::Task<Outcome<api::json::array>> Ams::nodes() {
  auto entries = co_await read_all(keys::kNodes);
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  api::json::array all;
  for (const store::Entry& entry : *entries) {
    auto node = token::parse_json_object(entry.value);
    if (!node) continue;
    (*node)["architecture"] = "x86_64";
    (*node)["status"] = "online";
    all.emplace_back(std::move(*node));
  }
  co_return all;
}

}  // namespace redan::cloud::ams
