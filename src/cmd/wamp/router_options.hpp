// The options with which every `redan wamp` command reaches its router, and how it tells a failure.
#pragma once

#include <redan/wamp.hpp>

#include "cmd/program.hpp"

namespace redan::cmd {

struct WampRouterOptions {
  std::string url = "ws://127.0.0.1:8080";
  std::string pin, ca_file, realm = "realm1", serializer = "cbor";
  std::string method = "anonymous", authid, secret_file;
  std::string key_ring;
  bool allow_small_keys = false;
  bool json = false;
};

void add_wamp_router_options(CLI::App& command, WampRouterOptions& options);
/// Reads the files that the options name. Throws std::runtime_error.
wamp::ClientConfig client_config(const WampRouterOptions& options);
std::shared_ptr<const wamp::KeyRing> read_key_ring_file(const std::string& path);

/// Tells it on standard error, or with `json` as an object on standard output. Returns the exit code.
int report(const wamp::Failure& failure, bool json);

}  // namespace redan::cmd
