// The URIs that a router sends: predefined errors and reasons (WAMP, "Predefined URIs"), and one of its own.
#pragma once

#include <string_view>

namespace redan::wamp::uris {

inline constexpr std::string_view kReserved = "wamp.";  ///< only the router registers or publishes below it

inline constexpr std::string_view kInvalidUri = "wamp.error.invalid_uri";
inline constexpr std::string_view kInvalidArgument = "wamp.error.invalid_argument";
inline constexpr std::string_view kNotAuthorized = "wamp.error.not_authorized";
inline constexpr std::string_view kNoSuchProcedure = "wamp.error.no_such_procedure";
inline constexpr std::string_view kNoSuchSubscription = "wamp.error.no_such_subscription";
inline constexpr std::string_view kNoSuchRegistration = "wamp.error.no_such_registration";
inline constexpr std::string_view kProcedureAlreadyExists = "wamp.error.procedure_already_exists";
inline constexpr std::string_view kOtherInvocationPolicy =
    "wamp.error.procedure_exists_with_different_invocation_policy";
inline constexpr std::string_view kDisclosureDisallowed = "wamp.error.option_disallowed.disclose_me";
inline constexpr std::string_view kCanceled = "wamp.error.canceled";
inline constexpr std::string_view kTimeout = "wamp.error.timeout";
inline constexpr std::string_view kFeatureNotSupported = "wamp.error.feature_not_supported";
inline constexpr std::string_view kTooMany = "redan.error.too_many";  ///< a limit of this router

inline constexpr std::string_view kProtocolViolation = "wamp.error.protocol_violation";
inline constexpr std::string_view kNoSuchRealm = "wamp.error.no_such_realm";
inline constexpr std::string_view kNoSuchRole = "wamp.error.no_such_role";
inline constexpr std::string_view kNoMatchingMethod = "wamp.error.no_matching_auth_method";
inline constexpr std::string_view kAuthenticationFailed = "wamp.error.authentication_failed";
inline constexpr std::string_view kPayloadSizeExceeded = "wamp.error.payload_size_exceeded";

inline constexpr std::string_view kGoodbyeAndOut = "wamp.close.goodbye_and_out";
inline constexpr std::string_view kSystemShutdown = "wamp.close.system_shutdown";

inline constexpr std::string_view kGetEvents = "wamp.subscription.get_events";

}  // namespace redan::wamp::uris
