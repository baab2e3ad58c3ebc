// What a person needs of an exception's text.
#pragma once

#include <exception>
#include <string>

namespace redan::cmd {

/// Without the place in a source file that Boost adds.
std::string reason_of(const std::exception& error);

}  // namespace redan::cmd
