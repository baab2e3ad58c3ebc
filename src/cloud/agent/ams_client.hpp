// An agent's requests to AMS, over mutual TLS: instances, and the available applications.
#pragma once

#include "cloud/api/ams.hpp"
#include "net/http/client.hpp"
#include "net/websocket/client.hpp"

namespace redan::cloud::agent {

struct NewInstance {
  std::string name;  ///< also makes the request idempotent: AMS refuses a second instance of this name
  std::string app;   ///< id or name
  std::int64_t app_version = -1;
  std::vector<std::string> tags;
  std::string user_data;
};

/// An instance of this agent, as AMS lists it.
struct ListedInstance {
  std::string name;
  std::vector<std::string> tags;
  api::InstanceStatus status = api::InstanceStatus::unknown;
  std::string error_message;

  /// Its token and its session are no longer valid.
  [[nodiscard]] bool has_ended() const {
    using Status = api::InstanceStatus;
    return status == Status::error || status == Status::stopped || status == Status::deleted;
  }
};

/// A change of an instance, as an event of AMS reports it.
struct InstanceEvent {
  enum class Kind : std::uint8_t { created, ended } kind = Kind::created;
  std::string name;

  /// nullopt: the event reports something else.
  static std::optional<InstanceEvent> parse(std::string_view text);
};

class AmsClient {
 public:
  AmsClient(boost::asio::io_context& io, net::TlsRemote ams);

  template <class T>
  using Outcome = api::Outcome<T>;

  /// Returns when AMS has recorded the instance and will start it. 409: the name is taken. Refusals of AMS are passed
  /// on unchanged; if AMS does not answer, the refusal is 503 with the name of the failure.
  [[nodiscard]] net::Task<Outcome<void>> launch(NewInstance instance);
  /// Succeeds if the instance does not exist.
  [[nodiscard]] net::Task<Outcome<void>> remove(std::string name);
  [[nodiscard]] net::Task<Outcome<void>> stop(std::string name);
  /// 404: the instance does not exist.
  [[nodiscard]] net::Task<Outcome<ListedInstance>> find(std::string name);
  [[nodiscard]] net::Task<Outcome<std::vector<ListedInstance>>> list();
  /// The instances that were launched through AMS and await an agent.
  [[nodiscard]] net::Task<Outcome<std::vector<api::AwaitingInstance>>> awaiting();
  /// `agent` has the session of such an instance. 409: it does not await an agent any more.
  [[nodiscard]] net::Task<Outcome<void>> take(std::string name, std::string session, std::string agent,
                                              std::string user_data);
  /// The names of the applications with a published version.
  [[nodiscard]] net::Task<Outcome<std::vector<std::string>>> applications();
  /// AMS's lifecycle events, each for InstanceEvent::parse.
  [[nodiscard]] net::Task<Outcome<std::shared_ptr<net::WebSocket>>> events();

 private:
  net::Task<Outcome<api::json::value>> call(std::string method, std::string path, std::string body);

  net::Task<net::HttpResult> send(net::HttpRequest request);

  /// One page of the applications, as last received from AMS.
  struct Offers {
    std::string etag;
    std::vector<std::string> names;
    bool is_full = false;  ///< another page may follow
  };
  /// Returns whether another page may follow. `offers` outlives the task.
  net::Task<Outcome<bool>> read_offers(std::size_t offset, Offers& offers);

  boost::asio::io_context& io_;
  net::TlsRemote ams_;
  net::HttpClient client_;
  std::vector<Offers> offers_;
};

}  // namespace redan::cloud::agent
