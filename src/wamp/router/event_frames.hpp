// Encodes one publication: the payload once for each serialization, and each subscription's EVENT header before it,
// regardless of the number of subscribers.
#pragma once

#include "wamp/router/session.hpp"

namespace redan::wamp {

class EventFrames {
 public:
  explicit EventFrames(Deliver deliver);

  [[nodiscard]] const std::vector<Deliver::Copy>& copies() const { return copies_; }
  /// The EVENT of copies()[copy]. Valid as long as this object.
  const std::string& frame(std::size_t copy, Serializer serializer);

 private:
  Id publication_;
  List payload_;  ///< the end of EVENT: no, one or two elements
  std::vector<Deliver::Copy> copies_;
  std::array<std::optional<std::string>, kSerializers.size()> tails_{};
  std::vector<std::array<std::string, kSerializers.size()>> frames_;
};

/// The elements that end a message with this payload.
List payload_elements(Payload payload);

}  // namespace redan::wamp
