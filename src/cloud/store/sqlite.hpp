// A store in one SQLite file: the default. An acknowledged commit survives failures of the process, the machine and its
// power. Several processes of one machine may use the same file; each is notified of the others' changes within a fifth
// of a second.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "cloud/store/store.hpp"

namespace redan::cloud::store {

/// Creates the file if it is missing (its folder must exist), with mode 0600. Refused with a human-readable reason: a
/// file that other users can access, that is not a store, or that a newer program has written. `report` is called on
/// the loop with SQLite's message when the disk refuses an operation later; the operation itself ends with store_failed
/// or store_unknown_outcome.
///
/// A lease expires by the wall clock, so it also expires while no process is running. A watch can go back 10,000
/// changes. The store keeps the loop running.
tl::expected<std::unique_ptr<Store>, StoreFailure> sqlite_store(boost::asio::io_context& io,
                                                                const std::filesystem::path& file,
                                                                std::function<void(const StoreFailure&)> report = {});

}  // namespace redan::cloud::store
