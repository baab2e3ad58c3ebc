// AMS's certificates and grants for sealed channels.
#include <algorithm>

#include "base/hex.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/agent.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

// A key that is not a point of the curve, or is of small order, authenticates nothing: signatures by anyone could be
// valid for it.
std::optional<sealed::Ed25519PublicKey> key_of(Bytes bytes) {
  if (bytes.size() != sealed::kEd25519KeySize || !wamp::is_ed25519_public_key(bytes)) return std::nullopt;
  sealed::Ed25519PublicKey key{};
  std::copy(bytes.begin(), bytes.end(), key.begin());
  return key;
}

}  // namespace

std::string Ams::seal_authority() const { return to_hex(seal_->public_key()); }

Outcome<std::vector<std::uint8_t>> Ams::certify(const api::Instance& instance, Bytes runtime_key) const {
  const auto key = key_of(runtime_key);
  if (!key) return api::refuse(api::bad_request("\"key\" is an Ed25519 public key in base64"));
  const WallTime now = net::wall_time();
  const sealed::RuntimeCertificate certificate{
      instance.id, *key, now, {now.seconds_since_1970 + std::chrono::seconds(sealed::kMaxCertificateLife).count()}};
  return certificate.sign(*seal_);
}

net::Task<Outcome<Ams::Grant>> Ams::grant(std::string session, Bytes client_key, sealed::SessionGrant::Rights rights,
                                          std::chrono::seconds life) {
  const auto key = key_of(client_key);
  if (!key) co_return api::refuse(api::bad_request("\"key\" is an Ed25519 public key in base64"));
  std::string instance_name = api::instance_name(session);
  for (const auto& [id, seen] : instances_) {
    if (seen.session == session) instance_name = seen.name;
  }
  REDAN_CO_TRY(auto found, co_await instance(std::move(instance_name)));
  const api::Instance& instance = found.value;
  const auto& tags = instance.tags;
  const bool is_of_session = std::find(tags.begin(), tags.end(), api::session_tag(session)) != tags.end();
  if (!is_of_session || instance.desired_status != api::InstanceStatus::running) {
    co_return api::refuse(api::not_found("instance of this session"));
  }
  if (api::sealed_policy(instance.config).value_or(api::SealedPolicy::required) == api::SealedPolicy::off) {
    co_return api::refuse(
        api::conflict("the sessions of this application are not sealed; see \"sealed\" in its manifest"));
  }
  Grant grant;
  grant.content.session = std::move(session);
  grant.content.instance = instance.id;
  grant.content.client = *key;
  grant.content.rights = rights;
  grant.content.not_after = {net::wall_time().seconds_since_1970 + life.count()};
  grant.bytes = grant.content.sign(*seal_);
  co_return grant;
}

}  // namespace redan::cloud::ams
