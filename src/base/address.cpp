#include <algorithm>
#include <charconv>
#include <redan/types.hpp>

namespace redan {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

std::optional<std::array<std::uint8_t, 4>> parse_v4(std::string_view text) {
  std::array<std::uint8_t, 4> ip{};
  for (std::size_t i = 0; i < 4; ++i) {
    const std::size_t dot = i < 3 ? text.find('.') : text.size();
    if (dot == std::string_view::npos || dot == 0 || dot > 3) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + dot, ip[i]);
    if (error != std::errc{} || end != text.data() + dot || (dot > 1 && text.front() == '0')) return std::nullopt;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return ip;
}

// RFC 4291 section 2.2, forms 1 to 3.
std::optional<std::array<std::uint8_t, 16>> parse_v6(std::string_view text) {
  std::array<std::uint16_t, 8> groups{};
  std::size_t count = 0;
  std::optional<std::size_t> gap;
  if (text.starts_with("::")) {
    gap = 0;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    if (count == 8) return std::nullopt;
    const std::size_t colon = std::min(text.find(':'), text.size());
    if (text.find('.') < colon || (colon == text.size() && text.find('.') != std::string_view::npos)) {
      const auto v4 = parse_v4(text);
      if (!v4 || count > 6) return std::nullopt;
      groups[count++] = static_cast<std::uint16_t>((*v4)[0] << 8U | (*v4)[1]);
      groups[count++] = static_cast<std::uint16_t>((*v4)[2] << 8U | (*v4)[3]);
      break;
    }
    if (colon == 0 || colon > 4) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + colon, groups[count], 16);
    if (error != std::errc{} || end != text.data() + colon) return std::nullopt;
    ++count;
    text.remove_prefix(colon);
    if (text.empty()) break;
    text.remove_prefix(1);
    if (text.empty()) return std::nullopt;
    if (text.front() == ':') {
      if (gap) return std::nullopt;
      gap = count;
      text.remove_prefix(1);
    }
  }
  if (gap ? count > 7 : count != 8) return std::nullopt;
  if (gap) {
    std::move_backward(groups.begin() + static_cast<std::ptrdiff_t>(*gap),
                       groups.begin() + static_cast<std::ptrdiff_t>(count), groups.end());
    std::fill_n(groups.begin() + static_cast<std::ptrdiff_t>(*gap), 8 - count, std::uint16_t{0});
  }
  std::array<std::uint8_t, 16> ip{};
  for (std::size_t i = 0; i < 8; ++i) {
    ip[2 * i] = static_cast<std::uint8_t>(groups[i] >> 8U);
    ip[2 * i + 1] = static_cast<std::uint8_t>(groups[i]);
  }
  return ip;
}

}  // namespace

Address Address::v6(std::span<const std::uint8_t, 16> ip, std::uint16_t port) {
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), ip.begin())) {
    return v4({ip[12], ip[13], ip[14], ip[15]}, port);
  }
  Address address;
  address.family_ = Family::ipv6;
  address.port_ = port;
  std::copy(ip.begin(), ip.end(), address.ip_.begin());
  return address;
}

std::optional<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  if (const auto v4_ip = parse_v4(ip)) return v4(*v4_ip, port);
  if (const auto v6_ip = parse_v6(ip)) return v6(*v6_ip, port);
  return std::nullopt;
}

std::string Address::ip_text() const {
  std::string text;
  text.reserve(40);
  const auto append = [&text](unsigned value, int base) {
    std::array<char, 8> digits{};
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value, base).ptr);
  };
  if (family_ == Family::ipv4) {
    for (std::size_t i = 0; i < 4; ++i) {
      if (i != 0) text += '.';
      append(ip_[i], 10);
    }
  } else if (family_ == Family::ipv6) {
    // RFC 5952: the longest run of zero groups, if longer than one, becomes "::".
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) groups[i] = static_cast<unsigned>(ip_[2 * i] << 8U | ip_[2 * i + 1]);
    std::size_t best = 8;
    std::size_t best_length = 1;
    for (std::size_t i = 0; i < 8; ++i) {
      std::size_t length = 0;
      while (i + length < 8 && groups[i + length] == 0) ++length;
      if (length > best_length) {
        best = i;
        best_length = length;
      }
    }
    for (std::size_t i = 0; i < 8; ++i) {
      if (i == best) {
        text += i == 0 ? "::" : ":";
        i += best_length - 1;
        continue;
      }
      append(groups[i], 16);
      if (i < 7) text += ':';
    }
  }
  return text;
}

std::string Address::text() const {
  const std::string ip = ip_text();
  return (family_ == Family::ipv6 ? "[" + ip + "]" : ip) + ":" + std::to_string(port_);
}

}  // namespace redan
