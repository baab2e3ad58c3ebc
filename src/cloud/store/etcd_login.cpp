#include "cloud/store/etcd_login.hpp"

#include "cloud/store/etcd_json.hpp"

namespace redan::cloud::store {

namespace {

// A refusal that is not caused by the token must not lead to repeated logins, because etcd hashes the password each
// time.
constexpr std::chrono::seconds kSurelyFresh{5};

}  // namespace

std::string EtcdLogin::request() const {
  return write_login(user_, password_ ? as_text(password_->expose()) : std::string_view());
}

bool EtcdLogin::accept(std::string_view body) {
  auto token = parse_login(body);
  if (!token) return false;
  token_ = std::move(*token);
  since_ = net::now();
  return true;
}

void EtcdLogin::forget(std::string_view token) {
  if (token_ == token) token_.clear();
}

void EtcdLogin::doubt() {
  if (net::now() - since_ > kSurelyFresh) token_.clear();
}

net::HttpRequest etcd_request(std::string path, std::string body, const std::string& token) {
  net::HttpRequest request{"POST", std::move(path), "", {{"Content-Type", "application/json"}}, std::move(body)};
  if (!token.empty()) request.headers.push_back({"Authorization", token});
  return request;
}

}  // namespace redan::cloud::store
