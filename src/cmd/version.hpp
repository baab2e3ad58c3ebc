// `redan --version`.
#pragma once

#include <string>

namespace redan::cmd {

/// The version, the commit if it is known, the crypto backends and the optional features: as text, or as one JSON
/// object.
std::string version_text(bool as_json);

}  // namespace redan::cmd
