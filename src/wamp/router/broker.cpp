#include "wamp/router/broker.hpp"

#include <algorithm>

#include "wamp/router/uris.hpp"

namespace redan::wamp {
namespace {

bool is_set(const Dict& options, std::string_view key) {
  const Value* value = options.find(key);
  return value != nullptr && value->boolean().value_or(false);
}

/// The lists of WAMP's "Subscriber Black- and Whitelisting" for one attribute. An invalid list admits no session.
template <class T>
class Listing {
 public:
  Listing(const Dict& options, std::string_view suffix) {
    read(options.find("exclude" + std::string(suffix)), excluded_, any_excluded_);
    read(options.find("eligible" + std::string(suffix)), eligible_, any_eligible_);
  }
  [[nodiscard]] bool empty() const { return !any_excluded_ && !any_eligible_; }
  [[nodiscard]] bool admits(const T& who) const {
    return (!any_excluded_ || (well_formed_ && !excluded_.contains(who))) &&
           (!any_eligible_ || eligible_.contains(who));
  }

 private:
  void read(const Value* value, std::unordered_set<T>& into, bool& any) {
    if (value == nullptr || value->is_null()) return;
    any = true;
    const List* list = value->get_if<List>();
    well_formed_ = well_formed_ && list != nullptr;
    for (std::size_t i = 0; list != nullptr && i < list->size(); ++i) take((*list)[i], into);
  }
  void take(const Value& value, std::unordered_set<Id>& into) {
    const auto id = value.id();
    well_formed_ = well_formed_ && id;
    if (id) into.insert(*id);
  }
  void take(const Value& value, std::unordered_set<std::string>& into) {
    const auto text = value.text();
    well_formed_ = well_formed_ && text;
    if (text) into.emplace(*text);
  }

  std::unordered_set<T> excluded_, eligible_;
  bool any_excluded_ = false, any_eligible_ = false, well_formed_ = true;
};

Dict describe(const PastEvent& event) {
  Dict said{{"topic", event.topic}, {"publication", event.publication}};
  for (const auto& [key, value] : event.details) said.append(key, value);
  if (event.payload.sealed) {
    said.append("payload", *event.payload.sealed);
    return said;
  }
  said.append("args", event.payload.args);
  said.append("kwargs", event.payload.kwargs);
  return said;
}

}  // namespace

// Subscriptions.

void Broker::subscribe(Session& session, const Subscribe& message, Match match, Outbox& outbox) {
  const bool known = patterns_.find(match, message.topic) != nullptr;
  const bool room = match != Match::wildcard || known || patterns_.size(match) < limits_.max_wildcards;
  if (session.subscriptions.size() >= limits_.max_subscriptions || !room) {
    return outbox.refuse(session, MessageType::subscribe, message.request, uris::kTooMany, "too many subscriptions");
  }
  Subscription& subscription = find_or_add(match, message.topic);
  if (session.subscriptions.insert(subscription.id).second) subscription.subscribers.push_back(&session);
  outbox.send(session.connection, Subscribed{message.request, subscription.id});
}

Broker::Subscription& Broker::find_or_add(Match match, const std::string& topic) {
  if (const Id* known = patterns_.find(match, topic)) return subscriptions_.at(*known);
  Id id = random_id(random_);
  while (subscriptions_.contains(id)) id = random_id(random_);
  patterns_.insert(match, topic, id);
  return subscriptions_.emplace(id, Subscription{id, match, topic}).first->second;
}

void Broker::unsubscribe(Session& session, const Unsubscribe& message, Outbox& outbox) {
  if (session.subscriptions.erase(message.subscription) == 0) {
    return outbox.refuse(session, MessageType::unsubscribe, message.request, uris::kNoSuchSubscription,
                         "this session has no such subscription");
  }
  leave(session, message.subscription);
  outbox.send(session.connection, Unsubscribed{message.request, {}});
}

void Broker::leave(Session& session, Id id) {
  const auto at = subscriptions_.find(id);
  Subscription& subscription = at->second;
  std::erase(subscription.subscribers, &session);
  if (!subscription.subscribers.empty()) return;
  patterns_.erase(subscription.match, subscription.topic);
  subscriptions_.erase(at);
}

void Broker::remove(Session& session) {
  for (const Id id : session.subscriptions) leave(session, id);
  session.subscriptions.clear();
}

// Publications.

/// The sessions that the publisher permits to receive an event.
struct Broker::Receivers {
  Receivers(const Session& publisher, const Dict& options)
      : by_session(options, ""), by_authid(options, "_authid"), by_authrole(options, "_authrole") {
    const Value* exclude_me = options.find("exclude_me");
    if (exclude_me == nullptr || exclude_me->boolean().value_or(true)) except = &publisher;
  }
  [[nodiscard]] bool everybody() const { return by_session.empty() && by_authid.empty() && by_authrole.empty(); }
  [[nodiscard]] bool admits(const Session& session) const {
    return &session != except && by_session.admits(session.id) && by_authid.admits(session.principal.authid) &&
           by_authrole.admits(session.principal.authrole);
  }

  const Session* except = nullptr;
  Listing<Id> by_session;
  Listing<std::string> by_authid, by_authrole;
};

void Broker::publish(const Session& session, Publish message, Outbox& outbox) {
  const bool acknowledge = is_set(message.options, "acknowledge");
  const auto refuse = [&](std::string_view error, std::string_view why) {
    if (acknowledge) outbox.refuse(session, MessageType::publish, message.request, error, why);
  };
  if (is_set(message.options, "disclose_me") && !disclosure_) {
    return refuse(uris::kDisclosureDisallowed, "this realm discloses no publisher");
  }
  if (const auto wrong = typing_.violation(Traffic::publish, message.topic, message.payload, message.options)) {
    return refuse(uris::kInvalidArgument, *wrong);
  }
  const Id publication = random_id(random_);
  if (acknowledge) outbox.send(session.connection, Published{message.request, publication});
  const Receivers receivers(session, message.options);
  deliver(session, std::move(message), receivers, publication, outbox);
}

void Broker::deliver(const Session& session, Publish message, const Receivers& receivers, Id publication,
                     Outbox& outbox) {
  Dict details;
  if (is_set(message.options, "disclose_me")) {
    details.append("publisher", session.id);
    details.append("publisher_authid", session.principal.authid);
    details.append("publisher_authrole", session.principal.authrole);
  }
  copy_payload_attributes(message.options, details);
  // Events with a restricted audience are not kept in the history.
  if (history_.keeps() && receivers.everybody()) history_.add({message.topic, publication, details, message.payload});

  const auto can_read = [sealed = message.payload.sealed.has_value(), ppt = details.find("ppt_scheme") != nullptr](
                            const Session& subscriber) { return subscriber.as_subscriber.include(sealed, ppt); };
  Deliver deliver{publication, std::move(message.payload), {}};
  patterns_.for_each_match(message.topic, [&](Id id) {
    const Subscription& subscription = subscriptions_.at(id);
    Deliver::Copy copy{id, details, {}};
    if (subscription.match != Match::exact) copy.details.append("topic", message.topic);
    for (const Session* subscriber : subscription.subscribers) {
      if (can_read(*subscriber) && receivers.admits(*subscriber)) copy.to.push_back(subscriber->connection);
    }
    if (!copy.to.empty()) deliver.copies.push_back(std::move(copy));
  });
  if (!deliver.copies.empty()) outbox.deliver(std::move(deliver));
}

// History.

void Broker::get_events(const Session& session, const Call& message, Outbox& outbox) const {
  const List& args = message.payload.args;
  const auto id = args.empty() ? std::nullopt : args[0].id();
  const auto limit = args.size() < 2 ? std::optional<std::uint64_t>(100) : args[1].id();
  if (!id || !limit) {
    return outbox.refuse(session, MessageType::call, message.request, uris::kInvalidArgument,
                         "the arguments are a subscription and the number of events");
  }
  if (!session.subscriptions.contains(*id)) {
    return outbox.refuse(session, MessageType::call, message.request, uris::kNoSuchSubscription,
                         "this session has no such subscription");
  }
  const Subscription& subscription = subscriptions_.at(*id);
  List events;
  for (const PastEvent* event : history_.last(subscription.match, subscription.topic, *limit)) {
    events.emplace_back(describe(*event));
  }
  Result result{message.request, {}, {}};
  result.payload.args.emplace_back(std::move(events));
  outbox.send(session.connection, std::move(result));
}

}  // namespace redan::wamp
