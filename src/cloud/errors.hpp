// The errors of the control plane, numbered from 2000.
#pragma once

#include <redan/error.hpp>

namespace redan::cloud::errc {

// X(number, name, text, hint). Append rows, and never reuse a number.
#define REDAN_CLOUD_ERRORS(X)                                                                                        \
  /* tokens */                                                                                                       \
  X(2000, token_syntax, "the token does not parse", "check that it was copied whole")                                \
  X(2001, token_too_large, "the token is larger than the limit", "use fewer caveats or claims")                      \
  X(2002, token_algorithm, "the token names another algorithm", "only HS256 is accepted")                            \
  X(2003, token_bad_signature, "the token's signature does not verify", "it was altered, or made with another key")  \
  X(2004, token_expired, "the token has expired", "get a new one")                                                   \
  X(2005, token_not_yet_valid, "the token is not valid yet", "compare the clocks of the two machines")               \
  X(2006, token_claims, "a claim is missing or not what this service asks for", "get a token for this service")      \
  X(2007, token_scope, "the token does not allow this", "get a token with that scope")                               \
  X(2008, token_caveat, "a caveat of the token is unknown or not met", "use the token only as its caveats permit")   \
  X(2009, token_third_party, "the token asks for a third party's discharge",                                         \
    "third-party caveats are not accepted here")                                                                     \
  X(2010, token_revoked, "the token was revoked", "get a new one")                                                   \
  X(2011, token_header, "the token's header names a key or an extension", "only alg and typ are used here")          \
  /* store */                                                                                                        \
  X(2012, store_conflict, "the entry was changed meanwhile", "read it again and repeat the change")                  \
  X(2013, store_no_majority, "the store has no majority", "bring the missing store nodes back; nothing was changed") \
  X(2014, store_unknown_outcome, "the store did not confirm whether the change was made",                            \
    "read it again before repeating the change")                                                                     \
  X(2015, store_failed, "the store refused the operation", "see the store's message")                                \
  X(2016, store_too_large, "the key or value is larger than the limit", "keys at most 1 KiB, values at most 1 MiB")  \
  /* trust */                                                                                                        \
  X(2017, trust_unknown, "this certificate is not trusted", "add it to the trust store")                             \
  X(2018, trust_stale, "the trust store could not be read for too long",                                             \
    "bring the store back; until then no caller is admitted")                                                        \
  X(2019, trust_role, "this identity may not do that", "ask for a role that may")                                    \
  X(2020, trust_join_token, "the join token is wrong, used or expired", "make a new one")                            \
  /* bus */                                                                                                          \
  X(2021, bus_disconnected, "no connection to the bus", "check that the NATS servers run and can be reached")        \
  X(2022, bus_refused, "the bus refused our credentials",                                                            \
    "check token, client certificate and permissions at the NATS server")                                            \
  X(2023, bus_no_responders, "no unit on the bus answers this request",                                              \
    "check that the unit runs and uses the same bus")                                                                \
  X(2024, bus_timeout, "no answer over the bus in time", "look at the log of the unit that should have answered")    \
  X(2025, bus_full, "the bus does not take messages fast enough", "check the network to the NATS servers")           \
  X(2026, bus_too_large, "the message is larger than the bus carries",                                               \
    "at most 512 KiB, and max_payload of the server")                                                                \
  X(2027, bus_protocol, "the bus broke its protocol", "check that the address belongs to a NATS server")             \
  /* streaming */                                                                                                    \
  X(2028, link_timeout, "the other end of the signalling does not answer",                                           \
    "check that agent and instance run, try again")                                                                  \
  X(2029, link_lost, "the other end of the signalling has forgotten this client", "connect again")                   \
  X(2030, link_displaced, "another client has joined", "only one client controls a session at a time")               \
  X(2031, signalling_syntax, "a signalling message does not parse", "see docs/protocols/streaming.md")               \
  X(2032, session_unknown, "no such session", "it has ended, or never existed")                                      \
  X(2033, session_wrong_state, "the session's state does not allow this", "look at its status")                      \
  X(2034, session_no_agent, "no agent can host this session", "check region, application and the agents' capacity")  \
  X(2035, session_fenced, "another agent serves this session now", "nothing to do")                                  \
  /* LXD */                                                                                                          \
  X(2036, lxd_untrusted, "LXD does not trust our certificate", "add our certificate there: lxc config trust add")    \
  X(2037, lxd_not_found, "LXD does not know this image, profile or project",                                         \
    "check the names of image, profile and project")                                                                 \
  X(2038, lxd_not_ours, "an instance in LXD has this name and is not ours",                                          \
    "delete it, or use an LXD project of your own")                                                                  \
  X(2039, lxd_failed, "LXD could not do the operation", "see its message")                                           \
  X(2040, lxd_timeout, "LXD did not finish in time", "look at lxc operation list, and try again")                    \
  X(2041, lxd_protocol, "LXD's answer is not understood", "check that the URL is that of LXD 4.0 or newer")

REDAN_CLOUD_ERRORS(REDAN_ERROR_ROW)

}  // namespace redan::cloud::errc
