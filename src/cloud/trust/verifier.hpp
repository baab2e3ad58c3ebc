// Decides whether the holder of a certificate is admitted now, and as which caller.
//
// Holds a copy of the trust store, fed by its owner from a store's listing and watch. The copy may be used until
// `max_staleness` after the store last confirmed that nothing was missed; after that every caller gets trust_stale
// until the store can be read again. So a removal takes effect everywhere within the watch's latency, and at the latest
// after that time.
#pragma once

#include <functional>
#include <map>
#include <redan/crypto.hpp>
#include <string>

#include "cloud/trust/role.hpp"

namespace redan::cloud::trust {

/// The default of the Verifier's limit.
inline constexpr Duration kMaxTrustStaleness = std::chrono::seconds(60);

enum class TrustKind : std::uint8_t {
  client,     ///< exactly this certificate
  authority,  ///< every client certificate that it issued
};

/// One certificate of the trust store.
struct TrustedCertificate {
  std::string fingerprint;  ///< SHA-256 of the DER, 64 lower-case hexadecimal digits
  std::string name;
  TrustKind kind = TrustKind::client;
  Role role = Role::admin;
  std::vector<Scope> scopes{};  ///< empty: all of the role's
  std::vector<std::uint8_t> certificate_der{};
  WallTime added{};
  std::vector<std::string> groups{};  ///< that role and scopes were computed from; empty: they were given
};

/// An authenticated caller.
struct Caller {
  std::string name;
  std::string fingerprint;  ///< of the certificate that it presented
  Role role = Role::view;
  std::vector<Scope> scopes{};
  std::string trusted_by{};  ///< the record of the trust store that admits it: its own, or its authority's

  [[nodiscard]] bool may(Scope scope) const;
  /// A caller may not grant more than it holds: whether an identity with this role and these scopes would have no
  /// permission that this caller lacks.
  [[nodiscard]] bool may_grant(Role role, const std::vector<Scope>& scopes) const;
};

/// Whether `authority` issued `certificate`, through `chain`, to a client, and it is valid at that time.
using ChainCheck = std::function<bool(Bytes certificate, const std::vector<std::vector<std::uint8_t>>& chain,
                                      Bytes authority, WallTime now)>;

class Verifier {
 public:
  explicit Verifier(ChainCheck check, Duration max_staleness = kMaxTrustStaleness);

  /// Replaces everything.
  void reset(std::vector<TrustedCertificate> all);
  void put(TrustedCertificate certificate);
  /// False if it did not exist.
  bool erase(const std::string& fingerprint);
  /// The store confirmed at `now` that nothing was missed.
  void mark_fresh(TimePoint now) { fresh_ = now; }
  [[nodiscard]] bool is_fresh(TimePoint now) const { return fresh_ && now - *fresh_ <= max_staleness_; }

  /// Errors: trust_stale, trust_unknown.
  [[nodiscard]] Result<Caller> admit(const Digest& sha256, Bytes certificate_der,
                                     const std::vector<std::vector<std::uint8_t>>& chain, WallTime wall_time,
                                     TimePoint now) const;
  [[nodiscard]] const std::map<std::string, TrustedCertificate>& all() const { return by_fingerprint_; }

 private:
  ChainCheck check_;
  Duration max_staleness_;
  std::map<std::string, TrustedCertificate> by_fingerprint_;
  std::optional<TimePoint> fresh_;
};

}  // namespace redan::cloud::trust
