// The errors of sealed signalling, numbered from 3000.
#pragma once

#include <redan/error.hpp>

namespace redan::sealed::errc {

// X(number, name, text, hint). Append rows, and never reuse a number.
#define REDAN_SEALED_ERRORS(X)                                                                                         \
  /* sealed signalling */                                                                                              \
  X(3000, sealed_required, "this session takes sealed signalling only",                                                \
    "use a client that seals, and get it a session grant")                                                             \
  X(3001, sealed_clear, "a signalling message came in the clear where it has to be sealed",                            \
    "a party between client and runtime removes or adds messages")                                                     \
  X(3002, sealed_bad_certificate, "no trusted AMS vouches for this runtime",                                           \
    "compare the client's sealing key with the one that AMS shows; or another party answers for the runtime")          \
  X(3003, sealed_bad_grant, "no trusted AMS has granted this session to this client",                                  \
    "ask AMS for a grant of this session and instance")                                                                \
  X(3004, sealed_expired, "a certificate or grant of the sealed channel has expired",                                  \
    "get a new grant; compare the clocks")                                                                             \
  X(3005, sealed_grant_used, "this session grant was used before", "get a new grant: each is good for one channel")    \
  X(3006, sealed_bad_signature, "the other end does not own the key that AMS vouches for",                             \
    "another party answers in its place")                                                                              \
  X(3007, sealed_wrong_session, "the sealed channel belongs to another session",                                       \
    "a party between client and runtime mixes sessions")                                                               \
  X(3008, sealed_syntax, "a message of the sealed channel is malformed",                                               \
    "both ends need the same version; see docs/protocols/sealed.md")                                                   \
  X(3009, sealed_bad_record, "a sealed message does not open", "a party between client and runtime has altered it")    \
  X(3010, sealed_replayed, "a sealed message came twice", "a party between client and runtime repeats messages")       \
  X(3011, sealed_missing, "a sealed message is missing", "a party between client and runtime drops messages")          \
  X(3012, sealed_reflected, "our own sealed message came back", "a party between client and runtime mirrors messages") \
  X(3013, sealed_stale_answer, "a sealed answer belongs to no question of ours",                                       \
    "a party between client and runtime answers with an old message")                                                  \
  X(3014, sealed_exhausted, "the sealed channel has carried as many messages as it may", "join the session again")     \
  X(3015, sealed_unconfirmed, "the DTLS connection is not the one that was sealed",                                    \
    "a party is in the middle of the connection")

REDAN_SEALED_ERRORS(REDAN_ERROR_ROW)

}  // namespace redan::sealed::errc
