// What the texts of manifests must be.
#pragma once

#include "cloud/api/keys.hpp"

namespace redan::cloud::api {

bool is_manifest_name(std::string_view text);
bool is_version(std::string_view text);
bool is_known_instance_type(std::string_view text);
bool is_inside_path(std::string_view text);
bool is_target(std::string_view text);
bool is_owner(std::string_view text);
bool is_permissions(std::string_view text);

inline constexpr Rule kName{is_manifest_name, "a text of 1 to 256 bytes without spaces and < > : \" / \\ | ? *"};
inline constexpr Rule kVersion{is_version, "a text of at most 50 characters"};
inline constexpr Rule kInstanceType{is_known_instance_type, "a2.3, a4.3, a6.3, a8.3, a10.3 or one of these with g"};
inline constexpr Rule kInsidePath{is_inside_path, "a path inside the package, without .."};
inline constexpr Rule kTarget{is_target,
                              "a path below /sdcard/Android/obb/, /sdcard/Android/data/, /data/app/ or /data/data/"};
inline constexpr Rule kOwner{is_owner, "<user>:<group>"};
inline constexpr Rule kPermissions{is_permissions, "octal permissions like \"0640\""};

}  // namespace redan::cloud::api
