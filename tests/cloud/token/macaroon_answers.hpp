// Macaroons under the root key 00, 01, ... 3f, as written by several implementations.
#pragma once

#include "token_test.hpp"

namespace redan::cloud::test {

inline constexpr std::string_view kGatewayToken =
    "AgEUYW5ib3gtc3RyZWFtLWdhdGV3YXkCCW15LWNsaWVudAACFDIwMzAtMDEtMDFUMDA6MDA6MDBaAAAGIHVWCInKqVLtML4ji2Oa1w0reXnB8xQG1i"
    "ahbCGm"
    "WXcI";

inline constexpr std::string_view kGatewayTokenV1 =
    "MDAyMmxvY2F0aW9uIGFuYm94LXN0cmVhbS1nYXRld2F5CjAwMTlpZGVudGlmaWVyIG15LWNsaWVudAowMDFkY2lkIDIwMzAtMDEt"
    "MDFUMDA6MDA6MDBaCjAwMmZzaWduYXR1cmUgdVYIicqpUu0wviOLY5rXDSt5ecHzFAbWJqFsIaZZdwgK";

inline constexpr std::string_view kGatewayJson =
    R"({"i":"my-client","s64":"dVYIicqpUu0wviOLY5rXDSt5ecHzFAbWJqFsIaZZdwg","l":"anbox-stream-gateway",)"
    R"("c":[{"i":"2030-01-01T00:00:00Z"}]})";

inline constexpr std::string_view kAgentToken =
    "AgESYW5ib3gtc3RyZWFtLWFnZW50AhRjMDVoMWpqM3BuNmE4cTQ2dGF1ZwACHWluc3RhbmNlPWMwNWgxamozcG42YThxNDZ0YXYwAAIJb3A9"
    "c2lnbmFsAAIUMjAzMC0wMS0wMVQwMDowMDowMFoAAAYguZZ1IA0HyVf4QFqf1Purfu668fiM5QIg69orDPn6N-s";

/// From the public documentation of the gateway's API; its key is unknown.
inline constexpr std::string_view kPublicSample =
    "AgEUYW5ib3gtc3RyZWFtLWdhdGV3YXkCBGFzZGYAAhkyMDIwLTA2LTIzVDA5OjMyOjE5KzAyOjAwAAAGIDcZMdTrdNdJB6kzjoXyx1_T6s8-"
    "0C1AQSyzaA_G"
    "HLYQ";

}  // namespace redan::cloud::test
