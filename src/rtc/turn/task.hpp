// One request of the client, before it is written.
#pragma once

#include "rtc/turn/attributes.hpp"
#include "rtc/turn/config.hpp"

namespace redan::turn {

struct Task {
  Step step{};
  Address peer{};             ///< of a permission or channel
  std::uint16_t channel = 0;  ///< of a channel
  TimePoint since = kNever;   ///< when it was first tried, if it is repeated

  [[nodiscard]] Method method() const {
    return step == Step::allocate     ? Method::allocate
           : step == Step::permission ? Method::create_permission
           : step == Step::channel    ? Method::channel_bind
                                      : Method::refresh;
  }
};

/// Writes the attributes of its request, without credentials. `ticket`: of mobility.
void write(const Task& task, const Config& config, std::string_view ticket, stun::MessageBuilder& builder);

}  // namespace redan::turn
