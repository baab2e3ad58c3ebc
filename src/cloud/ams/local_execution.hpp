// A command in an isolated local instance: its pipes or terminal, and the connection to the instance's init, which runs
// it (cloud/isolation/request.hpp).
#pragma once

#include <sys/types.h>

#include <boost/asio/io_context.hpp>
#include <filesystem>
#include <optional>

#include "cloud/ams/launcher.hpp"

namespace redan::cloud::ams {

/// `control`: the socket of the instance's init. `user`: the user of the instance if it is not our own.
[[nodiscard]] net::Task<LaunchResult<std::shared_ptr<Execution>>> execute_locally(boost::asio::io_context& io,
                                                                                  std::filesystem::path control,
                                                                                  std::optional<uid_t> user,
                                                                                  ExecSpec spec);

}  // namespace redan::cloud::ams
