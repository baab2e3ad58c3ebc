// The cookie of a HelloRetryRequest: all that the server remembers of the first hello (RFC 8446 section 4.2.2).
#pragma once

#include <redan/crypto.hpp>

#include "base/reader.hpp"
#include "base/writer.hpp"

namespace redan::dtls::v13 {

//    suite, group (0: the request asks for no other share), hash of the first hello, HMAC-SHA-256 of all this
struct RetryCookie {
  static constexpr std::size_t kTagSize = 32;
  static constexpr std::size_t kMaxSize = 4 + kMaxHashSize + kTagSize;
  using Key = Secret<32>;

  std::uint16_t suite = 0;
  std::uint16_t group = 0;
  Bytes hello_hash;

  /// Borrowed from `cookie`; nullopt unless it was made under this key.
  static std::optional<RetryCookie> open(Provider& provider, const Key& key, Bytes cookie) {
    if (cookie.size() <= 4 + kTagSize || cookie.size() > kMaxSize) return std::nullopt;
    const Bytes content = cookie.first(cookie.size() - kTagSize);
    const Digest tag = provider.hmac_once(HashAlgorithm::sha256, key.expose(), content);
    if (!equal_in_constant_time(tag.bytes(), cookie.last(kTagSize))) return std::nullopt;
    Reader reader(content);
    RetryCookie opened;
    opened.suite = reader.u16();
    opened.group = reader.u16();
    opened.hello_hash = reader.rest();
    return opened;
  }
  void write(Provider& provider, const Key& key, Writer& writer) const {
    std::array<std::uint8_t, kMaxSize> bytes{};
    Writer content(bytes);
    content.u16(suite);
    content.u16(group);
    content.bytes(hello_hash);
    writer.bytes(content.written());
    writer.bytes(provider.hmac_once(HashAlgorithm::sha256, key.expose(), content.written()).bytes());
  }
};

}  // namespace redan::dtls::v13
