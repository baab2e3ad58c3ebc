// Of all clients that join to control, the one that joined last has control: a late message of a former one changes
// nothing.
#pragma once

#include "cloud/api/agent.hpp"

namespace redan::cloud::runtime {

class JoinOrder {
 public:
  /// False for a controller if another one has joined after it. Viewers are always admitted.
  bool admit(const api::LinkHello& hello) {
    if (hello.role != api::LinkHello::Role::controller) return true;
    if (hello.order < newest_) return false;
    newest_ = hello.order;
    return true;
  }

 private:
  std::int64_t newest_ = 0;
};

}  // namespace redan::cloud::runtime
