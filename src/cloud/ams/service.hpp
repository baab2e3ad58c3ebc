// AMS: who is trusted, which applications there are, which instances run, and what is being done to them.
//
// The rules, without sockets. Truth lives in the Store; every change is one commit. Each unit follows the store by a
// watch: it feeds the verifier, tells listeners of events, and starts the operations that are this unit's to carry out,
// its own and those that a unit elsewhere recorded. An operation that a crash interrupted is carried out again at the
// next start: each step is made so that twice does no more than once.
//
// All calls are made on the loop, which has stopped when an Ams is destroyed. `Outcome` refuses with what the client is
// told.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <map>
#include <set>

#include "cloud/ams/launcher.hpp"
#include "cloud/api/ams.hpp"
#include "cloud/store/secrets_key.hpp"
#include "cloud/store/store.hpp"
#include "cloud/token/jwt.hpp"
#include "cloud/trust/join_token.hpp"
#include "cloud/trust/verifier.hpp"
#include "sealed/credentials.hpp"

namespace redan::cloud::ams {

using api::Outcome;

struct Config {
  std::string unit;                    ///< this unit's name, its node's too; unique and the same after a restart
  std::string url;                     ///< how instances reach this unit: "https://192.0.2.1:8444"
  std::string fingerprint;             ///< of this unit's certificate, 64 hexadecimal digits
  std::vector<std::string> addresses;  ///< of this unit, for join tokens: "192.0.2.1:8444"
  /// Of the secrets in the store; null: a fresh one, so nobody opens them when this AMS has ended.
  std::shared_ptr<const store::SecretsKey> secrets_key;
  Duration max_trust_staleness = trust::kMaxTrustStaleness;
  std::size_t max_instances = 10'000;
  std::size_t max_parallel_operations = 16;
  std::function<void(std::string_view)> log;  ///< one line; no secrets in it
};

/// What clients of the events route are told.
struct Event {
  std::string type;  ///< "lifecycle" or "operation"
  api::json::object metadata;
};

/// What a new instance is to be; the request's members, checked.
struct InstanceRequest {
  std::string name;
  std::string app_id;
  std::int64_t app_version = -1;
  std::string image_id;
  std::string node;
  std::vector<std::string> tags;
  std::string user_data;
  api::json::object config, resources;
  api::json::array services;
  bool no_start = false;

  static Outcome<InstanceRequest> parse(const api::json::object& body);
};

template <class T>
struct Versioned {
  T value;
  store::Revision revision{};  ///< of the entry: its ETag
};

/// One page of a list, and how many there are in all.
template <class T>
struct Page {
  std::vector<T> elements;
  std::size_t total = 0;
};
struct PageRequest {
  std::size_t limit = 1000;
  std::size_t offset = 0;
};

class Ams {
 public:
  Ams(boost::asio::io_context& io, Config config, store::Store& store, Launcher& launcher, Provider& provider,
      trust::ChainCheck chain_check);
  Ams(const Ams&) = delete;
  Ams& operator=(const Ams&) = delete;

  /// Reads the store, takes up interrupted operations, looks for instances that run, and follows the store from then
  /// on. To be awaited once, before anything else.
  [[nodiscard]] net::Task<Result<void>> start();
  /// Carries out no further operation; those under way are given up at their next step.
  void stop();

  // ---- trust (trust.cpp)
  [[nodiscard]] const trust::Verifier& verifier() const { return verifier_; }
  [[nodiscard]] net::Task<Outcome<api::Operation>> add_certificate(trust::TrustedCertificate certificate);
  /// `prefix`: a fingerprint or the start of one (at least 12 digits), or a name.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_certificate(std::string which);
  /// Adds the certificate that the token allows; the token is used up in the same commit.
  [[nodiscard]] net::Task<Outcome<api::Operation>> join(std::string token, trust::TrustedCertificate certificate);
  /// The token's text: seen once, here.
  [[nodiscard]] net::Task<Outcome<std::string>> new_join_token(std::string name, trust::Role role,
                                                               std::chrono::seconds life);
  /// Whether core.trust_password is set and is this. At most one attempt a second is looked at.
  [[nodiscard]] bool is_trust_password(std::string_view password);

  // ---- an instance's own word (instance_access.cpp)
  /// The caller holds the instance's own certificate and a token of it with this scope: the instance. Both are needed.
  [[nodiscard]] net::Task<Outcome<api::Instance>> admit_instance(std::string which, std::string_view authorization,
                                                                 const std::string& certificate_fingerprint,
                                                                 std::string_view scope);
  [[nodiscard]] net::Task<Outcome<void>> report(std::string id, api::InstanceStatus status, std::string message);

  /// For one connection to the events route, within a minute: browsers cannot show a certificate there.
  [[nodiscard]] Outcome<std::string> new_events_token(const trust::Caller& holder);
  /// Uses it up, on every unit: the record that admitted its holder, "" for a local user. It is good while that lives.
  [[nodiscard]] net::Task<Outcome<std::string>> use_events_token(std::string token);

  // ---- sealed channels (sealing.cpp)
  /// What clients and runtimes hold of AMS: 64 hexadecimal digits.
  [[nodiscard]] std::string seal_authority() const;
  /// This key is the runtime's in this instance: a certificate, for a day.
  [[nodiscard]] Outcome<std::vector<std::uint8_t>> certify(const api::Instance& instance, Bytes runtime_key) const;
  struct Grant {
    std::vector<std::uint8_t> bytes;
    sealed::SessionGrant content;
  };
  /// A client's right to a session, once the session's instance is there. `life` is at most sealed::kMaxGrantLife.
  [[nodiscard]] net::Task<Outcome<Grant>> grant(std::string session, Bytes client_key,
                                                sealed::SessionGrant::Rights rights, std::chrono::seconds life);

  // ---- applications (applications.cpp)
  [[nodiscard]] net::Task<Outcome<api::Application>> add_application(api::json::object manifest);
  [[nodiscard]] net::Task<Outcome<api::Application>> add_application_version(std::string which,
                                                                             api::json::object manifest);
  [[nodiscard]] net::Task<Outcome<void>> publish_version(std::string which, std::int64_t number, bool published);
  [[nodiscard]] net::Task<Outcome<void>> remove_application(std::string which);
  [[nodiscard]] net::Task<Outcome<Versioned<api::Application>>> application(std::string which);
  [[nodiscard]] net::Task<Outcome<Page<api::Application>>> applications(PageRequest page);

  // ---- instances (instances.cpp)
  [[nodiscard]] net::Task<Outcome<api::Operation>> launch(InstanceRequest request);
  [[nodiscard]] net::Task<Outcome<api::Operation>> change(std::string which, api::OperationKind kind,
                                                          std::optional<store::Revision> expected);
  [[nodiscard]] net::Task<Outcome<void>> protect(std::string which, bool is_protected,
                                                 std::optional<store::Revision> expected);
  [[nodiscard]] net::Task<Outcome<Versioned<api::Instance>>> instance(std::string which);
  [[nodiscard]] net::Task<Outcome<Page<api::Instance>>> instances(PageRequest page);
  [[nodiscard]] net::Task<Outcome<std::string>> instance_log(std::string which);

  // ---- operations (operations.cpp)
  [[nodiscard]] net::Task<Outcome<api::Operation>> operation(std::string id);
  [[nodiscard]] net::Task<Outcome<Page<api::Operation>>> operations(PageRequest page);
  /// Until it is final, or `patience` is over: its state then.
  [[nodiscard]] net::Task<Outcome<api::Operation>> wait_for(std::string id, std::chrono::seconds timeout);

  // ---- config and nodes (config.cpp)
  [[nodiscard]] net::Task<Outcome<void>> set_config(api::json::object changes);
  [[nodiscard]] api::json::object config() const;  ///< secrets show as true
  [[nodiscard]] std::string config(const std::string& key) const;
  [[nodiscard]] net::Task<Outcome<api::json::array>> nodes();

  // ---- listening
  std::function<void(const Event&)> on_event;
  /// The trust store lost a certificate: look through the open connections.
  std::function<void()> on_distrust;
  /// How many instances have which status, as last seen.
  [[nodiscard]] std::map<api::InstanceStatus, std::size_t> instances_by_status() const;
  [[nodiscard]] bool is_instance_certificate(const std::string& fingerprint) const {
    return instance_certificates_.contains(fingerprint);
  }
  /// What can be launched: small, and kept in memory.
  struct Offer {
    std::string name;
    std::vector<std::int64_t> versions;  ///< the published ones
  };
  [[nodiscard]] const std::map<std::string, Offer>& offers() const { return offers_; }  ///< by the application's id
  [[nodiscard]] Digest sha256(std::string_view text) { return provider_.hash(HashAlgorithm::sha256, as_bytes(text)); }
  [[nodiscard]] const Config& settings() const { return config_; }

 private:
  enum class Reading : std::uint8_t { first, again };
  [[nodiscard]] net::Task<Result<void>> load(Reading reading);
  [[nodiscard]] net::Task<Result<std::vector<store::Entry>>> read_all(std::string_view prefix);
  void follow(store::Revision since);
  net::Task<void> reload();
  void on_watch(const store::WatchEvent& event);
  void on_put(const store::Entry& entry);
  void on_erase(const std::string& key);
  [[nodiscard]] net::Task<Result<void>> ensure_secrets();
  [[nodiscard]] net::Task<void> announce_node();
  net::Task<void> sweep();

  [[nodiscard]] net::Task<Result<std::optional<store::Entry>>> find_named(std::string_view by_id,
                                                                          std::string_view by_name, std::string which);
  /// Reads, changes and writes an instance until nobody was faster; `also` is committed with it. `edit` returns whether
  /// there is anything to write.
  [[nodiscard]] net::Task<Outcome<void>> edit_instance(std::string id, std::function<bool(api::Instance&)> edit,
                                                       std::vector<store::Change> also = {});

  /// `damaged` outlives the task.
  [[nodiscard]] net::Task<void> restore_name(api::Instance& damaged);

  void take_up(const api::Operation& operation);
  net::Task<void> carry_out(api::Operation operation);
  [[nodiscard]] net::Task<Outcome<void>> perform(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> perform_launch(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> perform_stop(const api::Operation& operation);
  [[nodiscard]] net::Task<Outcome<void>> perform_remove(const api::Operation& operation);
  [[nodiscard]] Outcome<std::string> prepare_user_data(const api::Instance& instance,
                                                       std::string& certificate_fingerprint);
  net::Task<void> finish(api::Operation operation, Outcome<void> outcome);
  /// False: the launcher did not say what runs.
  net::Task<bool> reconcile(std::vector<store::Entry> instances);
  net::Task<void> reconcile_later();
  net::Task<void> note_exit(std::string id, std::string why);
  [[nodiscard]] store::Change put_operation(api::Operation& operation);
  /// One that is done within the commit that records it.
  [[nodiscard]] api::Operation finished(api::OperationKind kind, std::string resource);
  void log(std::string_view line) const;

  boost::asio::io_context& io_;
  Config config_;
  store::Store& store_;
  Launcher& launcher_;
  Provider& provider_;
  trust::Verifier verifier_;
  std::optional<token::JwtKey> jwt_;
  std::optional<sealed::Ed25519Key> seal_;
  std::unique_ptr<store::Watch> watch_;
  std::map<std::string, std::string> settings_;  ///< core.*, agent.*
  struct Seen {
    api::InstanceStatus status = api::InstanceStatus::unknown;
    std::string certificate;  ///< its fingerprint; "" while it has none
    std::string name;
  };
  /// Whether its status is another than before.
  bool note_instance(const api::Instance& instance);
  /// Its name, if it was known.
  std::optional<std::string> forget_instance(const std::string& id);
  void tell_of_instance(std::string_view action, const std::string& id, const std::string& name);
  std::map<std::string, Seen> instances_;  ///< by id
  std::set<std::string> instance_certificates_;
  std::map<std::string, Offer> offers_;
  std::set<std::string> under_way_;    ///< operations
  std::vector<api::Operation> queue_;  ///< waiting for a free place or for another of the same instance
  std::set<std::string> busy_instances_;
  std::map<std::string, std::vector<std::shared_ptr<boost::asio::steady_timer>>> waiters_;
  boost::asio::steady_timer sweep_timer_;
  TimePoint last_password_attempt_{};
  bool stopped_ = false;
};

}  // namespace redan::cloud::ams
