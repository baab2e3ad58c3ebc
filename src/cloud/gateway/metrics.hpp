// The metrics of a gateway, in Prometheus's text format.
#pragma once

#include "cloud/api/metrics.hpp"
#include "cloud/gateway/service.hpp"

namespace redan::cloud::gateway {

inline constexpr std::string_view kGatewayMetrics = "anbox_stream_gateway_";

std::string gateway_metrics(Gateway& gateway, const api::HttpMetrics& http);

}  // namespace redan::cloud::gateway
