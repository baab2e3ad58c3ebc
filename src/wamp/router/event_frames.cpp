#include "wamp/router/event_frames.hpp"

namespace redan::wamp {
namespace {

constexpr std::size_t index_of(Serializer serializer) { return static_cast<std::size_t>(serializer); }

std::string bytes_of(Serializer serializer, const Value& value) {
  return std::string(as_text(encode(serializer, value)));
}

/// The encoded elements of a list as they are inside it, with the commas of JSON.
std::string elements(Serializer serializer, const List& list) {
  std::string run;
  for (const Value& value : list) {
    if (serializer == Serializer::json) run += ',';
    run += bytes_of(serializer, value);
  }
  return run;
}

/// `list` followed by `more` elements. Both fit the short forms of MessagePack and CBOR, whose first byte ends with the
/// number of elements.
std::string list_with(Serializer serializer, const List& list, const std::string& tail, std::size_t more) {
  std::string bytes = bytes_of(serializer, list);
  if (serializer == Serializer::json) {
    bytes.pop_back();
    return bytes + tail + ']';
  }
  bytes[0] = static_cast<char>(static_cast<unsigned char>(bytes[0]) + more);
  return bytes + tail;
}

}  // namespace

List payload_elements(Payload payload) {
  List elements;
  if (payload.sealed) {
    elements.emplace_back(std::move(*payload.sealed));
  } else if (!payload.args.empty() || !payload.kwargs.empty()) {
    const bool named = !payload.kwargs.empty();
    elements.emplace_back(std::move(payload.args));
    if (named) elements.emplace_back(std::move(payload.kwargs));
  }
  return elements;
}

EventFrames::EventFrames(Deliver deliver)
    : publication_(deliver.publication),
      payload_(payload_elements(std::move(deliver.payload))),
      copies_(std::move(deliver.copies)),
      frames_(copies_.size()) {}

const std::string& EventFrames::frame(std::size_t copy, Serializer serializer) {
  std::string& made = frames_[copy][index_of(serializer)];
  if (!made.empty()) return made;
  auto& tail = tails_[index_of(serializer)];
  if (!tail) tail = elements(serializer, payload_);
  const List head{static_cast<int>(MessageType::event), copies_[copy].subscription, publication_,
                  copies_[copy].details};
  made = list_with(serializer, head, *tail, payload_.size());
  return made;
}

}  // namespace redan::wamp
