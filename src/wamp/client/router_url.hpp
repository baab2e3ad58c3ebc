// The URL of a router: its address, its transport and how it is trusted.
#pragma once

#include <redan/wamp.hpp>

#include "wamp/transport/transport.hpp"

namespace redan::wamp {

/// The URL, pin and authorities of `config`; its limits are copied. The error is a sentence.
tl::expected<TransportConfig, std::string> transport_of(const ClientConfig& config);

}  // namespace redan::wamp
