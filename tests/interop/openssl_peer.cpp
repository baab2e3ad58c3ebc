#include "tests/interop/openssl_peer.hpp"

namespace redan::test {

std::unique_ptr<DtlsPeer> openssl_peer(const DtlsPeerConfig& config) { return std::make_unique<OpenSslPeer>(config); }

}  // namespace redan::test
