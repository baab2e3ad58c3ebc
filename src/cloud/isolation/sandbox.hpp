// Turns what an instance needs into a command line of bubblewrap.
//
// Inside there is a read-only system, /instance with the instance's own files, an empty /tmp, and nothing else of the
// host's files:
//   /instance/user-data.json   read-only
//   /instance/home             its only directory that lasts
//   /instance/bin              the program and the init, read-only
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace redan::cloud::isolation {

inline constexpr const char* kInstanceUserData = "/instance/user-data.json";
inline constexpr const char* kInstanceHome = "/instance/home";

struct Sandbox {
  std::filesystem::path bubblewrap;
  std::filesystem::path init;                 ///< the redan executable: it runs as process 1
  std::vector<std::string> init_arguments{};  ///< the subcommand
  std::filesystem::path program;
  std::vector<std::string> arguments{};  ///< of the program
  std::filesystem::path home, user_data;
  /// Without: a user namespace in which the user of AMS has no capability. With: this user of the host; the init
  /// becomes it, which only root can have it do.
  std::optional<uid_t> user;
  std::int64_t temporary_bytes = 64 << 20;  ///< of /tmp and of /dev/shm, each
  std::int64_t max_processes = 512;
  // Descriptors that bubblewrap reads or writes.
  int passwd = -1, group = -1, calls = -1, requests = -1, info = -1;
};

/// The first argument is bubblewrap itself.
std::vector<std::string> bubblewrap_arguments(const Sandbox& sandbox);

/// Why the files of instances cannot be kept in a directory: it is inside what every instance can read. "" if they can.
std::string objection_to(const std::filesystem::path& directory);

}  // namespace redan::cloud::isolation
