#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

#include "base/base64.hpp"
#include "base/hex.hpp"
#include "cloud/errors.hpp"
#include "cloud/token/json_object.hpp"
#include "cloud/token/macaroon_format.hpp"

namespace redan::cloud::token {
namespace {

namespace json = boost::json;

/// Reads the members of one object by name; failure is sticky. Unread members are a failure too: call done() last.
class Members {
 public:
  explicit Members(const json::object& object) : object_(object) {}

  const json::value* take(std::string_view name) {
    const json::value* const value = object_.if_contains(name);
    if (value != nullptr) ++taken_;
    return value;
  }
  /// Empty if absent.
  std::string text(std::string_view name) {
    const json::value* const value = take(name);
    if (value == nullptr) return {};
    if (!value->is_string()) return fail();
    return std::string(value->get_string().c_str(), value->get_string().size());
  }
  std::string required_text(std::string_view name) { return object_.contains(name) ? text(name) : fail(); }
  std::string base64(std::string_view name) {
    const auto bytes = from_any_base64(text(name));
    return bytes ? std::string(as_text(*bytes)) : fail();
  }
  /// Bytes as text under `name`, or in base64 under `encoded`; empty if both are absent.
  std::string bytes(std::string_view name, std::string_view encoded) {
    if (object_.contains(name) && object_.contains(encoded)) return fail();
    return object_.contains(encoded) ? base64(encoded) : text(name);
  }
  std::string required_bytes(std::string_view name, std::string_view encoded) {
    return object_.contains(name) || object_.contains(encoded) ? bytes(name, encoded) : fail();
  }
  std::string fail() {
    failed_ = true;
    return {};
  }
  [[nodiscard]] bool done() const { return !failed_ && taken_ == object_.size(); }

 private:
  const json::object& object_;
  std::size_t taken_ = 0;
  bool failed_ = false;
};

using ReadCaveat = std::optional<Caveat> (*)(const json::object&);

std::optional<Caveat> read_caveat_v2(const json::object& object) {
  Members members(object);
  Caveat caveat{members.required_bytes("i", "i64"), members.text("l"), members.bytes("v", "v64")};
  if (!members.done()) return std::nullopt;
  return caveat;
}

std::optional<Caveat> read_caveat_v1(const json::object& object) {
  Members members(object);
  Caveat caveat{members.required_text("cid"), members.text("cl"), members.base64("vid")};
  if (!members.done()) return std::nullopt;
  return caveat;
}

/// The array of caveats, if present.
Result<std::vector<Caveat>> read_caveats(const json::value* value, ReadCaveat read) {
  std::vector<Caveat> caveats;
  if (value == nullptr) return caveats;
  if (!value->is_array()) return refuse(errc::token_syntax);
  for (const json::value& element : value->get_array()) {
    if (caveats.size() == kMaxCaveats) return refuse(errc::token_too_large);
    auto caveat = element.is_object() ? read(element.get_object()) : std::nullopt;
    if (!caveat || (!caveat->third_party() && !caveat->location.empty())) return refuse(errc::token_syntax);
    caveats.push_back(std::move(*caveat));
  }
  return caveats;
}

Result<Macaroon> finish(Macaroon macaroon, Result<std::vector<Caveat>> caveats, std::string_view signature) {
  if (!caveats) return refuse(caveats.error());
  if (signature.size() != macaroon.signature.size()) return refuse(errc::token_syntax);
  macaroon.caveats = std::move(*caveats);
  std::copy(signature.begin(), signature.end(), macaroon.signature.begin());
  return macaroon;
}

Result<Macaroon> read_v2(const json::object& object) {
  Members members(object);
  const json::value* const version = members.take("v");
  Macaroon macaroon{members.text("l"), members.required_bytes("i", "i64"), {}, {}};
  auto caveats = read_caveats(members.take("c"), read_caveat_v2);
  const std::string signature = members.required_bytes("s", "s64");
  if (!members.done() || (version != nullptr && *version != 2)) return refuse(errc::token_syntax);
  return finish(std::move(macaroon), std::move(caveats), signature);
}

Result<Macaroon> read_v1(const json::object& object) {
  Members members(object);
  Macaroon macaroon{members.text("location"), members.required_text("identifier"), {}, {}};
  auto caveats = read_caveats(members.take("caveats"), read_caveat_v1);
  const auto signature = from_hex(members.required_text("signature"));
  if (!members.done() || !signature) return refuse(errc::token_syntax);
  return finish(std::move(macaroon), std::move(caveats), as_text(*signature));
}

bool printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

void write_bytes(json::object& object, std::string_view name, std::string_view encoded, std::string_view data) {
  if (printable(data)) {
    object[name] = data;
  } else {
    object[encoded] = to_base64(as_bytes(data), Base64::url);
  }
}

json::object to_json(const Caveat& caveat) {
  json::object object;
  write_bytes(object, "i", "i64", caveat.identifier);
  if (!caveat.third_party()) return object;
  if (!caveat.location.empty()) object["l"] = caveat.location;
  object["v64"] = to_base64(as_bytes(caveat.verification_id), Base64::url);
  return object;
}

}  // namespace

Result<Macaroon> parse_macaroon_json(std::string_view text) {
  if (text.size() > kMaxMacaroonSize) return refuse(errc::token_too_large);
  const auto object = parse_json_object(text);
  if (!object) return refuse(errc::token_syntax);
  return object->contains("signature") ? read_v1(*object) : read_v2(*object);
}

std::string write_macaroon_json(const Macaroon& macaroon) {
  json::object object;
  write_bytes(object, "i", "i64", macaroon.identifier);
  object["s64"] = to_base64(macaroon.signature, Base64::url);
  if (!macaroon.location.empty()) object["l"] = macaroon.location;
  json::array caveats;
  for (const Caveat& caveat : macaroon.caveats) caveats.push_back(to_json(caveat));
  if (!caveats.empty()) object["c"] = std::move(caveats);
  return json::serialize(object);
}

}  // namespace redan::cloud::token
