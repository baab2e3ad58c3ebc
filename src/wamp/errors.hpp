// The errors of WAMP, numbered from 4000.
#pragma once

#include <redan/error.hpp>

namespace redan::wamp::errc {

// X(number, name, text, hint). Append rows, and never reuse a number.
#define REDAN_WAMP_ERRORS(X)                                                                                           \
  /* WAMP */                                                                                                           \
  X(4000, wamp_aborted, "the WAMP router refused or ended the session", "see the router's reason and message")         \
  X(4001, wamp_protocol, "the WAMP router broke the protocol", "check that the address belongs to a WAMP router")      \
  X(4002, wamp_authentication, "authentication with the WAMP router is not possible",                                  \
    "compare authmethods and secrets with the router's configuration")                                                 \
  X(4003, wamp_error, "the WAMP router or peer answered with an ERROR", "see its URI and arguments")                   \
  X(4004, wamp_timeout, "no answer over WAMP in time", "look at the callee's log")                                     \
  X(4005, wamp_canceled, "the WAMP call was canceled", "nothing to do")                                                \
  X(4006, wamp_no_key, "no key for a WAMP URI that has to be encrypted", "add a key for it to the key ring")           \
  X(4007, wamp_clear_payload, "a WAMP payload came in the clear where encryption is required",                         \
    "the peer lacks the key, or the router cheats")                                                                    \
  X(4008, wamp_decrypt_error, "an encrypted WAMP payload cannot be opened",                                            \
    "compare the keys of both ends; or it was tampered with")                                                          \
  X(4009, wamp_uri_mismatch, "a WAMP payload is about another URI than asked for",                                     \
    "the router delivers it in the wrong place")                                                                       \
  X(4010, wamp_replayed, "an encrypted WAMP payload came twice", "the router repeats or reflects what it cannot read") \
  X(4011, wamp_too_large, "a WAMP message is larger than the router accepts",                                          \
    "send less, or raise the router's limit")                                                                          \
  X(4012, wamp_unknown_key, "a WAMP payload is encrypted with a key that the ring does not have",                      \
    "it is for others, or add the key to the key ring")

REDAN_WAMP_ERRORS(REDAN_ERROR_ROW)

}  // namespace redan::wamp::errc
