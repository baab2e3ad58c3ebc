// Used if libmacaroons is not installed.
#include "tests/interop/tokens/macaroon_oracle.hpp"

namespace redan::cloud::test {

std::unique_ptr<MacaroonOracle> libmacaroons() { return nullptr; }

}  // namespace redan::cloud::test
