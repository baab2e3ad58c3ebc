// What an agent asks AMS for, over mutual TLS: instances, and which applications there are.
#pragma once

#include "cloud/api/ams.hpp"
#include "net/http/client.hpp"
#include "net/websocket/client.hpp"

namespace redan::cloud::agent {

struct NewInstance {
  std::string name;  ///< also makes it once: AMS refuses a second one of the same name
  std::string app;   ///< id or name
  std::int64_t app_version = -1;
  std::vector<std::string> tags;
  std::string user_data;
};

/// An instance of ours, as AMS lists it.
struct ListedInstance {
  std::string name;
  std::vector<std::string> tags;
  api::InstanceStatus status = api::InstanceStatus::unknown;
  std::string error_message;

  /// What it was given is worth nothing any more.
  [[nodiscard]] bool has_ended() const {
    using Status = api::InstanceStatus;
    return status == Status::error || status == Status::stopped || status == Status::deleted;
  }
};

/// The name of the instance that stopped or was removed, if an event of AMS is about that.
std::optional<std::string> ended_instance(std::string_view event);

class AmsClient {
 public:
  AmsClient(boost::asio::io_context& io, net::TlsRemote ams);

  template <class T>
  using Outcome = api::Outcome<T>;

  /// AMS has recorded it and will start it. 409: the name is taken. A refusal of AMS is passed on as it is; without an
  /// answer it is 503 with the failure's name.
  [[nodiscard]] net::Task<Outcome<void>> launch(NewInstance instance);
  /// Success if there is none.
  [[nodiscard]] net::Task<Outcome<void>> remove(std::string name);
  [[nodiscard]] net::Task<Outcome<void>> stop(std::string name);
  /// 404: there is none.
  [[nodiscard]] net::Task<Outcome<ListedInstance>> find(std::string name);
  [[nodiscard]] net::Task<Outcome<std::vector<ListedInstance>>> list();
  /// Names of the applications with a published version.
  [[nodiscard]] net::Task<Outcome<std::vector<std::string>>> applications();
  /// AMS's lifecycle events, each for ended_instance().
  [[nodiscard]] net::Task<Outcome<std::shared_ptr<net::WebSocket>>> events();

 private:
  net::Task<Outcome<api::json::value>> call(std::string method, std::string path, std::string body);

  net::Task<net::HttpResult> send(net::HttpRequest request);

  /// One page of the applications, as AMS sent it last.
  struct Offers {
    std::string etag;
    std::vector<std::string> names;
    bool is_full = false;  ///< another page may follow
  };
  /// Whether another page may follow. `offers` outlives the task.
  net::Task<Outcome<bool>> read_offers(std::size_t offset, Offers& offers);

  boost::asio::io_context& io_;
  net::TlsRemote ams_;
  net::HttpClient client_;
  std::vector<Offers> offers_;
};

}  // namespace redan::cloud::agent
