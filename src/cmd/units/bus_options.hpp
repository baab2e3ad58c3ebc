// The options of every unit that uses the bus, and the bus that they select.
#pragma once

#include <CLI/CLI.hpp>

#include "cloud/bus/nats.hpp"
#include "cmd/program.hpp"

namespace redan::cmd {

struct BusOptions {
  std::vector<std::string> servers;  ///< empty: the bus of this process
  std::string authority;
  std::vector<std::string> fingerprints;
  std::string certificate, key;
  std::string token_file;
  bool allow_small_keys = false;
};

/// `options` must outlive the parsing.
void add_bus_options(CLI::App& command, BusOptions& options);

/// A paragraph on them for the command's footer, with an example.
extern const char* const kBusHelp;

/// Connections and disconnections are logged, and reported to `on_status` if set. `name` is this unit's: replies use
/// subjects below _INBOX.<name>, with "-" for characters that a subject token may not contain. Throws
/// std::runtime_error with a human-readable message.
std::unique_ptr<cloud::bus::Bus> open_bus(boost::asio::io_context& io, const BusOptions& options,
                                          const std::string& name, RandomSource& random,
                                          std::function<void(const cloud::bus::NatsStatus&)> on_status = {},
                                          std::function<void(std::string_view)> log = log_line);

/// One line for a log.
std::string describe(const cloud::bus::NatsStatus& status);

}  // namespace redan::cmd
