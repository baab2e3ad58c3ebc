#include "cloud/trust/verifier.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::trust {

bool Caller::may(Scope scope) const {
  return allows(role, scope) && (scopes.empty() || std::find(scopes.begin(), scopes.end(), scope) != scopes.end());
}

bool Caller::may_grant(Role wanted, const std::vector<Scope>& narrowed) const {
  const Caller grantee{{}, {}, wanted, narrowed};
  const auto& all = all_scopes();
  return std::all_of(all.begin(), all.end(), [&](Scope scope) { return !grantee.may(scope) || may(scope); });
}

Verifier::Verifier(ChainCheck check, Duration max_staleness)
    : check_(std::move(check)), max_staleness_(max_staleness) {}

void Verifier::reset(std::vector<TrustedCertificate> all) {
  by_fingerprint_.clear();
  for (TrustedCertificate& certificate : all) put(std::move(certificate));
}

void Verifier::put(TrustedCertificate certificate) {
  std::string key = certificate.fingerprint;
  by_fingerprint_.insert_or_assign(std::move(key), std::move(certificate));
}

bool Verifier::erase(const std::string& fingerprint) { return by_fingerprint_.erase(fingerprint) == 1; }

Result<Caller> Verifier::admit(const Digest& sha256, Bytes certificate_der,
                               const std::vector<std::vector<std::uint8_t>>& chain, WallTime wall_time,
                               TimePoint now) const {
  if (!is_fresh(now)) return refuse(errc::trust_stale);
  const std::string fingerprint = to_hex(sha256.bytes());
  const auto speak_as = [&](const TrustedCertificate& trusted) {
    return Caller{trusted.name, fingerprint, trusted.role, trusted.scopes, trusted.fingerprint};
  };
  const auto leaf = by_fingerprint_.find(fingerprint);
  if (leaf != by_fingerprint_.end() && leaf->second.kind == TrustKind::client) return speak_as(leaf->second);
  for (const auto& [key, trusted] : by_fingerprint_) {
    if (trusted.kind != TrustKind::authority) continue;
    if (check_(certificate_der, chain, trusted.certificate_der, wall_time)) return speak_as(trusted);
  }
  return refuse(errc::trust_unknown);
}

}  // namespace redan::cloud::trust
