// The messages of WAMP (the WAMP protocol, "Messages"), each a struct. On the wire a message is a list whose first
// element is the type. Field names and their order are those of the specification.
#pragma once

#include "wamp/serializer.hpp"

namespace redan::wamp {

/// 1 to 2^53.
using Id = std::uint64_t;
inline constexpr Id kMaxId = std::uint64_t{1} << 53U;

enum class MessageType : std::uint8_t {
  hello = 1,
  welcome = 2,
  abort = 3,
  challenge = 4,
  authenticate = 5,
  goodbye = 6,
  error = 8,
  publish = 16,
  published = 17,
  subscribe = 32,
  subscribed = 33,
  unsubscribe = 34,
  unsubscribed = 35,
  event = 36,
  call = 48,
  cancel = 49,
  result = 50,
  register_ = 64,
  registered = 65,
  unregister = 66,
  unregistered = 67,
  invocation = 68,
  interrupt = 69,
  yield = 70,
};

struct Hello {
  std::string realm;
  Dict details{};
};
struct Welcome {
  Id session = 0;
  Dict details{};
};
struct Abort {
  Dict details{};
  std::string reason;
};
struct Challenge {
  std::string method;
  Dict extra{};
};
struct Authenticate {
  std::string signature;
  Dict extra{};
};
struct Goodbye {
  Dict details{};
  std::string reason;
};
struct Error {
  MessageType type{};  ///< of the request
  Id request = 0;
  Dict details{};
  std::string error;
  Payload payload{};
};
struct Publish {
  Id request = 0;
  Dict options{};
  std::string topic;
  Payload payload{};
};
struct Published {
  Id request = 0;
  Id publication = 0;
};
struct Subscribe {
  Id request = 0;
  Dict options{};
  std::string topic;
};
struct Subscribed {
  Id request = 0;
  Id subscription = 0;
};
struct Unsubscribe {
  Id request = 0;
  Id subscription = 0;
};
struct Unsubscribed {
  Id request = 0;  ///< 0: the router removed the subscription; then `details` has the subscription and the reason
  Dict details{};
};
struct Event {
  Id subscription = 0;
  Id publication = 0;
  Dict details{};
  Payload payload{};
};
struct Call {
  Id request = 0;
  Dict options{};
  std::string procedure;
  Payload payload{};
};
struct Cancel {
  Id request = 0;
  Dict options{};
};
struct Result {
  Id request = 0;
  Dict details{};
  Payload payload{};
};
struct Register {
  Id request = 0;
  Dict options{};
  std::string procedure;
};
struct Registered {
  Id request = 0;
  Id registration = 0;
};
struct Unregister {
  Id request = 0;
  Id registration = 0;
};
struct Unregistered {
  Id request = 0;
  Dict details{};
};
struct Invocation {
  Id request = 0;
  Id registration = 0;
  Dict details{};
  Payload payload{};
};
struct Interrupt {
  Id request = 0;
  Dict options{};
};
struct Yield {
  Id request = 0;
  Dict options{};
  Payload payload{};
};

using Message = std::variant<Hello, Welcome, Abort, Challenge, Authenticate, Goodbye, Error, Publish, Published,
                             Subscribe, Subscribed, Unsubscribe, Unsubscribed, Event, Call, Cancel, Result, Register,
                             Registered, Unregister, Unregistered, Invocation, Interrupt, Yield>;

/// nullopt for an unknown type, a wrong number of elements, elements of a wrong type, and ids out of range. A binary
/// element in the place of Arguments is a sealed payload, and must be the last element; enc_* attributes beside a list
/// have no meaning. Null means empty Arguments or ArgumentsKw. Elements of ABORT after its reason and options of
/// UNSUBSCRIBE and UNREGISTER are skipped.
std::optional<Message> parse(Value value);
Value to_value(Message message);

/// parse(decode()), encode(to_value()).
std::optional<Message> read_message(Serializer serializer, Bytes bytes, const DecodeLimits& limits = {});
std::vector<std::uint8_t> write_message(Serializer serializer, Message message);

/// The attributes of a payload, copied from message to message: enc_algo, enc_serializer, enc_key, ppt_scheme,
/// ppt_serializer, ppt_cipher, ppt_keyid.
void copy_payload_attributes(const Dict& from, Dict& to);

/// A URI of the loose form (WAMP, "URIs"): no empty component, no white space, no '#', no control character. Patterns
/// may have empty components, and may be empty.
bool is_uri(std::string_view uri);
bool is_uri_pattern(std::string_view uri);

}  // namespace redan::wamp
