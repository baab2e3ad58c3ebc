// What all parts of AMS work on.
#pragma once

#include <filesystem>
#include <redan/crypto.hpp>

#include "cloud/ams/keys.hpp"
#include "cloud/api/ams.hpp"
#include "cloud/store/store.hpp"
#include "net/worker.hpp"

namespace redan::cloud::ams {

using api::Outcome;

struct Context {
  store::Store& store;
  Provider& provider;
  std::string unit;                 ///< name of this unit and of its node
  std::filesystem::path directory;  ///< for uploads; the units of one AMS share it. Empty: there are no uploads
  net::Worker worker{};

  /// An operation that the commit that records it completes.
  [[nodiscard]] api::Operation completed(std::string description, std::string type, std::vector<std::string> resources);
  /// Sets its time; `operation` is recorded by the change.
  [[nodiscard]] store::Change record(api::Operation& operation) const;
};

/// The part of the directory for what this unit receives and has not kept; emptied at the start.
std::filesystem::path incoming(const Context& context);

/// A directory for a new upload's content, created with its parents; 501 without a directory, 500 if it cannot be made.
Outcome<std::filesystem::path> make_directory(const Context& context, const std::filesystem::path& below);

}  // namespace redan::cloud::ams
