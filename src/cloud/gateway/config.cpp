// Changes of the settings that all units share.
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {

net::Task<Outcome<void>> Gateway::set_config(ApiCaller caller, api::json::object wanted) {
  REDAN_CO_CHECK(caller.may(GatewayOperation::admin));
  std::vector<store::Change> changes;
  for (const auto& [key, value] : wanted) {
    const auto* setting = Settings::find(key);
    if (setting == nullptr) co_return api::refuse(api::bad_request("no setting named " + std::string(key)));
    REDAN_CO_TRY(auto text, Settings::check(*setting, value));
    const std::string stored_at = keys::at(keys::kConfig, key);
    if (text.empty()) {
      changes.emplace_back(store::Erase{stored_at, store::Anything{}});
    } else {
      changes.emplace_back(store::Put{stored_at, std::move(text), store::Anything{}, {}});
    }
  }
  if (changes.empty()) co_return Outcome<void>{};
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_await caught_up(*committed);
  co_return Outcome<void>{};
}

}  // namespace redan::cloud::gateway
