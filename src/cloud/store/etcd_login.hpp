// Who we are to an etcd with users (etcd.io: authentication). The token comes from /v3/auth/authenticate and goes with
// every request; etcd forgets it when it was not used for a while, when its node starts anew, or when users change.
#pragma once

#include "cloud/store/etcd_failure.hpp"
#include "net/clock.hpp"
#include "net/http/http.hpp"

namespace redan::cloud::store {

class EtcdLogin {
 public:
  EtcdLogin(std::string user, std::shared_ptr<const Secret<256>> password)
      : user_(std::move(user)), password_(std::move(password)) {}

  /// False: there is a token, or none is needed.
  [[nodiscard]] bool wants_token() const { return !user_.empty() && token_.empty(); }
  [[nodiscard]] const std::string& token() const { return token_; }
  /// What /v3/auth/authenticate is asked.
  [[nodiscard]] std::string request() const;
  /// What it answered; false if there is no token in it.
  bool accept(std::string_view body);

  /// etcd does not know `token`; if it is still ours, we want another.
  void forget(std::string_view token);
  /// A watch was refused, perhaps for the token. One that is new is not the reason.
  void doubt();

 private:
  std::string user_;
  std::shared_ptr<const Secret<256>> password_;
  std::string token_;
  TimePoint since_{};
};

/// JSON, with the headers of a request to etcd's gateway.
net::HttpRequest etcd_request(std::string path, std::string body, const std::string& token);

}  // namespace redan::cloud::store
