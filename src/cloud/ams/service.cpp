// Start, stop, the copy of the store, and lists used by several files.
#include "cloud/ams/service.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "cloud/ams/keys.hpp"
#include "cloud/ams/records.hpp"
#include "cloud/api/ids.hpp"
#include "cloud/store/shared_secret.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;

constexpr std::chrono::seconds kSweepInterval{60};
/// How long a finished operation can be queried.
constexpr std::int64_t kOperationKept = 600;

}  // namespace

Ams::Ams(asio::io_context& io, Config config, store::Store& store, Launcher& launcher, Provider& provider,
         trust::ChainCheck chain_check)
    : io_(io),
      config_(std::move(config)),
      store_(store),
      launcher_(launcher),
      provider_(provider),
      verifier_(std::move(chain_check), config_.max_trust_staleness),
      replica_(io, store, replica_parts()),
      context_{store, provider, config_.unit, config_.directory},
      images_(context_, {"image", "images", keys::kImages}),
      addons_(context_, {"addon", "addons", keys::kAddons}),
      groups_(context_, verifier_),
      nodes_(context_),
      executions_(
          io, context_, launcher,
          [this](api::Operation operation) { asio::co_spawn(io_, record_end(std::move(operation)), asio::detached); }),
      sweep_timer_(io) {
  if (!config_.secrets_key) config_.secrets_key = store::SecretsKey::fresh(provider);
}

void Ams::log(std::string_view line) const {
  if (config_.log) config_.log(line);
}

net::Task<Result<void>> Ams::start() {
  if (auto secret = co_await ensure_secrets(); !secret) co_return secret;
  if (config_.gateway) shares_.emplace(io_, *config_.gateway);
  co_await announce_node();
  launcher_.on_exit = [this](const std::string& id, const std::string& why) {
    asio::co_spawn(io_, note_exit(id, why), asio::detached);
  };
  std::error_code ignored;
  if (!context_.directory.empty()) std::filesystem::remove_all(context_.directory / incoming(context_), ignored);
  auto loaded = co_await replica_.start();
  if (loaded) asio::co_spawn(io_, sweep(), asio::detached);
  if (loaded) asio::co_spawn(io_, retain_images(), asio::detached);
  co_return loaded;
}

void Ams::stop() {
  stopped_ = true;
  executions_.stop();
  replica_.stop();
  sweep_timer_.cancel();
}

net::Task<Result<std::vector<store::Entry>>> Ams::read_all(std::string_view prefix) {
  return store::list_all(store_, std::string(prefix));
}

net::Task<Result<void>> Ams::load() {
  const bool is_first = !was_loaded_;
  auto certificates = co_await read_all(keys::kCertificates);
  auto settings = co_await read_all(keys::kConfig);
  auto applications = co_await read_all(keys::kApplications);
  auto instances = co_await read_all(keys::kInstances);
  auto operations = co_await read_all(keys::kOperations);
  for (const auto* part : {&certificates, &settings, &applications, &instances, &operations}) {
    if (!*part) co_return refuse(part->error());
  }
  verifier_.reset({});
  settings_.clear();
  offers_.clear();
  instances_.clear();
  instance_certificates_.clear();
  for (const auto* part : {&*certificates, &*settings, &*applications}) {
    for (const store::Entry& entry : *part) on_put(entry);
  }
  for (const store::Entry& entry : *instances) {
    if (const auto instance = api::instance_from_record(entry.value)) note_instance(*instance);
  }
  verifier_.mark_fresh(net::now());
  if (on_distrust) on_distrust();
  if (is_first) {
    const bool reconciled = co_await reconcile(std::move(*instances));
    if (!reconciled) asio::co_spawn(io_, reconcile_later(), asio::detached);
  }
  // In the order in which they were requested.
  std::sort(operations->begin(), operations->end(),
            [](const store::Entry& a, const store::Entry& b) { return a.created < b.created; });
  for (const store::Entry& entry : *operations) on_put(entry);
  if (is_first) co_await end_interrupted(std::move(*operations));
  was_loaded_ = true;
  co_return Result<void>{};
}

// Those that only the process that began them could have completed.
net::Task<void> Ams::end_interrupted(std::vector<store::Entry> operations) {
  for (const store::Entry& entry : operations) {
    auto operation = api::operation_from_record(entry.value);
    if (!operation || is_final(operation->status) || operation->unit != config_.unit) continue;
    if (operation->kind != api::OperationKind::none) continue;
    operation->status = api::OperationStatus::failure;
    operation->err = "AMS ended before the operation did";
    co_await record_once(std::move(*operation));
  }
}

store::ReplicaParts Ams::replica_parts() {
  store::ReplicaParts parts;
  parts.prefix = keys::kRoot;
  parts.load = [this] { return load(); };
  parts.on_put = [this](const store::Entry& entry) { on_put(entry); };
  parts.on_erase = [this](const std::string& key) { on_erase(key); };
  parts.on_fresh = [this] { verifier_.mark_fresh(net::now()); };
  parts.log = [this](std::string_view line) { log(line); };
  return parts;
}

void Ams::on_put(const store::Entry& entry) {
  if (entry.key.starts_with(keys::kCertificates)) {
    auto certificate = certificate_from_record(entry.value);
    if (certificate) {
      const auto known = verifier_.all().find(certificate->fingerprint);
      const bool changed = known != verifier_.all().end() &&
                           (known->second.role != certificate->role || known->second.scopes != certificate->scopes);
      verifier_.put(std::move(*certificate));
      if (changed && on_distrust) on_distrust();
      return;
    }
    log("a damaged certificate record is not trusted: " + entry.key);
    verifier_.erase(std::string(keys::below(keys::kCertificates, entry.key)));
    if (on_distrust) on_distrust();
  } else if (entry.key.starts_with(keys::kConfig)) {
    settings_[std::string(keys::below(keys::kConfig, entry.key))] = entry.value;
  } else if (entry.key.starts_with(keys::kApplications)) {
    const auto application = api::application_from_record(entry.value);
    if (!application) return log("a damaged application record: " + entry.key);
    Offer offer{application->name, {}};
    for (const api::ApplicationVersion& version : application->versions) {
      if (version.published) offer.versions.push_back(version.number);
    }
    offers_[application->id] = std::move(offer);
  } else if (entry.key.starts_with(keys::kImages)) {
    asio::co_spawn(io_, retain_images(), asio::detached);
  } else if (entry.key.starts_with(keys::kInstances)) {
    const auto instance = api::instance_from_record(entry.value);
    if (!instance) return log("a damaged instance record: " + entry.key);
    if (!note_instance(*instance)) return;
    const std::string action =
        instance->status == api::InstanceStatus::error ? "failed" : std::string(name(instance->status));
    tell_of_instance(action, instance->id, instance->name);
  } else if (entry.key.starts_with(keys::kOperations)) {
    const auto operation = api::operation_from_record(entry.value);
    if (!operation) return;
    if (on_event) on_event({"operation", to_json(*operation)});
    if (is_final(operation->status)) {
      const auto waiting = waiters_.extract(operation->id);
      if (!waiting.empty()) {
        for (const auto& timer : waiting.mapped()) timer->cancel();
      }
    } else if (operation->unit == config_.unit && operation->kind != api::OperationKind::none) {
      take_up(*operation);
    }
  }
}

bool Ams::note_instance(const api::Instance& instance) {
  const auto [seen, is_new] = instances_.try_emplace(instance.id);
  seen->second.name = instance.name;
  seen->second.session = instance.session;
  seen->second.awaits_agent = instance.awaits_agent();
  if (seen->second.certificate != instance.certificate_fingerprint) {
    instance_certificates_.erase(seen->second.certificate);
    seen->second.certificate = instance.certificate_fingerprint;
    if (!seen->second.certificate.empty()) instance_certificates_.insert(seen->second.certificate);
  }
  return std::exchange(seen->second.status, instance.status) != instance.status || is_new;
}

std::optional<std::string> Ams::forget_instance(const std::string& id) {
  const auto seen = instances_.extract(id);
  if (seen.empty()) return std::nullopt;
  instance_certificates_.erase(seen.mapped().certificate);
  return std::move(seen.mapped().name);
}

void Ams::tell_of_instance(std::string_view action, const std::string& id, const std::string& name) {
  if (!on_event) return;
  const std::string what = "instance-" + std::string(action);
  on_event({"lifecycle", {{"action", what}, {"source", "/1.0/instances/" + id}, {"name", name}}});
}

void Ams::on_erase(const std::string& key) {
  if (key.starts_with(keys::kCertificates)) {
    verifier_.erase(std::string(keys::below(keys::kCertificates, key)));
    if (on_distrust) on_distrust();
  } else if (key.starts_with(keys::kConfig)) {
    settings_.erase(std::string(keys::below(keys::kConfig, key)));
  } else if (key.starts_with(keys::kApplications)) {
    offers_.erase(std::string(keys::below(keys::kApplications, key)));
  } else if (key.starts_with(keys::kInstances)) {
    const std::string id(keys::below(keys::kInstances, key));
    if (const auto known = forget_instance(id)) tell_of_instance("removed", id, *known);
  } else if (key.starts_with(keys::kImages)) {
    asio::co_spawn(io_, retain_images(), asio::detached);
  }
}

net::Task<Result<void>> Ams::ensure_secrets() {
  const auto log_line = [this](std::string_view line) { log(line); };
  REDAN_CO_TRY(auto secret, co_await store::sealed_secret(store_, std::string(keys::kJwtSecret), *config_.secrets_key,
                                                          provider_, log_line));
  REDAN_CO_TRY(auto prepared, token::JwtKey::prepare(provider_, secret));
  jwt_.emplace(std::move(prepared));
  REDAN_CO_TRY(auto seal, co_await store::sealed_secret(store_, std::string(keys::kSealSecret), *config_.secrets_key,
                                                        provider_, log_line));
  seal_.emplace(seal.expose().first<sealed::kEd25519KeySize>());
  co_return Result<void>{};
}

net::Task<void> Ams::announce_node() {
  const auto announced = co_await nodes_.announce(config_.url);
  if (!announced) log("this node could not be announced: " + announced.error().message);
}

net::Task<void> Ams::sweep() {
  while (!stopped_) {
    sweep_timer_.expires_after(kSweepInterval);
    co_await sweep_timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    if (stopped_) co_return;
    const std::int64_t now = net::wall_time().seconds_since_1970;
    if (auto operations = co_await read_all(keys::kOperations)) {
      for (const store::Entry& entry : *operations) {
        const auto operation = api::operation_from_record(entry.value);
        if (!operation || !is_final(operation->status) || operation->updated_at + kOperationKept > now) continue;
        const store::Expect unchanged = store::Unchanged{entry.modified};
        co_await store_.erase(entry.key, unchanged);
      }
    }
    if (auto tokens = co_await read_all(keys::kJoinTokens)) {
      for (const store::Entry& entry : *tokens) {
        const auto token = join_from_record(entry.value);
        if (!token || token->expires_at.seconds_since_1970 < now) {
          const store::Expect unchanged = store::Unchanged{entry.modified};
          co_await store_.erase(entry.key, unchanged);
        }
      }
    }
  }
}

net::Task<Result<std::optional<store::Entry>>> Ams::find_named(std::string_view by_id, std::string_view by_name,
                                                               std::string which) {
  if (!api::is_name(which)) co_return std::optional<store::Entry>();
  auto entry = co_await store_.get(keys::at(by_id, which));
  if (!entry || *entry) co_return entry;
  REDAN_CO_TRY(auto id, co_await store_.get(keys::at(by_name, which)));
  if (!id) co_return std::optional<store::Entry>();
  co_return co_await store_.get(keys::at(by_id, (id)->value));
}

std::map<api::InstanceStatus, std::size_t> Ams::instances_by_status() const {
  std::map<api::InstanceStatus, std::size_t> counts;
  for (const auto& [id, seen] : instances_) ++counts[seen.status];
  return counts;
}

}  // namespace redan::cloud::ams
