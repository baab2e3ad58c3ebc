#include "cmd/demo/channel_services.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace redan::cmd {
namespace {

namespace json = boost::json;

constexpr double kMaxSeconds = 10;
constexpr std::int64_t kMaxMessage = 256 * 1024;

std::string summary(std::uint64_t bytes, Duration time) {
  const double seconds = std::chrono::duration<double>(time).count();
  return json::serialize(json::object{{"bytes", bytes}, {"seconds", seconds}});
}

// A number of an object, within limits; `otherwise` if absent.
double number(const json::value& value, std::string_view name, double otherwise, double least, double most) {
  const json::object* object = value.if_object();
  const json::value* member = object != nullptr ? object->if_contains(name) : nullptr;
  if (member == nullptr || !member->is_number()) return otherwise;
  return std::clamp(member->to_number<double>(), least, most);
}

}  // namespace

void ChannelServices::on_opened(const ChannelOpened& opened) {
  Service& service = services_[{opened.peer.value, opened.channel.value}];
  service.kind = opened.label == "throughput-up"     ? Kind::count
                 : opened.label == "throughput-down" ? Kind::bulk
                                                     : Kind::echo;
}

void ChannelServices::on_message(Endpoint& endpoint, TimePoint now, const Message& message) {
  const auto found = services_.find({message.peer.value, message.channel.value});
  if (found == services_.end()) return;
  switch (found->second.kind) {
    case Kind::echo:
      (void)endpoint.send(message.peer, message.channel, message.kind, message.payload);
      return;
    case Kind::count:
      return count(endpoint, now, message, found->second);
    case Kind::bulk:
      return start_bulk(endpoint, now, message, found->second);
  }
}

// Any text ends the measurement.
void ChannelServices::count(Endpoint& endpoint, TimePoint now, const Message& message, Service& service) {
  if (message.kind == MessageKind::binary) {
    if (service.bytes == 0) service.first = now;
    service.bytes += message.payload.size();
    return;
  }
  const std::string text = summary(service.bytes, service.bytes == 0 ? Duration{} : now - service.first);
  (void)endpoint.send(message.peer, message.channel, MessageKind::text, as_bytes(text));
  service.bytes = 0;
}

void ChannelServices::start_bulk(Endpoint& endpoint, TimePoint now, const Message& message, Service& service) {
  if (message.kind != MessageKind::text || service.sender) return;
  boost::system::error_code error;
  const json::value request = json::parse(
      std::string(as_text(message.payload.first(std::min<std::size_t>(message.payload.size(), 256)))), error);
  if (error) return;
  const double seconds = number(request, "seconds", 3, 0.1, kMaxSeconds);
  const auto size = static_cast<std::size_t>(number(request, "size", 16'384, 1, static_cast<double>(kMaxMessage)));
  service.time = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
  service.sender = std::make_unique<BulkSender>(message.peer, message.channel, size, now, service.time);
  push(endpoint, now, service);
}

void ChannelServices::on_low(Endpoint& endpoint, TimePoint now, const BufferedAmountLow& low) {
  const auto found = services_.find({low.peer.value, low.channel.value});
  if (found != services_.end()) push(endpoint, now, found->second);
}

void ChannelServices::push(Endpoint& endpoint, TimePoint now, Service& service) {
  if (!service.sender || service.sender->push(endpoint, now)) return;
  const std::unique_ptr<BulkSender> done = std::move(service.sender);
  (void)endpoint.send(done->peer(), done->channel(), MessageKind::text, as_bytes(summary(done->bytes(), service.time)));
}

void ChannelServices::on_peer_closed(PeerId peer) {
  std::erase_if(services_, [&](const auto& entry) { return entry.first.first == peer.value; });
}

}  // namespace redan::cmd
