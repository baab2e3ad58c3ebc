// Shares: links that give others temporary access to a session.
#include <algorithm>

#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "cloud/gateway/keys.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {
namespace {

namespace keys = keys;

using api::Session;
using api::SessionStatus;
using api::Share;

api::Refusal share_unknown() { return api::not_found("share"); }

api::Refusal too_many_shares(std::size_t quota) {
  return {403, "too_many_shares", "the account has " + std::to_string(quota) + " shares already", "delete one first",
          0};
}

}  // namespace

// The token outlives the share, because the share can be extended; the record in the store is authoritative.
std::string Gateway::share_url(const Share& share) {
  const WallTime latest{share.created_at + api::kMaxShareLife};
  const auto token = tokens_->mint_share(share.id, share.session, latest);
  if (!token) return {};
  return "https" + config_.url.substr(3) + "/1.0/sessions/" + share.session +
         "/connect?type=" + std::string(name(share.type)) + "&token=" + *token;
}

// The session's record lists its shares, so that two units together cannot exceed the limit.
net::Task<Outcome<Share>> Gateway::share(ApiCaller caller, std::string id, api::ShareRequest request) {
  REDAN_CO_TRY(auto known, co_await session(caller, id));
  REDAN_CO_CHECK(caller.may(GatewayOperation::share, known.id, known.region));
  const std::size_t quota = caller.quota.max_shares;
  if (count_shares(caller.account) >= quota) co_return api::refuse(too_many_shares(quota));
  Share share{api::new_id(provider_, wall_time()),
              id,
              request.type,
              std::move(request.description),
              seconds(),
              request.expiry_at,
              caller.account};
  std::vector<store::Change> also;
  also.emplace_back(store::Put{keys::at(keys::kShares, share.id), to_record(share), store::Absent{}, {}});
  shares_.try_emplace(share.id, share);  // counts against the limit from now on
  auto edited = co_await edit_session(
      id,
      [&](Session& now) -> Outcome<Edit> {
        if (now.status != SessionStatus::created && now.status != SessionStatus::active) {
          return api::refuse(api::bad_request("the session is " + std::string(name(now.status))));
        }
        std::erase_if(now.shares, [&](const std::string& one) {
          const auto found = shares_.find(one);
          return found != shares_.end() && found->second.expiry_at <= seconds();
        });
        if (now.shares.size() >= api::kMaxShares) {
          return api::refuse({403, "too_many_shares", "the session has 5 shares already", "delete one first", 0});
        }
        now.shares.push_back(share.id);
        return Edit::write;
      },
      std::move(also));
  if (!edited) {
    shares_.erase(share.id);
    co_return api::refuse(edited.error());
  }
  // Concurrent requests, possibly at other units, can all pass the first check.
  auto entry = co_await store_.get(keys::at(keys::kShares, share.id));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  if (*entry) co_await caught_up((*entry)->modified);
  if (count_shares(caller.account) > quota) {
    co_await remove_share(caller, share.id);
    co_return api::refuse(too_many_shares(quota));
  }
  co_return share;
}

// Older records do not name the creator: such a share belongs to the account of the session.
std::string Gateway::maker_of(const Share& share) const {
  if (!share.account.empty()) return share.account;
  const auto session = sessions_.find(share.session);
  return session == sessions_.end() ? std::string() : session->second.session.account;
}

std::size_t Gateway::count_shares(const std::string& account) const {
  return static_cast<std::size_t>(std::count_if(shares_.begin(), shares_.end(), [&](const auto& one) {
    return one.second.account == account && one.second.expiry_at > seconds();
  }));
}

bool Gateway::sees_share(const ApiCaller& caller, const Share& share) const {
  const auto session = sessions_.find(share.session);
  return session != sessions_.end() && caller.sees(session->second.session);
}

Outcome<Share> Gateway::find_share(const ApiCaller& caller, GatewayOperation operation, const std::string& id) const {
  const auto found = shares_.find(id);
  if (found == shares_.end() || !sees_share(caller, found->second)) return api::refuse(share_unknown());
  const Session& session = sessions_.at(found->second.session).session;
  REDAN_CHECK(caller.may(operation, session.id, session.region));
  return found->second;
}

net::Task<Outcome<Share>> Gateway::change_share(ApiCaller caller, std::string id, api::ShareChange change) {
  REDAN_CO_CHECK(find_share(caller, GatewayOperation::share, id));
  const std::string key = keys::at(keys::kShares, id);
  auto entry = co_await store_.get(key);
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  auto share = *entry ? api::share_from_record((*entry)->value) : std::nullopt;
  // An expired share has ended, and another may have taken its place.
  if (!share || share->expiry_at <= seconds()) co_return api::refuse(share_unknown());
  if (change.description) share->description = std::move(*change.description);
  if (change.expiry_at) {
    if (*change.expiry_at <= seconds() || *change.expiry_at > share->created_at + api::kMaxShareLife) {
      co_return api::refuse(api::bad_request("\"expiry_at\" is a time to come, within 30 days of the share's making"));
    }
    share->expiry_at = *change.expiry_at;
  }
  const store::Expect unchanged = store::Unchanged{(*entry)->modified};
  auto stored = co_await store_.put(key, to_record(*share), unchanged);
  if (!stored) co_return api::refuse(api::refusal_of(stored.error()));
  co_await caught_up(*stored);
  co_return std::move(*share);
}

net::Task<Outcome<void>> Gateway::remove_share(ApiCaller caller, std::string id) {
  REDAN_CO_TRY(auto known, find_share(caller, GatewayOperation::share, id));
  std::vector<store::Change> also;
  also.emplace_back(store::Erase{keys::at(keys::kShares, id), store::Anything{}});
  auto edited = co_await edit_session(
      known.session,
      [&](Session& now) -> Outcome<Edit> {
        std::erase(now.shares, id);
        return Edit::write;
      },
      std::move(also));
  if (!edited) co_return api::refuse(edited.error());
  relay_.end_share(id, "the share was deleted");
  shares_.erase(id);
  co_return Outcome<void>{};
}

net::Task<Outcome<api::SessionGrant>> Gateway::connect(std::string id, api::ShareType type, std::string token) {
  if (!tokens_) co_return api::refuse(api::refusal_of(errc::trust_stale));
  const auto named = tokens_->verify_share(token, id, wall_time());
  if (!named) co_return api::refuse(api::refusal_of(named.error()));
  if (!is_fresh()) co_return api::refuse(api::refusal_of(errc::trust_stale));
  const auto found = shares_.find(*named);
  if (found == shares_.end() || !stands(found->second) || found->second.session != id) {
    co_return api::refuse(api::refusal_of(errc::token_revoked));
  }
  const Share share = found->second;
  if (type != share.type) co_return api::refuse(api::bad_request("the share is of another type"));
  REDAN_CO_TRY(auto known, co_await read_session(id));
  Session& session = known.session;
  if (session.status != SessionStatus::created && session.status != SessionStatus::active) {
    co_return api::refuse(api::bad_request("the session is " + std::string(name(session.status))));
  }
  SocketClaims claims;
  claims.client = api::new_id(provider_, wall_time());
  claims.screen = session.wanted.screen;
  claims.role = type == api::ShareType::adb ? api::LinkHello::Role::adb : api::LinkHello::Role::viewer;
  claims.order = session.joins;
  claims.account = maker_of(share);
  claims.share = share.id;
  api::Command wanted{api::Command::Kind::join, session.fence, claims.client, false, {}};
  REDAN_CO_TRY(auto reply, co_await command(id, std::move(wanted)));
  auto answer = api::parse<api::CommandReply>(reply);
  if (!answer) co_return api::refuse(api::refusal_of(errc::bus_protocol));
  co_return grant(std::move(session), std::move(claims), std::move(answer->ice_servers));
}

}  // namespace redan::cloud::gateway
