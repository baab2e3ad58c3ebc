#include "rtc/dtls/hello/extensions.hpp"

#include <algorithm>

namespace redan::dtls {
namespace {

// Browsers send a dozen.
constexpr std::size_t kMaxExtensions = 32;

std::optional<CodePoints> code_points(Bytes list) {
  if (list.empty() || list.size() % 2 != 0) return std::nullopt;
  return CodePoints{list};
}

}  // namespace

bool Extensions::read_supported_versions(Reader data, HelloSender sender) {
  if (sender == HelloSender::server) {
    selected_version = data.u16();
    return data.done();
  }
  supported_versions = code_points(data.opaque8());
  return data.done() && supported_versions;
}

bool Extensions::read_key_share(Reader data, HelloSender sender) {
  if (sender == HelloSender::client) {
    key_shares = KeyShares::parse(data.opaque16());
    return data.done() && key_shares;
  }
  // A HelloRetryRequest names the group alone.
  if (data.remaining() == 2) {
    key_share = KeyShare{data.u16(), {}};
  } else {
    key_share = KeyShare::read(data);
  }
  return data.done() && key_share;
}

bool Extensions::read(std::uint16_t type, Reader data, HelloSender sender) {
  switch (static_cast<ExtensionType>(type)) {
    case ExtensionType::extended_master_secret:
      extended_master_secret = true;
      return data.done();
    case ExtensionType::ec_point_formats:
      // The uncompressed format is mandatory (RFC 8422 section 5.1.2) and the only one we use.
      ec_point_formats = true;
      {
        const Bytes formats = data.opaque8();
        return data.done() && std::find(formats.begin(), formats.end(), 0) != formats.end();
      }
    case ExtensionType::renegotiation_info:
      renegotiated_connection = data.opaque8();
      return data.done();
    case ExtensionType::supported_groups:
      supported_groups = code_points(data.opaque16());
      return data.done() && supported_groups;
    case ExtensionType::signature_algorithms:
      signature_algorithms = code_points(data.opaque16());
      return data.done() && signature_algorithms;
    case ExtensionType::supported_versions:
      return read_supported_versions(data, sender);
    case ExtensionType::cookie:
      cookie = data.opaque16();
      return data.done() && !cookie->empty();
    case ExtensionType::key_share:
      return read_key_share(data, sender);
    case ExtensionType::use_srtp: {
      const auto profiles = code_points(data.opaque16());
      const Bytes mki = data.opaque8();
      if (profiles) use_srtp = UseSrtp{*profiles, mki};
      return data.done() && profiles;
    }
  }
  unknown = true;
  return true;
}

std::optional<Extensions> Extensions::parse(Reader& rest, HelloSender sender) {
  Extensions extensions;
  if (rest.done()) return extensions;
  Reader list = rest.prefixed16();
  std::array<std::uint16_t, kMaxExtensions> seen{};
  std::size_t count = 0;
  while (list.ok() && !list.empty()) {
    const std::uint16_t type = list.u16();
    const Reader data = list.prefixed16();
    const auto end = seen.begin() + static_cast<std::ptrdiff_t>(count);
    if (!list.ok() || count == seen.size() || std::find(seen.begin(), end, type) != end) return std::nullopt;
    seen[count++] = type;
    if (!extensions.read(type, data, sender)) return std::nullopt;
  }
  if (!list.done() || !rest.done()) return std::nullopt;
  return extensions;
}

void write_common_extensions(Writer& writer, CommonExtensions which) {
  write_extension(writer, ExtensionType::extended_master_secret, [](Writer&) {});
  if (which.renegotiation_info) {
    write_extension(writer, ExtensionType::renegotiation_info, [](Writer& w) { w.u8(0); });
  }
  if (!which.ec_point_formats) return;
  write_extension(writer, ExtensionType::ec_point_formats, [](Writer& w) { w.prefixed8([](Writer& f) { f.u8(0); }); });
}

void write_use_srtp(Writer& writer, std::span<const std::uint16_t> profiles) {
  if (profiles.empty()) return;
  write_extension(writer, ExtensionType::use_srtp, [&](Writer& w) {
    w.prefixed16([&](Writer& list) {
      for (const std::uint16_t profile : profiles) list.u16(profile);
    });
    w.u8(0);
  });
}

void write_signature_schemes(Writer& writer) {
  writer.prefixed16([](Writer& list) {
    for (const SignatureScheme scheme : kSignatureSchemes) list.u16(static_cast<std::uint16_t>(scheme));
  });
}

}  // namespace redan::dtls
