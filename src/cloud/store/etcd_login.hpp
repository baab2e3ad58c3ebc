// The login at an etcd with users (etcd.io: authentication). The token comes from /v3/auth/authenticate and is sent
// with every request; etcd forgets it when it was not used for a while, when its node restarts, or when users change.
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
  /// The request to /v3/auth/authenticate.
  [[nodiscard]] std::string request() const;
  /// Reads the answer; false if it contains no token.
  bool accept(std::string_view body);

  /// etcd does not know `token`; if it is still the current one, a new one is needed.
  void forget(std::string_view token);
  /// A watch was refused, possibly because of the token. A recent token is not the reason.
  void doubt();

 private:
  std::string user_;
  std::shared_ptr<const Secret<256>> password_;
  std::string token_;
  TimePoint since_{};
};

/// A JSON request to etcd's gateway, with its headers.
net::HttpRequest etcd_request(std::string path, std::string body, const std::string& token);

}  // namespace redan::cloud::store
