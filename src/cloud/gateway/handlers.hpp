// What the handlers of routes share, and the handlers that are in other files than the table.
#pragma once

#include "cloud/gateway/routes.hpp"

namespace redan::cloud::gateway {

/// The flag "force", "sync" or "recursion": from the query, or from the body.
Outcome<bool> flag(const Call& call, const api::json::object& body, std::string_view name);
/// Of the query; "" if absent.
std::string query(const Call& call, std::string_view name);
/// Whether a list contains objects.
Outcome<bool> recursive(const Call& call);
/// The page of a list, its filter and its order.
Outcome<api::SessionList> list_of(const Call& call);
/// Whether the caller may list at all; each element is checked separately.
Outcome<void> may_list(const Call& call);

// Shares (share_routes.cpp).
net::Task<Reply> share_session(Gateway& gateway, Call call);
net::Task<Reply> connect(Gateway& gateway, Call call);
net::Task<Reply> list_shares(Gateway& gateway, Call call);
net::Task<Reply> show_share(Gateway& gateway, Call call);
net::Task<Reply> change_share(Gateway& gateway, Call call);
net::Task<Reply> delete_share(Gateway& gateway, Call call);

// Accounts (account_routes.cpp).
net::Task<Reply> list_accounts(Gateway& gateway, Call call);
net::Task<Reply> create_account(Gateway& gateway, Call call);
net::Task<Reply> delete_account(Gateway& gateway, Call call);

}  // namespace redan::cloud::gateway
