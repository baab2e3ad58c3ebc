// Why a call of etcd's JSON gateway did not succeed, and whether it may have been done all the same.
#pragma once

#include "cloud/errors.hpp"
#include "cloud/store/etcd.hpp"
#include "net/http/client.hpp"

namespace redan::cloud::store {

struct EtcdFailure {
  enum class Kind : std::uint8_t {
    refused,   ///< etcd has said no; nothing was done
    not_done,  ///< nobody took the call
    stranger,  ///< etcd does not know our token; nothing was done
    unknown,   ///< somebody may have taken it
  };
  Kind kind = Kind::not_done;
  Errc code = errc::store_no_majority;
  std::string detail{};
};
using EtcdAnswer = tl::expected<std::string, EtcdFailure>;

/// What an answer other than 200 means. Only what certainly changed nothing is not `unknown`.
EtcdFailure failure_of(const net::HttpResponse& response);
/// What it means that there was no answer.
EtcdFailure failure_of(const net::HttpFailure& failure);

}  // namespace redan::cloud::store
