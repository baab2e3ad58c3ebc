#include "capi/values.hpp"

#include <algorithm>

#include "capi/boundary.hpp"

namespace redan::capi {

std::optional<Address> read_address(const redan_address& address) {
  if (address.reserved != 0) return std::nullopt;
  const std::span<const std::uint8_t, 16> ip(address.ip);
  switch (address.family) {
    case REDAN_UNSPECIFIED:
      return Address{};
    case REDAN_IPV4:
      return Address::v4({ip[0], ip[1], ip[2], ip[3]}, address.port);
    case REDAN_IPV6:
      return Address::v6(ip, address.port);
    default:
      return std::nullopt;
  }
}

redan_address write_address(const Address& address) {
  redan_address result{};
  result.family = static_cast<std::uint8_t>(address.family());
  result.port = address.port();
  std::ranges::copy(address.ip(), result.ip);
  return result;
}

std::optional<Path> read_path(const redan_path& path) {
  const auto local = read_address(path.local);
  const auto remote = read_address(path.remote);
  if (!local || !remote) return std::nullopt;
  return Path{*local, *remote};
}

redan_path write_path(const Path& path) { return {write_address(path.local), write_address(path.remote)}; }

std::optional<TimePoint> read_time(redan_time time) {
  if (time < 0 || time > INT64_MAX / 2) return std::nullopt;
  return TimePoint{Duration{time}};
}

redan_time write_time(TimePoint time) { return time.time_since_epoch().count(); }

}  // namespace redan::capi

using namespace redan::capi;

int redan_address_parse(const char* ip, std::uint16_t port, redan_address* address) {
  return guarded([&] {
    if (!present(ip, address)) return kInvalid;
    const auto parsed = redan::Address::parse(ip, port);
    if (!parsed) return kInvalid;
    *address = write_address(*parsed);
    return kOk;
  });
}

int redan_address_text(const redan_address* address, char text[REDAN_ADDRESS_TEXT]) {
  return guarded([&] {
    if (!present(address, text)) return kInvalid;
    const auto value = read_address(*address);
    const bool valid = value && value->family() != redan::Address::Family::unspecified;
    const std::string words = valid ? value->text() : "";
    words.copy(text, REDAN_ADDRESS_TEXT - 1);
    text[std::min<std::size_t>(words.size(), REDAN_ADDRESS_TEXT - 1)] = '\0';
    return valid ? kOk : kInvalid;
  });
}
