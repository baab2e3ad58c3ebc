// key_share and cookie, RFC 8446 sections 4.2.8 and 4.2.2.
#pragma once

#include <optional>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls {

//    struct {
//        NamedGroup group;
//        opaque key_exchange<1..2^16-1>;
//    } KeyShareEntry;
struct KeyShare {
  std::uint16_t group = 0;
  Bytes key;

  static std::optional<KeyShare> read(Reader& reader) {
    KeyShare share;
    share.group = reader.u16();
    share.key = reader.opaque16();
    if (!reader.ok() || share.key.empty()) return std::nullopt;
    return share;
  }
  void write(Writer& writer) const {
    writer.u16(group);
    writer.opaque16(key);
  }
};

/// The shares of a ClientHello, borrowed from the message.
struct KeyShares {
  Bytes bytes;

  /// More than any client sends: each of them is compared with those before it.
  static constexpr std::size_t kMax = 16;

  /// nullopt unless there are at most kMax, all well-formed, and each group has one at most.
  static std::optional<KeyShares> parse(Bytes list) {
    std::size_t count = 0;
    for (Reader reader(list); !reader.empty();) {
      if (++count > kMax) return std::nullopt;
      const Bytes before = list.first(list.size() - reader.remaining());
      const auto share = KeyShare::read(reader);
      if (!share || KeyShares{before}.find(share->group)) return std::nullopt;
    }
    return KeyShares{list};
  }
  [[nodiscard]] std::optional<Bytes> find(std::uint16_t group) const {
    for (Reader reader(bytes); !reader.empty();) {
      const auto share = KeyShare::read(reader);
      if (share && share->group == group) return share->key;
    }
    return std::nullopt;
  }
};

}  // namespace redan::dtls
