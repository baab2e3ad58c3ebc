#include "rtc/turn/task.hpp"

#include "rtc/turn/attributes.hpp"

namespace redan::turn {
namespace {

constexpr std::uint32_t kUdp = 17U << 24U;
constexpr std::uint32_t kIpv6 = 2U << 24U;

}  // namespace

// RFC 8656 sections 7.1, 8.1, 10.1 and 12.1.
void write(const Task& task, const Config& config, std::string_view ticket, stun::MessageBuilder& builder) {
  const auto seconds =
      static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(config.lifetime).count());
  switch (task.step) {
    case Step::connect:
      return;
    case Step::allocate:
      builder.integer32(attribute::requested_transport, kUdp);
      builder.integer32(attribute::lifetime, seconds);
      if (config.families == Families::ipv6) {
        builder.integer32(attribute::requested_address_family, kIpv6);
      } else if (config.families == Families::both) {
        builder.integer32(attribute::additional_address_family, kIpv6);
      }
      if (config.dont_fragment) builder.attribute(attribute::dont_fragment, {});
      if (config.mobility) builder.attribute(attribute::mobility_ticket, {});
      return;
    case Step::refresh:
    case Step::move:
      builder.integer32(attribute::lifetime, seconds);
      if (task.step == Step::move) builder.attribute(attribute::mobility_ticket, as_bytes(ticket));
      return;
    case Step::release:
      return builder.integer32(attribute::lifetime, 0);
    case Step::channel:
      builder.integer32(attribute::channel_number, std::uint32_t{task.channel} << 16U);
      return builder.xor_address(attribute::xor_peer_address, task.peer);
    case Step::permission:
      return builder.xor_address(attribute::xor_peer_address, task.peer);
  }
}

}  // namespace redan::turn
