// A command in an LXD container, over the sockets of LXD's operation.
#pragma once

#include "cloud/ams/lxd_client.hpp"

namespace redan::cloud::ams {

/// `name`: of the container.
[[nodiscard]] net::Task<LxdResult<std::shared_ptr<Execution>>> execute_in_lxd(boost::asio::io_context& io,
                                                                              std::shared_ptr<LxdClient> client,
                                                                              std::string name, ExecSpec spec);

}  // namespace redan::cloud::ams
