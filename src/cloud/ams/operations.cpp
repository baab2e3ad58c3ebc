// Carries out operations, waits for them, and resumes them after a crash.
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "base/utf8.hpp"
#include "cloud/ams/keys.hpp"
#include "cloud/ams/service.hpp"
#include "cloud/api/ids.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;

constexpr std::int64_t kTokenLife = 31'536'000;  // a year, as the specification requires
constexpr std::chrono::milliseconds kRetryPause{500};
constexpr std::chrono::seconds kReconcilePause{5};
// How long an operation waits for an instance's report that it runs, and how often it looks.
constexpr std::chrono::milliseconds kMaxStart{60'000}, kRunningPause{100};

api::Refusal launcher_failed(const LaunchFailure& failure) { return {500, "launcher_failed", failure.message, {}, 0}; }

std::int64_t number_in(const api::json::object& object, std::string_view key) {
  const auto* member = object.if_contains(key);
  return member != nullptr && member->is_int64() ? std::max<std::int64_t>(member->get_int64(), 0) : 0;
}

}  // namespace

// Queries.

net::Task<Outcome<api::Operation>> Ams::operation(std::string id) {
  auto entry = co_await store_.get(keys::at(keys::kOperations, id));
  if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
  const auto operation = *entry ? api::operation_from_record((*entry)->value) : std::nullopt;
  if (!operation) co_return api::refuse(api::not_found("operation"));
  co_return *operation;
}

net::Task<Outcome<void>> Ams::cancel(std::string id) {
  REDAN_CO_TRY(const auto known, co_await operation(id));
  if (is_final(known.status)) {
    co_return api::refuse(api::bad_request("the operation has ended and cannot be cancelled"));
  }
  if (!executions_.contains(id)) {
    co_return api::refuse(api::bad_request("this operation cannot be cancelled: its may_cancel is false"));
  }
  executions_.cancel(id);
  co_return Outcome<void>{};
}

net::Task<Outcome<Page<api::Operation>>> Ams::operations(PageRequest page) {
  auto entries = co_await read_all(keys::kOperations);
  if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
  Page<api::Operation> found;
  found.total = entries->size();
  for (std::size_t i = page.offset; i < entries->size() && found.elements.size() < page.limit; ++i) {
    if (auto operation = api::operation_from_record((*entries)[i].value)) found.elements.push_back(*operation);
  }
  co_return found;
}

net::Task<Outcome<api::Operation>> Ams::wait_for(std::string id, std::chrono::seconds timeout) {
  const auto timer = std::make_shared<asio::steady_timer>(io_, timeout);
  // Queued before the state is checked, so that an end in between is not missed.
  waiters_[id].push_back(timer);
  auto known = co_await operation(id);
  if (known && !is_final(known->status) && timer->expiry() > asio::steady_timer::clock_type::now()) {
    co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
    known = co_await operation(id);
  }
  if (const auto waiting = waiters_.find(id); waiting != waiters_.end()) {
    std::erase(waiting->second, timer);
    if (waiting->second.empty()) waiters_.erase(waiting);
  }
  co_return known;
}

// Execution.

// Carries out one operation per instance at a time, in the order in which they were recorded.
void Ams::take_up(const api::Operation& operation) {
  if (stopped_ || under_way_.contains(operation.id) || starting_.contains(operation.id)) return;
  const auto waits = [&](const api::Operation& queued) { return queued.id == operation.id; };
  if (std::any_of(queue_.begin(), queue_.end(), waits)) return;
  if (under_way_.size() >= config_.max_parallel_operations || busy_instances_.contains(operation.instance())) {
    queue_.push_back(operation);
    return;
  }
  under_way_.insert(operation.id);
  busy_instances_.insert(operation.instance());
  asio::co_spawn(io_, carry_out(operation), asio::detached);
}

net::Task<void> Ams::carry_out(api::Operation operation) {
  const bool is_start = operation.kind == api::OperationKind::launch || operation.kind == api::OperationKind::start;
  if (is_start) {
    const auto found = co_await instance(operation.instance());
    if (found && found->value.awaits_agent()) {
      starting_.insert(operation.id);
      release(operation);
      co_return co_await start_when_taken(std::move(operation));
    }
  }
  Outcome<void> outcome = co_await perform(operation);
  const bool waits = outcome && is_start && operation.metadata.contains("wait");
  if (!waits) co_await finish(operation, outcome);
  if (waits) starting_.insert(operation.id);
  release(operation);
  if (!waits) co_return;
  // Without a slot: others must not wait for this instance.
  co_await wait_until_running(operation.instance());
  co_await finish(operation, outcome);
  starting_.erase(operation.id);
}

// Its slot goes to the next operation that can use it.
void Ams::release(const api::Operation& operation) {
  under_way_.erase(operation.id);
  busy_instances_.erase(operation.instance());
  for (auto waiting = queue_.begin(); waiting != queue_.end(); ++waiting) {
    if (busy_instances_.contains(waiting->instance())) continue;
    const api::Operation next = std::move(*waiting);
    queue_.erase(waiting);
    return take_up(next);
  }
}

net::Task<Outcome<void>> Ams::perform(const api::Operation& operation) {
  switch (operation.kind) {
    case api::OperationKind::launch:
    case api::OperationKind::start:
      co_return co_await perform_launch(operation);
    case api::OperationKind::stop:
      co_return co_await perform_stop(operation);
    case api::OperationKind::remove:
      co_return co_await perform_remove(operation);
    case api::OperationKind::none:
      break;
  }
  co_return api::refuse(api::bad_request("unknown operation"));
}

net::Task<Outcome<void>> Ams::perform_launch(const api::Operation& operation) {
  REDAN_CO_TRY(auto found, co_await instance(operation.instance()));
  // A later operation changed the desired status, or only a record was requested.
  if (found.value.desired_status != api::InstanceStatus::running) co_return Outcome<void>{};
  auto existence = co_await launcher_.find(operation.instance());
  if (!existence) co_return api::refuse(launcher_failed(existence.error()));
  if (*existence != Existence::running) {
    std::string fingerprint;
    REDAN_CO_TRY(auto user_data, prepare_user_data(found.value, fingerprint));
    // Before the start: the instance's certificate must be known when its first request arrives.
    auto prepared = co_await edit_instance(operation.instance(), [&fingerprint](api::Instance& instance) {
      instance.certificate_fingerprint = fingerprint;
      instance.status = api::InstanceStatus::prepared;
      instance.error_message.clear();
      return true;
    });
    if (!prepared) co_return prepared;
    LaunchSpec spec;
    spec.id = found.value.id;
    spec.name = found.value.name;
    REDAN_CO_CHECK(co_await pass_image(found.value, spec));
    spec.user_data = std::move(user_data);
    spec.memory_bytes = number_in(found.value.resources, "memory");
    spec.disk_bytes = number_in(found.value.resources, "disk-size");
    spec.cpus = number_in(found.value.resources, "cpus");
    auto launched = co_await launcher_.launch(std::move(spec));
    if (!launched) co_return api::refuse(launcher_failed(launched.error()));
  }
  co_return co_await edit_instance(operation.instance(), [](api::Instance& instance) {
    // The instance may already have reported "running", or ended.
    if (instance.status != api::InstanceStatus::prepared && instance.status != api::InstanceStatus::created)
      return false;
    instance.status = api::InstanceStatus::started;
    return true;
  });
}

net::Task<void> Ams::wait_until_running(std::string id) {
  for (auto waited = kRunningPause; waited < kMaxStart && !stopped_; waited += kRunningPause) {
    const auto seen = instances_.find(id);
    const auto status = seen == instances_.end() ? api::InstanceStatus::deleted : seen->second.status;
    if (status != api::InstanceStatus::prepared && status != api::InstanceStatus::started) co_return;
    asio::steady_timer pause(io_, kRunningPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

net::Task<Outcome<void>> Ams::perform_stop(const api::Operation& operation) {
  auto stopped = co_await launcher_.stop(operation.instance());
  if (!stopped) co_return api::refuse(launcher_failed(stopped.error()));
  co_return co_await edit_instance(operation.instance(), [](api::Instance& instance) {
    instance.status = api::InstanceStatus::stopped;
    instance.certificate_fingerprint.clear();
    return true;
  });
}

net::Task<Outcome<void>> Ams::perform_remove(const api::Operation& operation) {
  auto found = co_await instance(operation.instance());
  if (!found && found.error().status == 404) co_return Outcome<void>{};
  if (!found) co_return api::refuse(found.error());
  auto removed = co_await launcher_.remove(operation.instance());
  if (!removed) co_return api::refuse(launcher_failed(removed.error()));
  std::vector<store::Change> changes;
  changes.emplace_back(store::Erase{keys::at(keys::kInstances, operation.instance()), store::Anything{}});
  changes.emplace_back(store::Erase{keys::at(keys::kInstanceNames, found->value.name), store::Anything{}});
  auto committed = co_await store_.commit(std::move(changes));
  if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
  co_return Outcome<void>{};
}

// The result is recorded even if the store is unavailable for a long time; otherwise the operation would be stuck until
// the next start.
net::Task<void> Ams::finish(api::Operation operation, Outcome<void> outcome) {
  operation.status = outcome ? api::OperationStatus::success : api::OperationStatus::failure;
  if (!outcome) {
    operation.err = escape_controls(outcome.error().message);  // launchers quote files and the output of other programs
    log("operation " + operation.id + " on instance " + operation.instance() + " failed: " + operation.err);
  }
  while (!stopped_) {
    if (!outcome && operation.kind != api::OperationKind::remove) {
      co_await edit_instance(operation.instance(), [&](api::Instance& instance) {
        instance.status = api::InstanceStatus::error;
        instance.error_message = operation.err;
        return true;
      });
    }
    const bool recorded = co_await record_once(operation);
    if (recorded) co_return;
    asio::steady_timer pause(io_, kRetryPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

net::Task<bool> Ams::record_once(api::Operation operation) {
  std::vector<store::Change> changes;
  changes.push_back(context_.record(operation));
  const auto committed = co_await store_.commit(std::move(changes));
  co_return committed.has_value();
}

net::Task<Outcome<api::Operation>> Ams::note(std::string description, std::string resource_type,
                                             std::vector<std::string> resources) {
  api::Operation done = context_.completed(std::move(description), std::move(resource_type), std::move(resources));
  const bool recorded = co_await record_once(done);
  if (!recorded) co_return api::refuse(api::refusal_of(errc::store_failed));
  co_return done;
}

net::Task<void> Ams::record_end(api::Operation operation) {
  while (!stopped_) {
    const bool recorded = co_await record_once(operation);
    if (recorded) co_return;
    asio::steady_timer pause(io_, kRetryPause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

Outcome<std::string> Ams::prepare_user_data(const api::Instance& instance, std::string& certificate_fingerprint) {
  const WallTime now = net::wall_time();
  SelfSignedOptions options;
  options.common_name = instance.id;
  options.not_before = {now.seconds_since_1970 - 3600};
  options.not_after = {now.seconds_since_1970 + kTokenLife};
  auto identity = self_signed(provider_, options);
  if (!identity) return api::refuse(api::refusal_of(identity.error()));
  certificate_fingerprint = to_hex(provider_.hash(HashAlgorithm::sha256, identity->certificate_der).bytes());
  token::JwtClaims claims;
  claims.issuer = "ams";
  claims.audience = {"ams-internal"};
  claims.subject = instance.id;
  claims.issued_at = now;
  claims.not_before = now;
  claims.expires = {now.seconds_since_1970 + kTokenLife};
  std::array<std::uint8_t, 16> token_id{};
  provider_.random(token_id);
  claims.id = to_hex(token_id);
  claims.scope = {"artifacts:read", "instance:status"};
  auto token = jwt_->mint(claims);
  if (!token) return api::refuse(api::refusal_of(token.error()));
  std::vector<std::uint8_t> key = identity->key->private_key_der();
  api::json::object ams{{"url", config_.url},
                        {"fingerprint", config_.fingerprint},
                        {"token", *token},
                        {"certificate", to_base64(identity->certificate_der)},
                        {"key", to_base64(key)}};
  wipe(key);
  api::json::object seal{{"authority", seal_authority()},
                         {"policy", name(api::sealed_policy(instance.config).value_or(api::SealedPolicy::required))}};
  api::json::object agent{{"url", config("agent.api.url")},
                          {"fingerprint", config("agent.api.fingerprint")},
                          {"token", config("agent.api.token")}};
  const std::int64_t adb = adb_port(instance);
  api::json::object document{{"instance", {{"id", instance.id}, {"name", instance.name}}},
                             {"ams", std::move(ams)},
                             {"seal", std::move(seal)},
                             {"agent", std::move(agent)},
                             {"user_data", runtime_data(instance)}};
  if (adb != 0) document["adb"] = {{"port", adb}};
  return boost::json::serialize(document);
}

// Recovery after a restart.

// Compares the records of this node's instances with the running instances. Interrupted operations are resumed
// afterwards and correct the instances that they concern; this function corrects the others.
net::Task<bool> Ams::reconcile(std::vector<store::Entry> entries) {
  auto found = co_await launcher_.find_all();
  if (!found) {
    log("the launcher does not say what runs: " + found.error().message);
    co_return false;
  }
  std::map<std::string, Existence> existing;
  for (const FoundInstance& instance : *found) existing[instance.id] = instance.existence;
  for (const store::Entry& entry : entries) {
    const auto instance = api::instance_from_record(entry.value);
    if (!instance || instance->node != config_.unit) continue;
    const auto there = existing.extract(instance->id);
    const bool runs = !there.empty() && there.mapped() == Existence::running;
    if (runs || busy_instances_.contains(instance->id)) continue;
    const bool should_run =
        instance->status == api::InstanceStatus::started || instance->status == api::InstanceStatus::running;
    if (should_run) co_await note_exit(instance->id, "it was gone when AMS came back");
  }
  for (const auto& [id, existence] : existing) {
    if (busy_instances_.contains(id)) continue;
    // The records were read before the launcher was queried: the instance may have been launched in between.
    const auto record = co_await store_.get(keys::at(keys::kInstances, id));
    if (!record || *record) continue;
    log("instance " + id + " is on this node and in no record; removing it");
    co_await launcher_.remove(id);
  }
  co_return true;
}

net::Task<void> Ams::reconcile_later() {
  while (!stopped_) {
    asio::steady_timer pause(io_, kReconcilePause);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
    auto entries = co_await read_all(keys::kInstances);
    if (stopped_ || !entries) continue;
    const bool reconciled = co_await reconcile(std::move(*entries));
    if (reconciled) co_return;
  }
}

net::Task<void> Ams::note_exit(std::string id, std::string why) {
  co_await edit_instance(id, [&why](api::Instance& instance) {
    if (instance.desired_status != api::InstanceStatus::running || !may_run(instance.status)) return false;
    instance.status = api::InstanceStatus::error;
    instance.error_message = why;
    return true;
  });
}

}  // namespace redan::cloud::ams
