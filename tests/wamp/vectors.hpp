// tests/vectors/wamp: JSON generated with Autobahn|Python and PyNaCl.
#pragma once

#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>

#include "base/hex.hpp"
#include "tests/support/files.hpp"

namespace redan::wamp {

inline boost::json::object read_vectors(const std::string& name) {
  const auto bytes = test::read_test_file("vectors/wamp/" + name);
  return boost::json::parse(as_text(bytes)).as_object();
}

inline std::string text_of(const boost::json::value& value) {
  const boost::json::string& text = value.as_string();
  return {text.data(), text.size()};
}

inline std::vector<std::uint8_t> hex_of(const boost::json::value& value) { return *from_hex(text_of(value)); }

inline std::vector<std::uint8_t> bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

}  // namespace redan::wamp
