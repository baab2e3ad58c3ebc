// Why a call of etcd's JSON gateway failed, and whether it may have been carried out.
#pragma once

#include "cloud/errors.hpp"
#include "cloud/store/etcd.hpp"
#include "net/http/client.hpp"

namespace redan::cloud::store {

struct EtcdFailure {
  enum class Kind : std::uint8_t {
    refused,   ///< etcd refused; nothing was done
    not_done,  ///< no node received the call
    stranger,  ///< etcd does not know our token; nothing was done
    unknown,   ///< a node may have received it
  };
  Kind kind = Kind::not_done;
  Errc code = errc::store_no_majority;
  std::string detail{};
};
using EtcdAnswer = tl::expected<std::string, EtcdFailure>;

/// The meaning of an answer other than 200. Everything that may have changed something is `unknown`.
EtcdFailure failure_of(const net::HttpResponse& response);
/// The meaning of a missing answer.
EtcdFailure failure_of(const net::HttpFailure& failure);

}  // namespace redan::cloud::store
