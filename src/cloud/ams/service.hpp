// AMS: manages trusted certificates, applications, instances, and the operations on them.
//
// This is the logic, without sockets. The Store is the only authoritative state; every change is one commit. Each unit
// follows the store with a watch: it updates the verifier, notifies listeners of events, and starts the operations
// assigned to this unit, both its own and those that another unit recorded. An operation that a crash interrupted is
// carried out again at the next start; every step is idempotent.
//
// All calls are made on the loop, which has stopped when an Ams is destroyed. The refusal of an `Outcome` is sent to
// the client.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <set>

#include "cloud/ams/executions.hpp"
#include "cloud/ams/gateway_shares.hpp"
#include "cloud/ams/groups.hpp"
#include "cloud/ams/launcher.hpp"
#include "cloud/ams/nodes.hpp"
#include "cloud/ams/uploads.hpp"
#include "cloud/api/ams.hpp"
#include "cloud/api/manifest.hpp"
#include "cloud/store/replica.hpp"
#include "cloud/store/secrets_key.hpp"
#include "cloud/token/jwt.hpp"
#include "cloud/trust/join_token.hpp"
#include "cloud/trust/verifier.hpp"
#include "sealed/credentials.hpp"

namespace redan::cloud::ams {

struct Config {
  std::string unit;                    ///< name of this unit and of its node; unique and stable across restarts
  std::string url;                     ///< this unit's URL for instances: "https://192.0.2.1:8444"
  std::string fingerprint;             ///< of this unit's certificate, 64 hexadecimal digits
  std::vector<std::string> addresses;  ///< of this unit, for join tokens: "192.0.2.1:8444"
  /// Encrypts the secrets in the store; null: a new key is generated, so that they cannot be decrypted after this AMS
  /// ends.
  std::shared_ptr<const store::SecretsKey> secrets_key;
  Duration max_trust_staleness = trust::kMaxTrustStaleness;
  std::filesystem::path directory;         ///< for uploads; see Context::directory
  api::UnknownMembers unknown_members;     ///< in requests
  std::optional<GatewayAccess> gateway{};  ///< for shares of instances
  std::size_t max_instances = 10'000;
  std::size_t max_parallel_operations = 16;
  /// For a stream agent to take an instance that was launched with enable_streaming.
  std::chrono::milliseconds agent_timeout{30'000};
  std::function<void(std::string_view)> log;  ///< logs one line; it contains no secrets
};

/// A message to the clients of the events route.
struct Event {
  std::string type;  ///< "lifecycle" or "operation"
  api::json::object metadata;
};

/// The properties of a new instance: the members of the request, validated.
struct InstanceRequest {
  std::string name;
  std::string app_id;
  std::int64_t app_version = -1;
  std::string image_id;
  std::int64_t image_version = -1;
  std::string instance_type;  ///< "a4.3"; its resources, unless the request sets them
  std::string node;
  std::vector<std::string> tags, addons;
  std::string user_data;
  api::json::object config, resources;
  api::json::array services;
  bool no_start = false;
  bool wait = false;  ///< the operation ends when the instance has reported that it runs

  static Outcome<InstanceRequest> parse(const api::json::object& body, const api::UnknownMembers& unknown = {});
};

using unit::Versioned;

/// One page of a list, and the total number of elements.
template <class T>
struct Page {
  std::vector<T> elements;
  std::size_t total = 0;
};
struct PageRequest {
  std::size_t limit = 1000;
  std::size_t offset = 0;
};

inline constexpr PageRequest kEverything{std::numeric_limits<std::size_t>::max(), 0};

class Ams {
 public:
  Ams(boost::asio::io_context& io, Config config, store::Store& store, Launcher& launcher, Provider& provider,
      trust::ChainCheck chain_check);
  Ams(const Ams&) = delete;
  Ams& operator=(const Ams&) = delete;

  /// Loads the store, resumes interrupted operations, finds running instances, and follows the store from then on. Must
  /// complete, once, before any other call.
  [[nodiscard]] net::Task<Result<void>> start();
  /// Starts no further operation; those in progress are abandoned at their next step.
  void stop();

  // Trust (trust.cpp).
  [[nodiscard]] const trust::Verifier& verifier() const { return verifier_; }
  [[nodiscard]] net::Task<Outcome<api::Operation>> add_certificate(trust::TrustedCertificate certificate);
  /// `which`: a fingerprint, a prefix of one (at least 12 digits), or a name.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_certificate(std::string which);
  /// Adds the certificate that the token permits; the token is used up in the same commit.
  [[nodiscard]] net::Task<Outcome<api::Operation>> join(std::string token, trust::TrustedCertificate certificate);
  /// Returns the token's text, which is available only here.
  [[nodiscard]] net::Task<Outcome<std::string>> new_join_token(std::string name, trust::Role role,
                                                               std::chrono::seconds life);
  /// Whether core.trust_password is set and matches. At most one attempt per second is checked.
  [[nodiscard]] bool is_trust_password(std::string_view password);

  // Authentication of instances (instance_access.cpp). Returns the instance if the caller has presented both the
  // instance's own certificate and a token of the instance with this scope.
  [[nodiscard]] net::Task<Outcome<api::Instance>> admit_instance(std::string which, std::string_view authorization,
                                                                 const std::string& certificate_fingerprint,
                                                                 std::string_view scope);
  [[nodiscard]] net::Task<Outcome<void>> report(std::string id, api::InstanceStatus status, std::string message);

  /// For one connection to the events route within a minute: browsers cannot present a certificate there.
  [[nodiscard]] Outcome<std::string> new_events_token(const trust::Caller& holder);
  /// Uses up the token, on all units. Returns the record that authorized its holder, "" for a local user. The
  /// connection is valid as long as that record exists.
  [[nodiscard]] net::Task<Outcome<std::string>> use_events_token(std::string token);

  // Sealed channels (sealing.cpp). The authority is AMS's public key, which clients and runtimes know: 64 hexadecimal
  // digits.
  [[nodiscard]] std::string seal_authority() const;
  /// Returns a certificate, valid for a day, that binds this key to the runtime of this instance.
  [[nodiscard]] Outcome<std::vector<std::uint8_t>> certify(const api::Instance& instance, Bytes runtime_key) const;
  struct Grant {
    std::vector<std::uint8_t> bytes;
    sealed::SessionGrant content;
  };
  /// Grants a client access to a session, once the session's instance exists. `life` is at most sealed::kMaxGrantLife.
  [[nodiscard]] net::Task<Outcome<Grant>> grant(std::string session, Bytes client_key,
                                                sealed::SessionGrant::Rights rights, std::chrono::seconds life);

  // Applications (applications.cpp). 501 for a package if there is no directory for uploads.
  [[nodiscard]] net::Task<Outcome<api::Operation>> add_application(api::json::object manifest);
  [[nodiscard]] net::Task<Outcome<api::Operation>> add_application(std::shared_ptr<unit::FileUpload> package);
  [[nodiscard]] net::Task<Outcome<api::Operation>> update_application(std::string which,
                                                                      std::shared_ptr<unit::FileUpload> package,
                                                                      std::optional<store::Revision> expected);
  /// Changes of what belongs to the application make no new version; all others do, and so does no change at all.
  [[nodiscard]] net::Task<Outcome<api::Operation>> update_application(std::string which, api::json::object changes,
                                                                      std::optional<store::Revision> expected);
  [[nodiscard]] net::Task<Outcome<api::Operation>> publish_version(std::string which, std::int64_t number,
                                                                   bool published);
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_version(std::string which, std::int64_t number);
  /// 409 while it has instances, unless `force`: then they are deleted too.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_application(std::string which, bool force,
                                                                      std::optional<store::Revision> expected);
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_applications(std::vector<std::string> which, bool force);
  [[nodiscard]] net::Task<Outcome<Versioned<api::Application>>> application(std::string which);
  [[nodiscard]] net::Task<Outcome<Page<api::Application>>> applications(PageRequest page);
  /// The version as a package, in a file.
  [[nodiscard]] net::Task<Outcome<std::filesystem::path>> archive(const api::Application& application,
                                                                  const api::ApplicationVersion& version);
  [[nodiscard]] static std::string manifest_yaml(const api::ApplicationVersion& version);
  /// Whether the upload is an addon's package.
  [[nodiscard]] net::Task<Outcome<void>> check_addon(std::shared_ptr<unit::FileUpload> upload);

  // Instances (instances.cpp).
  [[nodiscard]] net::Task<Outcome<api::Operation>> launch(InstanceRequest request);
  /// `wait`: a start ends when the instance has reported that it runs.
  [[nodiscard]] net::Task<Outcome<api::Operation>> change(std::string which, api::OperationKind kind,
                                                          std::optional<store::Revision> expected, bool wait = false);
  [[nodiscard]] net::Task<Outcome<api::Operation>> protect(std::string which, bool is_protected,
                                                           std::optional<store::Revision> expected);
  /// All of them or, if one may not be deleted, none.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_all(std::vector<std::string> which);
  [[nodiscard]] net::Task<Outcome<Versioned<api::Instance>>> instance(std::string which);
  [[nodiscard]] net::Task<Outcome<Page<api::Instance>>> instances(PageRequest page);
  [[nodiscard]] net::Task<Outcome<std::string>> instance_log(std::string which);
  /// 409 unless it runs on this node.
  [[nodiscard]] net::Task<Outcome<api::Operation>> execute(std::string which, ExecSpec spec);

  // Streaming (streaming.cpp).
  [[nodiscard]] net::Task<Outcome<std::vector<api::AwaitingInstance>>> awaiting_agents();
  /// The agent has the session, and `data` is for the instance's runtime. 409 if the instance does not await an agent
  /// for this session.
  [[nodiscard]] net::Task<Outcome<void>> take_stream(std::string which, std::string session, std::string agent,
                                                     std::string data);

  // Operations (operations.cpp).
  [[nodiscard]] net::Task<Outcome<api::Operation>> operation(std::string id);
  [[nodiscard]] net::Task<Outcome<Page<api::Operation>>> operations(PageRequest page);
  /// Only commands in instances can be cancelled, otherwise 501; 400 if it has ended.
  [[nodiscard]] net::Task<Outcome<void>> cancel(std::string id);
  /// Waits until the operation is final or `timeout` expires, and returns its state.
  [[nodiscard]] net::Task<Outcome<api::Operation>> wait_for(std::string id, std::chrono::seconds timeout);

  // Parts with their own state.
  [[nodiscard]] Context& context() { return context_; }
  [[nodiscard]] Uploads<api::Image>& images() { return images_; }
  [[nodiscard]] Uploads<api::Addon>& addons() { return addons_; }
  [[nodiscard]] Executions& executions() { return executions_; }
  [[nodiscard]] Groups& groups() { return groups_; }
  [[nodiscard]] Nodes& nodes() { return nodes_; }
  /// nullptr: there is no gateway.
  [[nodiscard]] GatewayShares* shares() { return shares_ ? &*shares_ : nullptr; }
  /// Records an operation that has already been completed.
  [[nodiscard]] net::Task<Outcome<api::Operation>> note(std::string description, std::string resource_type,
                                                        std::vector<std::string> resources);

  // Configuration (config.cpp).
  [[nodiscard]] net::Task<Outcome<api::Operation>> set_config(api::json::object changes);
  [[nodiscard]] api::json::object config() const;  ///< secrets are shown as true
  [[nodiscard]] std::string config(const std::string& key) const;

  // Notifications.
  std::function<void(const Event&)> on_event;
  /// A certificate was removed from the trust store: the open connections must be checked.
  std::function<void()> on_distrust;
  /// The number of instances in each status, as last observed.
  [[nodiscard]] std::map<api::InstanceStatus, std::size_t> instances_by_status() const;
  [[nodiscard]] bool is_instance_certificate(const std::string& fingerprint) const {
    return instance_certificates_.contains(fingerprint);
  }
  /// A launchable application; small, and kept in memory.
  struct Offer {
    std::string name;
    std::vector<std::int64_t> versions;  ///< the published ones
  };
  [[nodiscard]] const std::map<std::string, Offer>& offers() const { return offers_; }  ///< by the application's id
  [[nodiscard]] Digest sha256(std::string_view text) { return provider_.hash(HashAlgorithm::sha256, as_bytes(text)); }
  [[nodiscard]] const Config& settings() const { return config_; }

 private:
  [[nodiscard]] net::Task<Result<void>> load();
  [[nodiscard]] store::ReplicaParts replica_parts();
  [[nodiscard]] net::Task<Result<std::vector<store::Entry>>> read_all(std::string_view prefix);
  void on_put(const store::Entry& entry);
  void on_erase(const std::string& key);
  [[nodiscard]] net::Task<Result<void>> ensure_secrets();
  net::Task<void> end_interrupted(std::vector<store::Entry> operations);
  [[nodiscard]] net::Task<void> announce_node();
  net::Task<void> sweep();

  [[nodiscard]] net::Task<Result<std::optional<store::Entry>>> find_named(std::string_view by_id,
                                                                          std::string_view by_name, std::string which);
  /// Reads, changes and writes an instance, and retries if another writer was faster; `also` is committed with it.
  /// `edit` returns whether there is anything to write.
  [[nodiscard]] net::Task<Outcome<void>> edit_instance(std::string id, std::function<bool(api::Instance&)> edit,
                                                       std::vector<store::Change> also = {});

  /// `damaged` outlives the task.
  [[nodiscard]] net::Task<void> restore_name(api::Instance& damaged);

  void take_up(const api::Operation& operation);
  net::Task<void> carry_out(api::Operation operation);
  /// If an agent has taken the instance in time; the operation fails otherwise.
  net::Task<void> start_when_taken(api::Operation operation);
  [[nodiscard]] Outcome<void> want_session(api::Instance& instance) const;
  void renew_session(api::Instance& instance) const;
  /// Where a tunnel for ADB leads in the instance; 0: nowhere.
  [[nodiscard]] static std::int64_t adb_port(const api::Instance& instance);
  [[nodiscard]] static std::string runtime_data(const api::Instance& instance);
  [[nodiscard]] net::Task<Outcome<void>> perform(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> perform_launch(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> perform_stop(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> perform_remove(const api::Operation& operation);
  [[nodiscard]] Outcome<std::string> prepare_user_data(const api::Instance& instance,
                                                       std::string& certificate_fingerprint);
  net::Task<void> finish(api::Operation operation, Outcome<void> outcome);
  net::Task<void> finish_with(api::Operation whole, std::vector<std::string> parts);
  /// Records the operation as it is; false if the store does not take it.
  net::Task<bool> record_once(api::Operation operation);
  /// Tries until it is recorded.
  net::Task<void> record_end(api::Operation operation);
  /// False: the launcher did not report which instances run.
  net::Task<bool> reconcile(std::vector<store::Entry> instances);
  net::Task<void> reconcile_later();
  net::Task<void> note_exit(std::string id, std::string why);
  [[nodiscard]] net::Task<Outcome<api::Manifest>> read_package(std::shared_ptr<unit::FileUpload> upload);
  [[nodiscard]] net::Task<Outcome<api::Operation>> create_application(api::Manifest manifest,
                                                                      std::shared_ptr<unit::FileUpload> upload);
  [[nodiscard]] Outcome<void> add_version(api::Application& application, const api::Manifest& manifest,
                                          unit::FileUpload* upload);
  /// `kept` stays published.
  void revoke_oldest(api::Application& application, std::int64_t kept) const;
  /// Removes the archives that no version of the application names.
  void remove_unused_archives(const api::Application& application) const;
  [[nodiscard]] net::Task<Outcome<api::Operation>> write_application(Versioned<api::Application> changed,
                                                                     std::string description);
  /// Names of the application's instances.
  [[nodiscard]] net::Task<Outcome<std::vector<std::string>>> instances_of(std::string application,
                                                                          std::optional<std::int64_t> version);
  [[nodiscard]] api::Operation new_operation(api::OperationKind kind, const api::Instance& instance, bool wait);
  /// Until the instance has reported that it runs, or ended; at most a minute.
  net::Task<void> wait_until_running(std::string id);
  void release(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> choose_image(api::Instance& instance, std::int64_t version);
  [[nodiscard]] net::Task<Outcome<void>> pass_image(const api::Instance& instance, LaunchSpec& spec);
  net::Task<void> retain_images();
  void log(std::string_view line) const;

  boost::asio::io_context& io_;
  Config config_;
  store::Store& store_;
  Launcher& launcher_;
  Provider& provider_;
  trust::Verifier verifier_;
  std::optional<token::JwtKey> jwt_;
  std::optional<sealed::Ed25519Key> seal_;
  store::Replica replica_;
  bool was_loaded_ = false;
  Context context_;
  Uploads<api::Image> images_;
  Uploads<api::Addon> addons_;
  Groups groups_;
  Nodes nodes_;
  Executions executions_;
  std::optional<GatewayShares> shares_;
  std::map<std::string, std::string> settings_;  ///< core.*, agent.*
  struct Seen {
    api::InstanceStatus status = api::InstanceStatus::unknown;
    std::string certificate;  ///< its fingerprint; "" while it has none
    std::string name;
    std::string session;  ///< api::Instance::session
    bool awaits_agent = false;
  };
  /// Whether its status has changed.
  bool note_instance(const api::Instance& instance);
  /// Its name, if it was known.
  std::optional<std::string> forget_instance(const std::string& id);
  void tell_of_instance(std::string_view action, const std::string& id, const std::string& name);
  std::map<std::string, Seen> instances_;  ///< by id
  std::set<std::string> instance_certificates_;
  std::map<std::string, Offer> offers_;
  std::set<std::string> under_way_;    ///< operations in progress
  std::set<std::string> starting_;     ///< operations that wait for an agent, or for an instance to report that it runs
  std::vector<api::Operation> queue_;  ///< waiting for a free slot or for another operation on the same instance
  std::set<std::string> busy_instances_;
  std::map<std::string, std::vector<std::shared_ptr<boost::asio::steady_timer>>> waiters_;
  boost::asio::steady_timer sweep_timer_;
  TimePoint last_password_attempt_{};
  bool stopped_ = false;
};

}  // namespace redan::cloud::ams
