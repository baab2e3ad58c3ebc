// What the handles of redan.h point to.
#pragma once

#include <redan.h>

#include <memory>
#include <redan/endpoint.hpp>
#include <string>

namespace redan::capi {

/// The first member of each handle: which kind it is, while it lives.
enum class Tag : std::uint64_t {
  freed = 0,
  provider = 0x7265'6461'6e70'7276,
  identity = 0x7265'6461'6e69'646e,
  endpoint = 0x7265'6461'6e65'6e64,
};

/// Providers are shared: bindings of languages with a garbage collector free handles in any order.
using SharedProvider = std::shared_ptr<Provider>;

}  // namespace redan::capi

struct redan_provider {
  static constexpr auto kTag = redan::capi::Tag::provider;
  redan::capi::Tag tag = kTag;
  redan::capi::SharedProvider provider;
};

struct redan_identity {
  static constexpr auto kTag = redan::capi::Tag::identity;
  redan::capi::Tag tag = kTag;
  redan::capi::SharedProvider provider;  // made the key, and outlives it
  redan::Identity identity;
};

struct redan_endpoint {
  static constexpr auto kTag = redan::capi::Tag::endpoint;
  redan::capi::Tag tag = kTag;
  redan::capi::SharedProvider provider, identity_provider;  // outlive what follows
  redan::Endpoint endpoint;
  std::string error_detail{};
};
