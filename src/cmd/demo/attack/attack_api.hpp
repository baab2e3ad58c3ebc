// /attack of the demonstration: which attack its gateway makes, and what came of it.
//
//   GET /attack                        {"attack":"swap-fingerprint","succeeded":true,"read":["client:
//   ..."],"refused":"",
//                                       "attacks":[{"name":"none","text":"..."},...]}
//   POST /attack {"name":"strip"}      the same; from the next session on, for everybody
#pragma once

#include "cmd/demo/attack/hostile_gateway.hpp"
#include "net/http/http.hpp"

namespace redan::cmd {

/// The caller has shown who it is: what was read is shown here.
net::HttpResponse attack_reply(const net::HttpRequest& request, HostileGateway& gateway);

}  // namespace redan::cmd
