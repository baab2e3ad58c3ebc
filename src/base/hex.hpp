// Hexadecimal text: "0af1" and, for fingerprints, "0A:F1".
#pragma once

#include <redan/types.hpp>
#include <string>
#include <vector>

namespace redan {

/// Lower case, without separators.
std::string to_hex(Bytes bytes);
/// Upper case with colons, as SDP fingerprints are written (RFC 8122 section 5).
std::string to_colon_hex(Bytes bytes);
/// Either case; with `colons`, exactly one between two bytes. nullopt for anything else.
enum class HexForm { plain, colons };
std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text, HexForm form = HexForm::plain);

}  // namespace redan
