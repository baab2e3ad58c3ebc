// The keys of a store in etcd, below its prefix:
//
//   <prefix>entries/<key>                 the entries
//   <prefix>entries                       the beacon, sorted before them: it is written when nothing else has
//                                         changed for a while, so a watch of both shows its own progress
//   <prefix>commits/<session>/<number>    the last commit of a slot (etcd_commits.hpp)
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
  /// `key` must begin with `entries`.
  [[nodiscard]] std::string without(const std::string& key) const { return key.substr(entries.size()); }
};

}  // namespace redan::cloud::store
