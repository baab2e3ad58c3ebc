// What LXD is asked and what it answers (its REST API, version 1.0), as structs without a connection. Answers are
// parsed from texts whose size the caller bounds; anything else than the documented form is errc::lxd_protocol.
//
// Words of LXD that reach people and logs are cut at 500 bytes and hold no control characters.
#pragma once

#include <boost/json/value.hpp>
#include <chrono>
#include <optional>
#include <redan/error.hpp>
#include <string>
#include <vector>

#include "cloud/ams/launcher.hpp"
#include "cloud/errors.hpp"

namespace redan::cloud::ams {

/// The keys of an instance's configuration by which an AMS knows its own. Anyone who may use LXD can read them.
inline constexpr std::string_view kLxdUnitKey = "user.redan.unit";
inline constexpr std::string_view kLxdIdKey = "user.redan.id";

/// The envelope of every answer.
///
///   {"type":"sync","status_code":200,"metadata":...}
///   {"type":"async","status_code":100,"operation":"/1.0/operations/<uuid>","metadata":{...}}
///   {"type":"error","error_code":404,"error":"Instance not found"}
struct LxdReply {
  enum class Type : std::uint8_t { sync, async, error };
  Type type = Type::sync;
  unsigned error_code = 0;  ///< of type error: an HTTP status
  std::string error;        ///< of type error
  boost::json::value metadata;

  static Result<LxdReply> parse(std::string_view text);
};

/// Work that goes on in the background: the metadata of an async answer, and of a look at it later.
struct LxdOperation {
  enum class State : std::uint8_t { running, success, failure };  ///< cancelled is a failure
  std::string id;                                                 ///< a UUID
  State state = State::running;
  std::string error;  ///< of a failure

  static Result<LxdOperation> parse(const boost::json::value& metadata);
  /// One of those that still run and work on the instance of this name, in the answer to a list of all with
  /// recursion=1; nullopt if there is none.
  static Result<std::optional<LxdOperation>> parse_list(const boost::json::value& metadata, std::string_view name);
};

struct LxdInstance {
  std::string name;
  Existence existence = Existence::running;  ///< whatever is not surely stopped runs: frozen, stopping, unknown
  std::string unit, id;                      ///< of the AMS that made it; empty: it is not of an AMS

  static Result<LxdInstance> parse(const boost::json::value& metadata);
  /// Those of `unit` in the answer to a list of all with recursion=1. One that does not parse spoils no other: it is
  /// none of ours.
  static Result<std::vector<LxdInstance>> parse_list(const boost::json::value& metadata, std::string_view unit);
};

/// A message of /1.0/events?type=lifecycle, as far as it says that an instance ended.
struct LxdEnded {
  std::string name;

  /// nullopt for every other message.
  static std::optional<LxdEnded> parse(std::string_view text);
};

/// POST /1.0/instances
struct LxdNewInstance {
  std::string name;
  std::string image;  ///< 64 hexadecimal digits: a fingerprint; else an alias
  std::vector<std::string> profiles;
  std::string unit, id;
  std::int64_t memory_bytes = 0;  ///< 0: as the profiles say
  std::int64_t cpus = 0;          ///< the same

  [[nodiscard]] std::string write() const;
};

/// PUT /1.0/instances/<name>/state
struct LxdStateChange {
  enum class Action : std::uint8_t { start, stop };
  Action action = Action::start;
  std::chrono::seconds timeout{30};  ///< until a polite stop fails
  bool force = false;

  [[nodiscard]] std::string write() const;
};

/// "ams-" and the id: LXD wants a letter first, and no dots.
std::string lxd_name(std::string_view id);

/// `text` without control characters, at most 500 bytes, cut between two characters.
std::string lxd_words(std::string_view text);

}  // namespace redan::cloud::ams
