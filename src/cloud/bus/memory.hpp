// The bus of one process: a table of subscriptions; the loop delivers messages in the order in which they were
// published.
#pragma once

#include <boost/asio/io_context.hpp>

#include "cloud/bus/bus.hpp"

namespace redan::cloud::bus {

/// One bus for all units on this loop; always connected.
std::unique_ptr<Bus> memory_bus(boost::asio::io_context& io);

}  // namespace redan::cloud::bus
