// A store in one SQLite file: the default. An acknowledged commit survives the process, the machine and its power.
// Several processes of one machine may use the same file; one hears of another's changes within a fifth of a second.
#pragma once

#include <boost/asio/io_context.hpp>
#include <filesystem>

#include "cloud/store/store.hpp"

namespace redan::cloud::store {

/// Makes the file if it is missing (its folder is there), with mode 0600. Refused with a reason for people: a file that
/// other users can use, that is no store, or that a newer program has made. `report` is told on the loop what the disk
/// refuses later, in SQLite's words; the operation itself ends store_failed or store_unknown_outcome.
///
/// A lease ends by the wall clock, so it ends too when no process was there to see it. A watch goes back 10,000
/// changes. The store keeps the loop running.
tl::expected<std::unique_ptr<Store>, StoreFailure> sqlite_store(boost::asio::io_context& io,
                                                                const std::filesystem::path& file,
                                                                std::function<void(const StoreFailure&)> report = {});

}  // namespace redan::cloud::store
