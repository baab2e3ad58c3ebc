// Accounts and their tokens.
#include <algorithm>

#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace keys = keys;

constexpr std::chrono::seconds kMaxLife = std::chrono::hours(24 * 366 * 10);

bool contains(const std::vector<GatewayOperation>& all, GatewayOperation one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

/// Replaces '/' in the account names of the Unix socket's users: account names never contain it.
constexpr char kLocal = ':';

}  // namespace

std::string local_account(std::uint32_t uid) { return std::string("local") + kLocal + std::to_string(uid); }

Outcome<void> ApiCaller::may(GatewayOperation wanted, std::string_view of_session, std::string_view in_region) const {
  const bool operation_fits = !operation || *operation == name(wanted);
  const bool usual = allow.empty() && wanted != GatewayOperation::admin;
  const bool allowed = administrator() || usual || contains(allow, wanted);
  if (operation_fits && allowed && (!session || *session == of_session) && (!region || *region == in_region)) return {};
  return api::refuse(api::refusal_of(errc::token_scope));
}

bool ApiCaller::administrator() const { return contains(allow, GatewayOperation::admin); }

// Sessions created before account references existed contain only the account's name.
bool ApiCaller::reaches(const api::Session& one) const {
  return administrator() || one.account == account || one.account == api::account_name(account);
}

bool ApiCaller::sees(const api::Session& one) const {
  return reaches(one) && (!session || *session == one.id) && (!region || *region == one.region);
}

// The token is verified first, so that only holders of a valid token can learn whether an account exists.
Result<ApiCaller> Gateway::admit(std::string_view token) {
  if (!tokens_) return refuse(errc::trust_stale);
  REDAN_TRY(auto claims, tokens_->verify(token, wall_time()));
  if (!is_fresh()) return refuse(errc::trust_stale);
  const auto found = accounts_.find(claims.account);
  if (found == accounts_.end()) return refuse(errc::token_revoked);
  const api::Account& account = found->second;
  const bool same = equal_in_constant_time(as_bytes(account.token_sha256), as_bytes(claims.issued_sha256));
  if (!same) return refuse(errc::token_revoked);
  return ApiCaller{account.reference(),      account.allow, std::move(claims.operation), std::move(claims.session),
                   std::move(claims.region), account.quota};
}

net::Task<Outcome<Gateway::NewAccount>> Gateway::create_account(std::string account_name, std::chrono::seconds life,
                                                                std::vector<GatewayOperation> allow, api::Quota quota) {
  if (!api::is_name(account_name)) co_return api::refuse(api::bad_request("a name is 1 to 63 letters, digits, . _ -"));
  if (life < std::chrono::seconds(1) || life > kMaxLife) {
    co_return api::refuse(api::bad_request("a token lives between a second and ten years"));
  }
  if (accounts_.size() >= config_.max_accounts) co_return api::refuse(api::refusal_of(Errc::too_many));
  NewAccount made;
  made.account = {account_name, seconds(), seconds() + life.count(), std::move(allow), {}, quota};
  auto issued = tokens_->issue(account_name, WallTime{made.account.expires_at});
  if (!issued) co_return api::refuse(api::refusal_of(issued.error()));
  made.token = std::move(issued->text);
  made.account.token_sha256 = std::move(issued->sha256);
  auto stored = co_await store_.put(keys::at(keys::kAccounts, account_name), to_record(made.account), store::Absent{});
  if (stored) {
    // The token must be usable as soon as it is returned.
    co_await caught_up(*stored);
    co_return made;
  }
  if (stored.error() == errc::store_conflict) {
    co_return api::refuse(api::conflict("there is an account named " + account_name));
  }
  co_return api::refuse(api::refusal_of(stored.error()));
}

net::Task<Outcome<void>> Gateway::remove_account(std::string account_name) {
  if (!api::is_name(account_name)) co_return api::refuse(api::not_found("account"));
  const std::string key = keys::at(keys::kAccounts, account_name);
  auto entry = co_await store_.get(key);
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  if (!*entry) co_return api::refuse(api::not_found("account"));
  const store::Expect unchanged = store::Unchanged{(*entry)->modified};
  auto erased = co_await store_.erase(key, unchanged);
  if (!erased) co_return api::refuse(api::refusal_of(erased.error()));
  co_await caught_up(*erased);
  std::vector<api::Share> orphans;
  for (const auto& [id, share] : shares_) {
    if (!stands(share)) orphans.push_back(share);
  }
  for (const api::Share& share : orphans) co_await sweep_share(share);
  co_return Outcome<void>{};
}

bool Gateway::is_current(std::string_view account) const {
  if (account.find(kLocal) != std::string_view::npos) return true;
  const auto found = accounts_.find(std::string(api::account_name(account)));
  return found != accounts_.end() && (account == found->first || account == found->second.reference());
}

bool Gateway::stands(const api::Share& share) const {
  return share.expiry_at > seconds() && is_current(maker_of(share));
}

bool Gateway::stands(const SocketClaims& claims) const {
  if (!is_current(claims.account)) return false;
  if (claims.share.empty()) return true;
  const auto share = shares_.find(claims.share);
  return share != shares_.end() && stands(share->second);
}

void Gateway::cut_off() {
  const auto gone = [this](const SocketClaims& claims) { return !stands(claims); };
  relay_.end_revoked(gone, "the account or the share was deleted");
}

}  // namespace redan::cloud::gateway
