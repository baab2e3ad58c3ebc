#include "wamp/message.hpp"

#include <algorithm>

namespace redan::wamp {
namespace {

/// A cursor over the elements of a message. Failure is sticky: read the fields in order and call done() once.
class Elements {
 public:
  explicit Elements(List list) : list_(std::move(list)) {}

  Id id() {
    const Value* const element = next();
    const auto id = element == nullptr ? std::nullopt : element->id();
    failed_ = failed_ || !id;
    return id.value_or(0);
  }
  /// 0 means "no request": the router acts on its own.
  Id id_or_zero() {
    const bool zero = at_ < list_.size() && list_[at_] == Value(0);
    if (!zero) return id();
    ++at_;
    return 0;
  }
  std::string text() { return take<std::string>(); }
  Dict dict() { return take<Dict>(); }
  MessageType type() {
    const Id type = id();
    failed_ = failed_ || type > UINT8_MAX;
    return static_cast<MessageType>(type);
  }
  Payload payload();

  [[nodiscard]] bool more() const { return at_ < list_.size(); }
  [[nodiscard]] bool done() const { return !failed_ && !more(); }

 private:
  Value* next() {
    if (failed_ || !more()) {
      failed_ = true;
      return nullptr;
    }
    return &list_[at_++];
  }
  template <class T>
  T take() {
    Value* const element = next();
    T* const value = element == nullptr ? nullptr : element->get_if<T>();
    failed_ = failed_ || value == nullptr;
    return value == nullptr ? T{} : std::move(*value);
  }
  /// The same where some peers write null for absent fields.
  template <class T>
  T take_or_null() {
    if (!more()) return T{};
    if (!list_[at_].is_null()) return take<T>();
    ++at_;
    return T{};
  }

  List list_;
  std::size_t at_ = 0;
  bool failed_ = false;
};

Payload Elements::payload() {
  Payload payload;
  if (more() && list_[at_].get_if<Binary>() != nullptr) {
    payload.sealed = take<Binary>();
    return payload;
  }
  payload.args = take_or_null<List>();
  payload.kwargs = take_or_null<Dict>();
  return payload;
}

// In the order of the specification; braces determine the order in which the elements are read.
Message hello(Elements& e) { return Hello{e.text(), e.dict()}; }
Message welcome(Elements& e) { return Welcome{e.id(), e.dict()}; }
Message abort(Elements& e) {
  Abort message{e.dict(), e.text()};
  e.payload();  // newer routers may add an explanation
  return message;
}
Message challenge(Elements& e) { return Challenge{e.text(), e.dict()}; }
Message authenticate(Elements& e) { return Authenticate{e.text(), e.dict()}; }
Message goodbye(Elements& e) { return Goodbye{e.dict(), e.text()}; }
Message error(Elements& e) { return Error{e.type(), e.id(), e.dict(), e.text(), e.payload()}; }
Message publish(Elements& e) { return Publish{e.id(), e.dict(), e.text(), e.payload()}; }
Message published(Elements& e) { return Published{e.id(), e.id()}; }
Message subscribe(Elements& e) { return Subscribe{e.id(), e.dict(), e.text()}; }
Message subscribed(Elements& e) { return Subscribed{e.id(), e.id()}; }
/// Newer clients may add options, which have no meaning here.
template <class M>
Message undo(Elements& e) {
  const M message{e.id(), e.id()};
  if (e.more()) e.dict();
  return message;
}
Message unsubscribe(Elements& e) { return undo<Unsubscribe>(e); }
Message unsubscribed(Elements& e) { return Unsubscribed{e.id_or_zero(), e.more() ? e.dict() : Dict()}; }
Message event(Elements& e) { return Event{e.id(), e.id(), e.dict(), e.payload()}; }
Message call(Elements& e) { return Call{e.id(), e.dict(), e.text(), e.payload()}; }
Message cancel(Elements& e) { return Cancel{e.id(), e.dict()}; }
Message result(Elements& e) { return Result{e.id(), e.dict(), e.payload()}; }
Message register_(Elements& e) { return Register{e.id(), e.dict(), e.text()}; }
Message registered(Elements& e) { return Registered{e.id(), e.id()}; }
Message unregister(Elements& e) { return undo<Unregister>(e); }
Message unregistered(Elements& e) { return Unregistered{e.id_or_zero(), e.more() ? e.dict() : Dict()}; }
Message invocation(Elements& e) { return Invocation{e.id(), e.id(), e.dict(), e.payload()}; }
Message interrupt(Elements& e) { return Interrupt{e.id(), e.dict()}; }
Message yield(Elements& e) { return Yield{e.id(), e.dict(), e.payload()}; }

struct Row {
  MessageType type;
  Message (*take)(Elements&);
};
constexpr Row kRows[] = {
    {MessageType::hello, hello},
    {MessageType::welcome, welcome},
    {MessageType::abort, abort},
    {MessageType::challenge, challenge},
    {MessageType::authenticate, authenticate},
    {MessageType::goodbye, goodbye},
    {MessageType::error, error},
    {MessageType::publish, publish},
    {MessageType::published, published},
    {MessageType::subscribe, subscribe},
    {MessageType::subscribed, subscribed},
    {MessageType::unsubscribe, unsubscribe},
    {MessageType::unsubscribed, unsubscribed},
    {MessageType::event, event},
    {MessageType::call, call},
    {MessageType::cancel, cancel},
    {MessageType::result, result},
    {MessageType::register_, register_},
    {MessageType::registered, registered},
    {MessageType::unregister, unregister},
    {MessageType::unregistered, unregistered},
    {MessageType::invocation, invocation},
    {MessageType::interrupt, interrupt},
    {MessageType::yield, yield},
};

/// The elements after the common ones.
void add(List& list, Payload&& payload) {
  if (payload.sealed) {
    list.emplace_back(std::move(*payload.sealed));
    return;
  }
  if (payload.args.empty() && payload.kwargs.empty()) return;
  list.emplace_back(std::move(payload.args));
  if (!payload.kwargs.empty()) list.emplace_back(std::move(payload.kwargs));
}

template <class... Fields>
List list_of(MessageType type, Fields&&... fields) {
  List list;
  list.reserve(sizeof...(fields) + 3);
  list.emplace_back(static_cast<std::uint64_t>(type));
  (list.emplace_back(std::forward<Fields>(fields)), ...);
  return list;
}

template <class... Fields>
List list_with(Payload&& payload, MessageType type, Fields&&... fields) {
  List list = list_of(type, std::forward<Fields>(fields)...);
  add(list, std::move(payload));
  return list;
}

List ended(MessageType type, Id request, Dict&& details) {
  List list = list_of(type, request);
  if (request == 0 || !details.empty()) list.emplace_back(std::move(details));
  return list;
}

struct Writing {
  using T = MessageType;

  List operator()(Hello&& m) const { return list_of(T::hello, std::move(m.realm), std::move(m.details)); }
  List operator()(Welcome&& m) const { return list_of(T::welcome, m.session, std::move(m.details)); }
  List operator()(Abort&& m) const { return list_of(T::abort, std::move(m.details), std::move(m.reason)); }
  List operator()(Challenge&& m) const { return list_of(T::challenge, std::move(m.method), std::move(m.extra)); }
  List operator()(Authenticate&& m) const {
    return list_of(T::authenticate, std::move(m.signature), std::move(m.extra));
  }
  List operator()(Goodbye&& m) const { return list_of(T::goodbye, std::move(m.details), std::move(m.reason)); }
  List operator()(Error&& m) const {
    return list_with(std::move(m.payload), T::error, static_cast<std::uint64_t>(m.type), m.request,
                     std::move(m.details), std::move(m.error));
  }
  List operator()(Publish&& m) const {
    return list_with(std::move(m.payload), T::publish, m.request, std::move(m.options), std::move(m.topic));
  }
  List operator()(Published&& m) const { return list_of(T::published, m.request, m.publication); }
  List operator()(Subscribe&& m) const {
    return list_of(T::subscribe, m.request, std::move(m.options), std::move(m.topic));
  }
  List operator()(Subscribed&& m) const { return list_of(T::subscribed, m.request, m.subscription); }
  List operator()(Unsubscribe&& m) const { return list_of(T::unsubscribe, m.request, m.subscription); }
  List operator()(Unsubscribed&& m) const { return ended(T::unsubscribed, m.request, std::move(m.details)); }
  List operator()(Event&& m) const {
    return list_with(std::move(m.payload), T::event, m.subscription, m.publication, std::move(m.details));
  }
  List operator()(Call&& m) const {
    return list_with(std::move(m.payload), T::call, m.request, std::move(m.options), std::move(m.procedure));
  }
  List operator()(Cancel&& m) const { return list_of(T::cancel, m.request, std::move(m.options)); }
  List operator()(Result&& m) const {
    return list_with(std::move(m.payload), T::result, m.request, std::move(m.details));
  }
  List operator()(Register&& m) const {
    return list_of(T::register_, m.request, std::move(m.options), std::move(m.procedure));
  }
  List operator()(Registered&& m) const { return list_of(T::registered, m.request, m.registration); }
  List operator()(Unregister&& m) const { return list_of(T::unregister, m.request, m.registration); }
  List operator()(Unregistered&& m) const { return ended(T::unregistered, m.request, std::move(m.details)); }
  List operator()(Invocation&& m) const {
    return list_with(std::move(m.payload), T::invocation, m.request, m.registration, std::move(m.details));
  }
  List operator()(Interrupt&& m) const { return list_of(T::interrupt, m.request, std::move(m.options)); }
  List operator()(Yield&& m) const {
    return list_with(std::move(m.payload), T::yield, m.request, std::move(m.options));
  }
};

}  // namespace

std::optional<Message> parse(Value value) {
  List* const list = value.get_if<List>();
  if (list == nullptr) return std::nullopt;
  Elements elements(std::move(*list));
  const MessageType type = elements.type();
  const auto* const row =
      std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& r) { return r.type == type; });
  if (row == std::end(kRows)) return std::nullopt;
  Message message = row->take(elements);
  if (!elements.done()) return std::nullopt;
  return message;
}

Value to_value(Message message) { return std::visit(Writing{}, std::move(message)); }

std::optional<Message> read_message(Serializer serializer, Bytes bytes, const DecodeLimits& limits) {
  auto value = decode(serializer, bytes, limits);
  if (!value) return std::nullopt;
  return parse(std::move(*value));
}

std::vector<std::uint8_t> write_message(Serializer serializer, Message message) {
  return encode(serializer, to_value(std::move(message)));
}

void copy_payload_attributes(const Dict& from, Dict& to) {
  constexpr std::array<std::string_view, 7> kAttributes = {"enc_algo",       "enc_serializer", "enc_key",  "ppt_scheme",
                                                           "ppt_serializer", "ppt_cipher",     "ppt_keyid"};
  for (const std::string_view name : kAttributes) {
    if (const Value* const attribute = from.find(name)) to[name] = *attribute;
  }
}

}  // namespace redan::wamp
