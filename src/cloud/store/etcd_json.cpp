#include "cloud/store/etcd_json.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "base/base64.hpp"

namespace redan::cloud::store {

namespace {

namespace json = boost::json;

// Writing.

std::string quoted(std::string_view bytes) { return '"' + to_base64(as_bytes(bytes)) + '"'; }
std::string quoted(std::uint64_t number) { return '"' + std::to_string(number) + '"'; }

/// etcd uses a zero byte for "no end" and for the first of all keys.
std::string write_keys(const KeyRange& keys) {
  const std::string_view zero("\0", 1);
  return R"("key":)" + quoted(keys.begin.empty() ? zero : std::string_view(keys.begin)) + R"(,"range_end":)" +
         quoted(keys.end ? std::string_view(*keys.end) : zero);
}

std::string write_operation(const EtcdPut& put) {
  std::string out = R"({"request_put":{"key":)" + quoted(put.key) + R"(,"value":)" + quoted(put.value);
  if (put.lease != LeaseId{}) out += R"(,"lease":)" + quoted(put.lease.value);
  return out + "}}";
}
std::string write_operation(const EtcdErase& erase) {
  return R"({"request_delete_range":{"key":)" + quoted(erase.key) + "}}";
}
std::string write_operation(const EtcdRange& range) { return R"({"request_range":)" + write(range) + "}"; }

std::string write_compare(const EtcdCompare& compare) {
  const bool created = compare.target == EtcdCompare::Target::created;
  return R"({"key":)" + quoted(compare.key) + R"(,"target":)" + (created ? R"("CREATE")" : R"("MOD")") +
         R"(,"result":)" + (compare.relation == EtcdCompare::Relation::less ? R"("LESS")" : R"("EQUAL")") +
         (created ? R"(,"create_revision":)" : R"(,"mod_revision":)") + quoted(compare.revision.value) + "}";
}

template <class Each, class Write>
std::string write_list(const std::vector<Each>& list, Write write_one) {
  std::string out = "[";
  for (const Each& each : list) {
    if (out.size() > 1) out += ',';
    out += write_one(each);
  }
  return out + "]";
}

std::string write_operations(const std::vector<EtcdOperation>& operations) {
  return write_list(operations, [](const EtcdOperation& operation) {
    return std::visit([](const auto& each) { return write_operation(each); }, operation);
  });
}

// Reading.

/// "mod_revision" becomes "modRevision".
std::string camel_case(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool joint = name[i] == '_' && i + 1 < name.size();
    out += joint ? static_cast<char>(name[++i] & ~0x20) : name[i];
  }
  return out;
}

/// A message whose fields are read by name. One field of the wrong type invalidates the whole answer.
class Message {
 public:
  Message(const json::object& object, bool& good) : object_(object), good_(good) {}

  [[nodiscard]] std::uint64_t number(std::string_view name) const {
    const json::value* const value = find(name);
    if (value == nullptr) return 0;
    if (value->is_uint64()) return value->get_uint64();
    if (value->is_int64() && value->get_int64() >= 0) return static_cast<std::uint64_t>(value->get_int64());
    if (const json::string* const text = value->if_string()) return number_in(*text);
    return bad<std::uint64_t>();
  }
  [[nodiscard]] bool flag(std::string_view name) const {
    const json::value* const value = find(name);
    if (value == nullptr) return false;
    return value->is_bool() ? value->get_bool() : bad<bool>();
  }
  [[nodiscard]] std::string text(std::string_view name) const {
    const json::value* const value = find(name);
    if (value == nullptr) return {};
    return value->is_string() ? std::string(value->get_string()) : bad<std::string>();
  }
  [[nodiscard]] std::string bytes(std::string_view name) const {
    const auto decoded = from_base64(text(name));
    return decoded ? std::string(as_text(*decoded)) : bad<std::string>();
  }
  [[nodiscard]] bool is_message(std::string_view name) const {
    const json::value* const value = find(name);
    return value != nullptr && value->is_object();
  }
  [[nodiscard]] std::optional<Message> message(std::string_view name) const {
    const json::value* const value = find(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_object()) return bad<std::optional<Message>>();
    return Message(value->get_object(), good_);
  }
  template <class Read>
  void each(std::string_view name, Read read) const {
    const json::value* const value = find(name);
    if (value == nullptr) return;
    if (!value->is_array()) return bad<void>();
    for (const json::value& element : value->get_array()) {
      if (!element.is_object()) return bad<void>();
      read(Message(element.get_object(), good_));
    }
  }

 private:
  /// proto3 JSON: a field may have its own name or, in camelCase, its JSON name.
  [[nodiscard]] const json::value* find(std::string_view name) const {
    const json::value* const value = object_.if_contains(name);
    return value != nullptr ? value : object_.if_contains(camel_case(name));
  }
  template <class T>
  T bad() const {
    good_ = false;
    return T();
  }
  [[nodiscard]] std::uint64_t number_in(std::string_view text) const {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() ? number : bad<std::uint64_t>();
  }

  const json::object& object_;
  bool& good_;
};

/// The result of `read` for the message; nullopt if the text is not JSON, or not such a message.
template <class Answer, class Read>
std::optional<Answer> parse_message(std::string_view body, Read read) {
  boost::system::error_code error;
  const json::value value = json::parse(body, error);
  if (error || !value.is_object()) return std::nullopt;
  bool good = true;
  std::optional<Answer> answer = read(Message(value.get_object(), good));
  return good ? answer : std::nullopt;
}

Revision revision_in(const Message& answer) {
  const auto header = answer.message("header");
  return Revision{header ? header->number("revision") : 0};
}

Entry entry_in(const Message& kv) {
  return {kv.bytes("key"), kv.bytes("value"), Revision{kv.number("create_revision")},
          Revision{kv.number("mod_revision")}};
}

EtcdRangeAnswer range_in(const Message& message) {
  EtcdRangeAnswer answer;
  answer.revision = revision_in(message);
  answer.more = message.flag("more");
  message.each("kvs", [&](const Message& kv) { answer.entries.push_back(entry_in(kv)); });
  return answer;
}

std::optional<WatchEvent> event_in(const Message& event) {
  const auto kv = event.message("kv");
  if (!kv) return std::nullopt;
  Entry entry = entry_in(*kv);
  if (event.text("type") != "DELETE") return PutSeen{std::move(entry)};
  return EraseSeen{std::move(entry.key), entry.modified};
}

}  // namespace

std::string write(const EtcdRange& range) {
  if (range.width == EtcdRange::Width::one_key) return R"({"key":)" + quoted(range.keys.begin) + "}";
  return "{" + write_keys(range.keys) + R"(,"limit":)" + quoted(range.limit) + "}";
}

std::string write(const EtcdTransaction& transaction) {
  return R"({"compare":)" + write_list(transaction.compares, write_compare) + R"(,"success":)" +
         write_operations(transaction.success) + R"(,"failure":)" + write_operations(transaction.failure) + "}";
}

std::string write_lease_grant(std::chrono::seconds ttl) {
  return R"({"TTL":)" + quoted(static_cast<std::uint64_t>(ttl.count())) + "}";
}

std::string write_lease_id(LeaseId lease) { return R"({"ID":)" + quoted(lease.value) + "}"; }

std::string write_login(std::string_view user, std::string_view password) {
  return json::serialize(json::object{{"name", user}, {"password", password}});
}

std::string write_watch(const KeyRange& keys, Revision from) {
  return R"({"create_request":{)" + write_keys(keys) + R"(,"start_revision":)" + quoted(from.value) + "}}";
}

std::optional<EtcdRangeAnswer> parse_range(std::string_view body) {
  return parse_message<EtcdRangeAnswer>(body, [](const Message& message) -> std::optional<EtcdRangeAnswer> {
    if (!message.message("header")) return std::nullopt;
    return range_in(message);
  });
}

std::optional<EtcdTransactionAnswer> parse_transaction(std::string_view body) {
  using Answer = std::optional<EtcdTransactionAnswer>;
  return parse_message<EtcdTransactionAnswer>(body, [](const Message& message) -> Answer {
    if (!message.message("header")) return std::nullopt;
    EtcdTransactionAnswer answer;
    answer.revision = revision_in(message);
    answer.succeeded = message.flag("succeeded");
    message.each("responses", [&](const Message& response) {
      if (const auto range = response.message("response_range")) answer.ranges.push_back(range_in(*range));
    });
    return answer;
  });
}

std::optional<std::string> parse_login(std::string_view body) {
  return parse_message<std::string>(body, [](const Message& message) -> std::optional<std::string> {
    std::string token = message.text("token");
    // It is used as a header's value.
    const bool good =
        !token.empty() && std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; });
    return good ? std::optional(std::move(token)) : std::nullopt;
  });
}

std::optional<EtcdLeaseAnswer> parse_lease(std::string_view body) {
  const std::string_view line = body.substr(0, body.find('\n'));
  return parse_message<EtcdLeaseAnswer>(line, [](const Message& message) -> std::optional<EtcdLeaseAnswer> {
    const Message answer = message.message("result").value_or(message);
    const LeaseId lease{answer.number("ID")};
    if (lease == LeaseId{}) return std::nullopt;
    constexpr auto kLongest = static_cast<std::uint64_t>(kMaxLeaseTtl.count());
    return EtcdLeaseAnswer{lease, std::chrono::seconds(std::min(answer.number("TTL"), kLongest))};
  });
}

std::optional<EtcdWatchAnswer> parse_watch(std::string_view line) {
  return parse_message<EtcdWatchAnswer>(line, [](const Message& message) -> std::optional<EtcdWatchAnswer> {
    const auto result = message.message("result");
    if (!result) return std::nullopt;
    EtcdWatchAnswer answer;
    answer.canceled = result->flag("canceled");
    answer.compacted = Revision{result->number("compact_revision")};
    bool complete = true;
    result->each("events", [&](const Message& event) {
      auto seen = event_in(event);
      complete = complete && seen;
      if (seen) answer.events.push_back(std::move(*seen));
    });
    return complete ? std::optional(std::move(answer)) : std::nullopt;
  });
}

std::optional<EtcdError> parse_error(std::string_view body) {
  return parse_message<EtcdError>(body, [](const Message& message) -> std::optional<EtcdError> {
    // In a stream {"error":{"grpc_code":14,"message":"..."}}; otherwise {"error":"...","code":14,"message":"..."}, or
    // without "error" (3.6), or "error" only.
    if (message.is_message("error")) {
      const Message error = *message.message("error");
      const std::uint64_t code = error.number("grpc_code");
      return EtcdError{code != 0 ? code : error.number("code"), error.text("message")};
    }
    std::string said = message.text("message");
    if (said.empty()) said = message.text("error");
    if (said.empty()) return std::nullopt;
    return EtcdError{message.number("code"), std::move(said)};
  });
}

}  // namespace redan::cloud::store
