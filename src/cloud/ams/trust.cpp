// Changes of the trust store.
#include <boost/asio/io_context.hpp>

#include "base/hex.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/records.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

constexpr std::size_t kMaxCertificates = 10'000;
constexpr std::size_t kMinPrefix = 12;
constexpr std::chrono::seconds kMaxJoinLife = std::chrono::hours(24 * 30);

}  // namespace

net::Task<Outcome<api::Operation>> Ams::add_certificate(trust::TrustedCertificate certificate) {
  if (!api::is_name(certificate.name))
    co_return api::refuse(api::bad_request("a name is 1 to 63 letters, digits, . _ -"));
  if (verifier_.all().size() >= kMaxCertificates) co_return api::refuse(api::refusal_of(Errc::too_many));
  certificate.added = net::wall_time();
  api::Operation operation = context_.completed("Trust certificate", "certificates", {certificate.fingerprint});
  std::vector<store::Change> changes;
  changes.emplace_back(
      store::Put{keys::at(keys::kCertificates, certificate.fingerprint), to_record(certificate), store::Absent{}, {}});
  changes.push_back(context_.record(operation));
  auto added = co_await store_.commit(std::move(changes));
  if (added) co_return operation;
  if (added.error() == errc::store_conflict)
    co_return api::refuse(api::conflict("this certificate is trusted already"));
  co_return api::refuse(api::refusal_of(added.error()));
}

net::Task<Outcome<api::Operation>> Ams::remove_certificate(std::string which) {
  std::vector<std::string> matching;
  for (const auto& [fingerprint, certificate] : verifier_.all()) {
    const bool by_prefix = which.size() >= kMinPrefix && fingerprint.starts_with(which);
    if (by_prefix || certificate.name == which) matching.push_back(fingerprint);
  }
  if (matching.empty()) co_return api::refuse(api::not_found("certificate"));
  if (matching.size() > 1)
    co_return api::refuse(api::conflict("more than one certificate matches; name the fingerprint"));
  api::Operation operation = context_.completed("Remove certificate", "certificates", {matching.front()});
  std::vector<store::Change> changes;
  changes.emplace_back(store::Erase{keys::at(keys::kCertificates, matching.front()), store::Anything{}});
  changes.push_back(context_.record(operation));
  auto erased = co_await store_.commit(std::move(changes));
  if (!erased) co_return api::refuse(api::refusal_of(erased.error()));
  co_return operation;
}

net::Task<Outcome<std::string>> Ams::new_join_token(std::string label, trust::Role role, std::chrono::seconds life) {
  if (!api::is_name(label)) co_return api::refuse(api::bad_request("a name is 1 to 63 letters, digits, . _ -"));
  if (life < std::chrono::seconds(1) || life > kMaxJoinLife) {
    co_return api::refuse(api::bad_request("a join token lives between a second and 30 days"));
  }
  trust::JoinToken token;
  token.name = label;
  token.addresses = config_.addresses;
  token.fingerprint = config_.fingerprint;
  token.secret = trust::new_join_secret(provider_);
  token.expires_at = {net::wall_time().seconds_since_1970 + life.count()};
  const trust::JoinRecord record{label, role, token.expires_at};
  auto stored = co_await store_.put(keys::at(keys::kJoinTokens, trust::secret_id(provider_, token.secret.expose())),
                                    to_record(record), store::Absent{});
  if (!stored) co_return api::refuse(api::refusal_of(stored.error()));
  co_return to_text(token);
}

net::Task<Outcome<api::Operation>> Ams::join(std::string text, trust::TrustedCertificate certificate) {
  const auto token = trust::parse_join_token(text);
  if (!token) co_return api::refuse(api::refusal_of(token.error()));
  const std::string key = keys::at(keys::kJoinTokens, trust::secret_id(provider_, token->secret.expose()));
  auto entry = co_await store_.get(key);
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  const auto record = *entry ? join_from_record((*entry)->value) : std::nullopt;
  certificate.added = net::wall_time();
  if (const auto redeemable = trust::check_join(record, certificate.added); !redeemable) {
    co_return api::refuse(api::refusal_of(redeemable.error()));
  }
  // The token determines the certificate's attributes; those that its holder sent are ignored.
  certificate.name = record->name;
  certificate.role = record->role;
  certificate.kind = trust::TrustKind::client;
  certificate.scopes.clear();
  std::vector<store::Change> changes;
  changes.emplace_back(store::Erase{key, store::Unchanged{(*entry)->modified}});
  changes.emplace_back(
      store::Put{keys::at(keys::kCertificates, certificate.fingerprint), to_record(certificate), store::Absent{}, {}});
  api::Operation operation = context_.completed("Trust certificate", "certificates", {certificate.fingerprint});
  changes.push_back(context_.record(operation));
  auto joined = co_await store_.commit(std::move(changes));
  if (joined) co_return operation;
  if (joined.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(joined.error()));
  auto known = co_await store_.get(keys::at(keys::kCertificates, certificate.fingerprint));
  if (known && *known) co_return api::refuse(api::conflict("this certificate is trusted already"));
  co_return api::refuse(api::refusal_of(errc::trust_join_token));
}

bool Ams::is_trust_password(std::string_view password) {
  const std::string stored = config("core.trust_password");
  const TimePoint now = net::now();
  if (stored.empty() || password.empty() || now - last_password_attempt_ < std::chrono::seconds(1)) return false;
  last_password_attempt_ = now;
  // "<salt>:<HMAC-SHA256(salt, password)>", see set_config().
  const std::size_t colon = stored.find(':');
  if (colon == std::string::npos) return false;
  const auto salt = from_hex(std::string_view(stored).substr(0, colon));
  const auto expected = from_hex(std::string_view(stored).substr(colon + 1));
  if (!salt || !expected) return false;
  const std::array parts{as_bytes(password)};
  return equal_in_constant_time(provider_.hmac(HashAlgorithm::sha256, *salt)->compute(parts).bytes(), *expected);
}

}  // namespace redan::cloud::ams
