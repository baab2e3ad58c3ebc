// The options of every unit that talks to others over the bus, and the bus that they ask for.
#pragma once

#include <CLI/CLI.hpp>

#include "cloud/bus/nats.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {

struct BusOptions {
  std::vector<std::string> servers;  ///< none: the bus of this process
  std::string authority;
  std::vector<std::string> fingerprints;
  std::string certificate, key;
  std::string token_file;
  bool allow_small_keys = false;
};

/// `options` outlive the parsing.
void add_bus_options(CLI::App& command, BusOptions& options);

/// A paragraph on them for the command's footer, with an example.
extern const char* const kBusHelp;

/// What connects and disconnects is logged, and told to `on_status` if there is one. `name` is this unit's:
/// replies to it come below _INBOX.<name>, with "-" for what a subject token may not have. Throws std::runtime_error in
/// a person's words.
std::unique_ptr<cloud::bus::Bus> open_bus(boost::asio::io_context& io, const BusOptions& options,
                                          const std::string& name, RandomSource& random,
                                          std::function<void(const cloud::bus::NatsStatus&)> on_status = {},
                                          std::function<void(std::string_view)> log = log_line);

/// One line of a log.
std::string describe(const cloud::bus::NatsStatus& status);

}  // namespace redan::cmd
