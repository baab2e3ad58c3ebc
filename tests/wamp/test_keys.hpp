// The public test keys of tests/vectors/wamp/cryptobox.json.
#pragma once

#include "tests/wamp/vectors.hpp"
#include "wamp/cryptobox.hpp"

namespace redan::wamp {

struct TestKeys {
  std::vector<std::uint8_t> originator_private;
  std::vector<std::uint8_t> originator_public;
  std::vector<std::uint8_t> responder_private;
  std::vector<std::uint8_t> responder_public;
};

inline TestKeys test_keys() {
  const boost::json::object vectors = read_vectors("cryptobox.json");
  const boost::json::value& keys = vectors.at("keys");
  return {hex_of(keys.at("originator_priv_hex")), hex_of(keys.at("originator_pub_hex")),
          hex_of(keys.at("responder_priv_hex")), hex_of(keys.at("responder_pub_hex"))};
}

/// Serves both parties.
inline Key test_key() {
  const TestKeys keys = test_keys();
  return std::move(*Key::make({keys.originator_private, {}, keys.responder_private, {}}));
}

/// Another key that serves both.
inline Key other_key() {
  const TestKeys keys = test_keys();
  return std::move(*Key::make({keys.originator_private, {}, keys.originator_private, {}}));
}

}  // namespace redan::wamp
