// The candidates of a DTLS 1.2 handshake.
#pragma once

#include "rtc/dtls/handshake/candidate_table.hpp"
#include "rtc/dtls/v12/handshake_candidate.hpp"

namespace redan::dtls::v12 {

using CandidateTable = dtls::CandidateTable<HandshakeCandidate>;

}  // namespace redan::dtls::v12
