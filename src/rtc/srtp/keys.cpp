#include "rtc/srtp/keys.hpp"

#include "base/assert.hpp"
#include "base/reader.hpp"

namespace redan::srtp {
namespace {

MasterKey join(Bytes key, Bytes salt) {
  MasterKey master;
  const MutableBytes out = master.fill(key.size() + salt.size());
  std::copy(key.begin(), key.end(), out.begin());
  std::copy(salt.begin(), salt.end(), out.begin() + static_cast<std::ptrdiff_t>(key.size()));
  return master;
}

}  // namespace

//   client_write_SRTP_master_key | server_write_SRTP_master_key | client_write_SRTP_master_salt |
//   server_write_SRTP_master_salt
Keys split(SrtpProfile profile, Bytes exported) {
  Reader reader(exported);
  const Bytes client_key = reader.bytes(master_key_size(profile));
  const Bytes server_key = reader.bytes(master_key_size(profile));
  const Bytes client_salt = reader.bytes(master_salt_size(profile));
  const Bytes server_salt = reader.bytes(master_salt_size(profile));
  REDAN_ASSERT(reader.done());
  return {join(client_key, client_salt), join(server_key, server_salt)};
}

}  // namespace redan::srtp
