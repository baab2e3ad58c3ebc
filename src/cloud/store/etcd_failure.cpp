#include "cloud/store/etcd_failure.hpp"

#include <algorithm>

#include "cloud/errors.hpp"
#include "cloud/store/etcd_json.hpp"
#include "net/errors.hpp"

namespace redan::cloud::store {

namespace {

// gRPC's status codes (grpc.io), as etcd uses them.
enum class Status : std::uint64_t {
  unknown = 2,
  invalid_argument = 3,
  deadline_exceeded = 4,
  not_found = 5,
  permission_denied = 7,
  resource_exhausted = 8,
  failed_precondition = 9,
  internal = 13,
  unavailable = 14,
  unauthenticated = 16,
};

bool contains(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

/// A short, single-line text for a log. Some refusals of the gateway are plain text.
std::string beginning_of(std::string_view body) {
  std::string line(body.substr(0, std::min(body.find('\n'), std::size_t{200})));
  std::replace_if(
      line.begin(), line.end(), [](char c) { return c < 0x20 || c > 0x7E; }, '?');
  return line;
}

}  // namespace

EtcdFailure failure_of(const net::HttpResponse& response) {
  const auto error = parse_error(response.body);
  if (!error) {
    return {EtcdFailure::Kind::unknown, errc::store_failed,
            "HTTP status " + std::to_string(response.status) + ": " + beginning_of(response.body)};
  }
  const std::string& detail = error->message;
  switch (Status{error->code}) {
    case Status::not_found:
      return {EtcdFailure::Kind::refused, errc::store_conflict, detail};
    case Status::unauthenticated:
      return {EtcdFailure::Kind::stranger, errc::store_failed, detail};
    case Status::permission_denied:
    case Status::failed_precondition:
      return {EtcdFailure::Kind::refused, errc::store_failed, detail};
    case Status::invalid_argument:
      // Users or roles have changed since our token was issued.
      if (contains(detail, "revision of auth store is old")) {
        return {EtcdFailure::Kind::stranger, errc::store_failed, detail};
      }
      return {EtcdFailure::Kind::refused, contains(detail, "too large") ? errc::store_too_large : errc::store_failed,
              detail};
    case Status::resource_exhausted:
      if (contains(detail, "too many requests")) return {EtcdFailure::Kind::not_done, errc::store_no_majority, detail};
      return {EtcdFailure::Kind::refused, errc::store_failed, detail};
    case Status::unavailable:
      if (contains(detail, "no leader")) return {EtcdFailure::Kind::not_done, errc::store_no_majority, detail};
      return {EtcdFailure::Kind::unknown, errc::store_no_majority, detail};
    case Status::unknown:
    case Status::deadline_exceeded:
    case Status::internal:
      return {EtcdFailure::Kind::unknown, errc::store_no_majority, detail};
  }
  return {EtcdFailure::Kind::refused, errc::store_failed, detail};
}

EtcdFailure failure_of(const net::HttpFailure& failure) {
  std::string detail = std::string(text(failure.code)) + (failure.detail.empty() ? "" : ": " + failure.detail);
  if (failure.code == net::errc::tls_key_too_small) detail.append("; ").append(hint(failure.code));
  const auto kind = failure.maybe_sent ? EtcdFailure::Kind::unknown : EtcdFailure::Kind::not_done;
  switch (failure.code.number()) {
    case net::errc::http_too_large.number():
      return {EtcdFailure::Kind::refused, net::errc::http_too_large, detail};
    case net::errc::connect_failed.number():
    case net::errc::http_timeout.number():
    case Errc::closed_locally.number():
      return {kind, errc::store_no_majority, detail};
    default:
      return {kind, errc::store_failed, detail};
  }
}

}  // namespace redan::cloud::store
