// Requests and responses of LXD's REST API, version 1.0, as structs without a connection. Responses are parsed from
// texts whose size the caller limits; a text that does not have the documented form is errc::lxd_protocol.
//
// LXD's messages are truncated to 500 bytes and stripped of control characters before they are shown or logged.
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

/// The configuration keys by which an AMS identifies its own instances. Every user of LXD can read them.
inline constexpr std::string_view kLxdUnitKey = "user.redan.unit";
inline constexpr std::string_view kLxdIdKey = "user.redan.id";
/// The property by which it identifies the images that it imported.
inline constexpr std::string_view kLxdImageProperty = "redan.unit";

/// The envelope of every response.
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

/// A background operation: the metadata of an async response, and of a later query.
struct LxdOperation {
  enum class State : std::uint8_t { running, success, failure };  ///< cancelled counts as failure
  std::string id;                                                 ///< a UUID
  State state = State::running;
  std::string error;               ///< of a failure
  std::optional<int> exit_code{};  ///< of a command that has ended

  static Result<LxdOperation> parse(const boost::json::value& metadata);
  /// Parses the response to a list of all operations with recursion=1. Returns an operation that still runs on the
  /// instance of this name; nullopt if there is none.
  static Result<std::optional<LxdOperation>> parse_list(const boost::json::value& metadata, std::string_view name);
};

struct LxdInstance {
  std::string name;
  Existence existence = Existence::running;  ///< every state that is not certainly stopped: frozen, stopping, unknown
  std::string unit, id;                      ///< of the AMS that created it; empty: not created by an AMS

  static Result<LxdInstance> parse(const boost::json::value& metadata);
  /// Parses the response to a list of all instances with recursion=1, and returns those of `unit`. An instance that
  /// cannot be parsed is skipped, as not belonging to this AMS; it does not invalidate the others.
  static Result<std::vector<LxdInstance>> parse_list(const boost::json::value& metadata, std::string_view unit);
};

/// A message of /1.0/events?type=lifecycle that reports the end of an instance.
struct LxdEnded {
  std::string name;

  /// nullopt for all other messages.
  static std::optional<LxdEnded> parse(std::string_view text);
};

/// Parses the response to a list of all images with recursion=1: the fingerprints of those that this unit imported.
Result<std::vector<std::string>> parse_lxd_images(const boost::json::value& metadata, std::string_view unit);

/// POST /1.0/instances
struct LxdNewInstance {
  std::string name;
  std::string image;  ///< 64 hexadecimal digits: a fingerprint; otherwise an alias
  std::vector<std::string> profiles;
  std::string unit, id;
  std::int64_t memory_bytes = 0;  ///< 0: according to the profiles
  std::int64_t cpus = 0;          ///< 0: according to the profiles

  [[nodiscard]] std::string write() const;
};

/// POST /1.0/instances/<name>/exec
struct LxdCommand {
  ExecSpec spec;

  [[nodiscard]] std::string write() const;
};

/// The metadata of its response: the operation, and a secret for each of its sockets.
struct LxdCommandSockets {
  std::string operation;
  std::map<std::string, std::string> secrets;  ///< by the socket's name: "0", "1", "2", "control"

  /// The names are those that a command of this kind has.
  static Result<LxdCommandSockets> parse(const boost::json::value& metadata, bool interactive);
};

/// PUT /1.0/instances/<name>/state
struct LxdStateChange {
  enum class Action : std::uint8_t { start, stop };
  Action action = Action::start;
  std::chrono::seconds timeout{30};  ///< until a graceful stop fails
  bool force = false;

  [[nodiscard]] std::string write() const;
};

/// "ams-" and the id: LXD requires names that start with a letter and contain no dots.
std::string lxd_name(std::string_view id);

/// `text` without control characters, truncated to 500 bytes at a character boundary.
std::string lxd_words(std::string_view text);

}  // namespace redan::cloud::ams
