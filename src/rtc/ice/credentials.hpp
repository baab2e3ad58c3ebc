// ICE ufrag and password, RFC 8445 section 5.3.
#pragma once

#include <redan/random.hpp>
#include <string>

namespace redan::ice {

struct Credentials {
  std::string ufrag;
  std::string pwd;

  /// 8 characters (48 bits) and 24 characters (144 bits) of the ice-char alphabet; RFC 8445 requires 24 and 128 bits.
  static Credentials make(RandomSource& random);
  friend bool operator==(const Credentials&, const Credentials&) = default;
};

}  // namespace redan::ice
