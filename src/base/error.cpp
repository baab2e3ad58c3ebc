#include <array>
#include <redan/error.hpp>

namespace redan {
namespace {

struct Row {
  std::string_view name, text, hint;
};

constexpr std::array kRows{
#define X(id, text, hint) Row{#id, text, hint},
    REDAN_ERRORS(X)
#undef X
};

}  // namespace

std::string_view name(Errc code) { return kRows.at(static_cast<std::size_t>(code)).name; }
std::string_view text(Errc code) { return kRows.at(static_cast<std::size_t>(code)).text; }
std::string_view hint(Errc code) { return kRows.at(static_cast<std::size_t>(code)).hint; }

}  // namespace redan
