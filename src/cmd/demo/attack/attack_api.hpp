// /attack of the demo: the attack of its gateway, and its results.
//
//   GET /attack                      {"attack":"swap-fingerprint","succeeded":true,"read":["client: ..."],"refused":"",
//                                     "attacks":[{"name":"none","text":"..."},...]}
//   POST /attack {"name":"strip"}    selects an attack for the next sessions of every visitor; returns the same
#pragma once

#include "cmd/demo/attack/hostile_gateway.hpp"
#include "net/http/http.hpp"

namespace redan::cmd {

/// The caller must be authenticated, because the answer contains what was read.
net::HttpResponse attack_reply(const net::HttpRequest& request, HostileGateway& gateway);

}  // namespace redan::cmd
