#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls::v13 {

// RFC 8446 section 4.6.3:
//    enum { update_not_requested(0), update_requested(1), (255) } KeyUpdateRequest;
//    struct { KeyUpdateRequest request_update; } KeyUpdate;
struct KeyUpdate {
  bool requested = false;  ///< the receiver shall update its keys, too

  static std::optional<KeyUpdate> parse(Bytes body) {
    Reader reader(body);
    const std::uint8_t request = reader.u8();
    if (!reader.done() || request > 1) return std::nullopt;
    return KeyUpdate{request == 1};
  }
  void write(Writer& writer) const { writer.u8(requested ? 1 : 0); }
};

}  // namespace redan::dtls::v13
