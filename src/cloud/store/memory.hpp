// A store in this process's memory: for tests, and where nothing has to outlive the process.
#pragma once

#include <boost/asio/io_context.hpp>

#include "cloud/store/store.hpp"

namespace redan::cloud::store {

/// Every call yields to the loop once, so callers experience the same interleavings as with a store on disk or network.
std::unique_ptr<Store> memory_store(boost::asio::io_context& io);

}  // namespace redan::cloud::store
