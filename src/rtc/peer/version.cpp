#include <redan/version.hpp>

namespace redan {

std::string_view version() { return REDAN_VERSION; }

}  // namespace redan
