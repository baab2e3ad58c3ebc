// The values of WAMP messages: what JSON, MessagePack and CBOR have in common (WAMP, section "Serializations"); and
// what an application sends, receives and is told about failures.
#pragma once

#include <redan/error.hpp>
#include <redan/types.hpp>
#include <variant>
#include <vector>

namespace redan::wamp {

class Value;
using List = std::vector<Value>;
using Binary = std::vector<std::uint8_t>;

/// A dictionary that keeps the order of insertion. Keys are unique: decoding refuses duplicates.
class Dict {
 public:
  using Entry = std::pair<std::string, Value>;

  Dict();
  Dict(std::initializer_list<Entry> entries);
  Dict(const Dict&);
  Dict(Dict&&) noexcept;
  Dict& operator=(const Dict&);
  Dict& operator=(Dict&&) noexcept;
  ~Dict();

  [[nodiscard]] const Value* find(std::string_view key) const;
  /// The value of a key; a new key gets null.
  Value& operator[](std::string_view key);
  /// Adds a key that must be new.
  void append(std::string key, Value value);
  void erase(std::string_view key);

  [[nodiscard]] bool empty() const;
  [[nodiscard]] std::size_t size() const;
  [[nodiscard]] std::vector<Entry>::const_iterator begin() const;
  [[nodiscard]] std::vector<Entry>::const_iterator end() const;
  /// Ignores the order.
  friend bool operator==(const Dict& a, const Dict& b);

 private:
  std::vector<Entry> entries_;
};

/// One value. A non-negative integer is std::uint64_t only if it exceeds int64's range, in every serialization, so
/// equal numbers are equal Values.
class Value {
 public:
  using Storage =
      std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, double, std::string, Binary, List, Dict>;

  Value() : storage_(nullptr) {}
  Value(std::nullptr_t) : storage_(nullptr) {}
  Value(bool value) : storage_(value) {}
  Value(int value) : storage_(std::int64_t{value}) {}
  Value(std::int64_t value) : storage_(value) {}
  Value(std::uint64_t value);
  Value(double value) : storage_(value) {}
  Value(const char* text) : storage_(std::string(text)) {}
  Value(std::string_view text) : storage_(std::string(text)) {}
  Value(std::string text) : storage_(std::move(text)) {}
  Value(Binary bytes) : storage_(std::move(bytes)) {}
  Value(List list) : storage_(std::move(list)) {}
  Value(Dict dict) : storage_(std::move(dict)) {}

  [[nodiscard]] bool is_null() const { return std::holds_alternative<std::nullptr_t>(storage_); }
  /// Null if it has another type.
  template <class T>
  [[nodiscard]] const T* get_if() const {
    return std::get_if<T>(&storage_);
  }
  template <class T>
  [[nodiscard]] T* get_if() {
    return std::get_if<T>(&storage_);
  }
  /// A number from 1 to 2^53: a WAMP id. Floating-point numbers without a fraction count, because some peers send them.
  [[nodiscard]] std::optional<std::uint64_t> id() const;
  /// UTF-8 text, and true or false: shorthands for the values in options.
  [[nodiscard]] std::optional<std::string_view> text() const;
  [[nodiscard]] std::optional<bool> boolean() const;

  [[nodiscard]] const Storage& storage() const { return storage_; }
  [[nodiscard]] Storage& storage() { return storage_; }
  friend bool operator==(const Value&, const Value&) = default;

 private:
  Storage storage_;
};

inline Dict::Dict() = default;
inline Dict::Dict(std::initializer_list<Entry> entries) : entries_(entries) {}
inline Dict::Dict(const Dict&) = default;
inline Dict::Dict(Dict&&) noexcept = default;
inline Dict& Dict::operator=(const Dict&) = default;
inline Dict& Dict::operator=(Dict&&) noexcept = default;
inline Dict::~Dict() = default;
inline bool Dict::empty() const { return entries_.empty(); }
inline std::size_t Dict::size() const { return entries_.size(); }
inline std::vector<Dict::Entry>::const_iterator Dict::begin() const { return entries_.begin(); }
inline std::vector<Dict::Entry>::const_iterator Dict::end() const { return entries_.end(); }

/// The format of messages on the wire.
enum class Serializer : std::uint8_t { json, msgpack, cbor };

/// The application's data at the end of PUBLISH, EVENT, CALL, INVOCATION, YIELD, RESULT and ERROR.
///
/// Either plaintext: `args` and `kwargs`; empty ones are omitted where the wire format permits. Or opaque: `sealed`,
/// one binary element in the place of Arguments, with the enc_* attributes in the message's dictionary
/// (payload_transparency). A payload in passthru mode (ppt_*) is plaintext whose only argument is binary.
struct Payload {
  List args{};
  Dict kwargs{};
  std::optional<Binary> sealed{};
  friend bool operator==(const Payload&, const Payload&) = default;
};

/// Why an operation failed.
struct Failure {
  Errc code{};
  std::string
      uri{};  ///< of ERROR, ABORT or GOODBYE; of a plaintext ERROR that should have been encrypted: a hint, or empty
  std::string text{};  ///< of ABORT or GOODBYE: the router's text
  Payload payload{};   ///< of ERROR
};

template <class T>
using Outcome = tl::expected<T, Failure>;

}  // namespace redan::wamp
