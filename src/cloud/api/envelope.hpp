// The envelopes of the AMS API: every answer is sync, async or error.
//
//   {"type":"sync","status":"Success","status_code":200,"metadata":...}
//   {"type":"async","status":"OK","status_code":100,"operation":"/1.0/operations/<uuid>","metadata":{...}}
//   {"type":"error","error":"...","error_code":404,"metadata":{"code":"not_found","hint":"..."}}
//
// metadata.code of an error is stable, so programs may compare it. For an Errc it is the Errc's name.
#pragma once

#include <boost/json/value.hpp>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <string>

namespace redan::cloud::api {

namespace json = boost::json;

/// Why a request was refused: an HTTP status, a stable code, and a human-readable message.
struct Refusal {
  unsigned status = 500;
  std::string code;
  std::string message;
  std::string hint{};
  unsigned retry_after = 0;  ///< seconds; 0: no such header
};

template <class T>
using Outcome = tl::expected<T, Refusal>;

inline tl::unexpected<Refusal> refuse(Refusal refusal) { return tl::unexpected<Refusal>(std::move(refusal)); }

/// 400 bad_request.
Refusal bad_request(std::string message);
/// 404 not_found: "no such instance".
Refusal not_found(std::string_view what);
/// 409 conflict.
Refusal conflict(std::string message);
/// 403 forbidden.
Refusal forbidden(std::string message);
/// 501 not_implemented: "<feature>: not implemented".
Refusal not_implemented(std::string_view feature);
/// The refusal for an error of a lower layer: 401 for tokens, 403 for trust and scope, 409 for conflicts, 503 with
/// Retry-After for a store without a majority or a stale trust store, 500 for all others.
Refusal refusal_of(Errc code);

/// `total`, if given, is the number of all elements of a list of which `metadata` is one page.
std::string sync_body(json::value metadata, std::optional<std::size_t> total = std::nullopt);
std::string async_body(std::string_view operation_id, json::value operation);
std::string error_body(const Refusal& refusal);

/// The body of a request: an object, strictly parsed, at most 8 levels deep, without duplicate members. Empty text is
/// an empty object.
Outcome<json::object> parse_body(std::string_view text);

}  // namespace redan::cloud::api
