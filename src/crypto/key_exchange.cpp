#include "crypto/x25519_mlkem768.hpp"

namespace redan {

std::optional<KeyExchangeResponse> default_key_exchange_response(Provider& provider, Group group, Bytes peer_share) {
  if (group == Group::x25519_mlkem768) return respond_x25519_mlkem768(provider, peer_share);
  const std::unique_ptr<KeyExchange> own = provider.start_key_exchange(group);
  KeyExchangeResponse response;
  if (!own->finish(peer_share, response.secret)) return std::nullopt;
  response.share.assign(own->share().begin(), own->share().end());
  return response;
}

}  // namespace redan
