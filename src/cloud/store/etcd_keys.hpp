// Where a store keeps what in etcd, below its prefix:
//
//   <prefix>entries/<key>                 the entries
//   <prefix>entries                       the beacon, in front of them: it changes when nothing else has for a
//                                         while, so a watch of both tells how far it has come
//   <prefix>commits/<session>/<number>    who made the last commit of a slot (etcd_commits.hpp)
#pragma once

#include "cloud/store/rules.hpp"

namespace redan::cloud::store {

struct EtcdKeys {
  explicit EtcdKeys(const std::string& prefix)
      : beacon(prefix + "entries"), entries(beacon + "/"), commits(prefix + "commits/") {}

  std::string beacon;
  std::string entries;
  std::string commits;

  [[nodiscard]] std::string of(std::string_view key) const { return entries + std::string(key); }
  /// `key` begins with `entries`.
  [[nodiscard]] std::string without(const std::string& key) const { return key.substr(entries.size()); }
};

}  // namespace redan::cloud::store
