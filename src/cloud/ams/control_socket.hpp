// The Unix socket between AMS and the init of a local instance. It is in a directory of AMS that no instance sees.
#pragma once

#include <filesystem>
#include <span>
#include <string_view>

namespace redan::cloud::ams {

/// A listening socket, or -1 and errno. Replaces what is at that path.
int listen_for_control(const std::filesystem::path& path);
/// A connection, or -1 and errno. Does not wait.
int connect_to_control(const std::filesystem::path& path);
/// Sends one packet with descriptors. False and errno if it is too large or the other side is gone.
bool send_with_descriptors(int connection, std::string_view packet, std::span<const int> descriptors);

}  // namespace redan::cloud::ams
