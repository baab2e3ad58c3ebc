// The errors of libredan-net (TLS, HTTP, connections), numbered from 1000.
#pragma once

#include <redan/error.hpp>

namespace redan::net::errc {

// X(number, name, text, hint). Append rows, and never reuse a number.
#define REDAN_NET_ERRORS(X)                                                                                       \
  /* TLS, HTTP */                                                                                                 \
  X(1000, connect_failed, "no connection to the server", "check the address, and that the server is running")     \
  X(1001, tls_failed, "the TLS handshake failed", "both sides need TLS 1.3")                                      \
  X(1002, tls_pin_mismatch, "the server's certificate is not the pinned one",                                     \
    "a man in the middle, or the server got a new certificate: compare fingerprints")                             \
  X(1003, tls_untrusted, "no trusted authority vouches for the server",                                           \
    "pin its fingerprint, or give the CA that signed its certificate")                                            \
  X(1004, tls_client_refused, "the server refused our client certificate",                                        \
    "add this client's certificate to the server's trust store")                                                  \
  X(1005, http_timeout, "the server did not answer in time", "try again; look at the server's log if it goes on") \
  X(1006, http_protocol, "the server broke HTTP", "check that the address belongs to the right service")          \
  X(1007, http_too_large, "the answer is larger than the limit", "ask for fewer elements at once")                \
  X(1008, tls_key_too_small, "a key of the server or of its authorities is too small",                            \
    "give them keys of RSA-4096, or allow smaller ones: the option with allow-small-keys in its name")

REDAN_NET_ERRORS(REDAN_ERROR_ROW)

}  // namespace redan::net::errc
