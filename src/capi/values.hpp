// Addresses and times of redan.h, there and back.
#pragma once

#include <redan.h>

#include <optional>
#include <redan/types.hpp>

namespace redan::capi {

/// nullopt if the family or the reserved byte is not valid. REDAN_UNSPECIFIED gives an unspecified address.
std::optional<Address> read_address(const redan_address& address);
redan_address write_address(const Address& address);
std::optional<Path> read_path(const redan_path& path);
redan_path write_path(const Path& path);

/// nullopt outside of 0 to INT64_MAX / 2, beyond which deadlines could overflow.
std::optional<TimePoint> read_time(redan_time time);
redan_time write_time(TimePoint time);

}  // namespace redan::capi
