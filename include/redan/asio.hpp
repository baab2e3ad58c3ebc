// A Shard runs one Endpoint on a Boost.Asio io_context: its sockets, its timer, and the bulk system calls. One shard
// per thread and core; a peer lives on the shard whose port its description names. All calls are made on the thread
// that runs the io_context. Boost must be the version that libredan-net was built with.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <redan/endpoint.hpp>
#include <redan/export.hpp>

namespace redan REDAN_PUBLIC {

/// Servers for Endpoint::set_ice_servers().
struct ResolvedIceServers {
  std::vector<IceServer> servers{};     ///< one for each address of a name, at most kMaxIceServers
  std::vector<std::string> failures{};  ///< "turn:turn.example.org:3478: Host not found", one for each name without
};
using ResolvedHandler = std::function<void(ResolvedIceServers)>;
/// Asks the system's resolver for the addresses of those servers that are known by name; calls `done` on the thread
/// that runs `io`.
void resolve_ice_servers(boost::asio::io_context& io, std::vector<IceServer> servers, ResolvedHandler done);

class Shard {
 public:
  /// Receives every output of the endpoint, on the io_context's thread, except those that the shard does itself: Wait,
  /// Transmit, OpenSocket, SocketData and CloseSocket. May call the endpoint.
  using Handler = std::function<void(Endpoint&, const Output&)>;

  /// Binds one socket per address of `config.local_addresses`, all on one port (port 0: the system chooses), and puts
  /// the bound addresses into the endpoint's candidates. `io` and `provider` must outlive the shard. Errors: io_failed,
  /// with the address and the system's message; invalid_argument for no address, 0.0.0.0 or ::.
  static Result<std::unique_ptr<Shard>> open(boost::asio::io_context& io, EndpointConfig config, Identity identity,
                                             Provider& provider, Handler handler);
  ~Shard();

  /// Call wake() after commands that were given outside the handler.
  Endpoint& endpoint();
  void wake();
  [[nodiscard]] const std::vector<Address>& local_addresses() const;
  /// Closes the sockets; the handler is not called any more.
  void stop();

 private:
  class Impl;
  explicit Shard(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace REDAN_PUBLIC
