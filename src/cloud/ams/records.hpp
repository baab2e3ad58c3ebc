// The trust store's records in the store, as JSON, parsed strictly. A damaged record grants nothing: its contents are
// not guessed.
#pragma once

#include <optional>
#include <string>

#include "cloud/trust/join_token.hpp"
#include "cloud/trust/verifier.hpp"

namespace redan::cloud::ams {

std::string to_record(const trust::TrustedCertificate& certificate);
std::optional<trust::TrustedCertificate> certificate_from_record(std::string_view text);

std::string to_record(const trust::JoinRecord& record);
std::optional<trust::JoinRecord> join_from_record(std::string_view text);

}  // namespace redan::cloud::ams
