#include "rtc/sctp/rx/message_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace redan::sctp {
namespace {
constexpr std::size_t kSmallestBlock = 2048;
// A block up to this size is kept for reuse while data flows.
constexpr std::size_t kKeptBlock = 1U << 20U;
}  // namespace

// Half of the room is free afterwards, so that the next move is as far away as this one was expensive.
void MessageBuffer::make_room(std::size_t size) {
  const std::size_t wanted = std::max(2 * (used() + size), kSmallestBlock);
  if (wanted > capacity_) {
    auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(wanted);
    if (used() != 0) std::memcpy(larger.get(), block_.get() + begin_, used());
    block_ = std::move(larger);
    capacity_ = wanted;
  } else {
    std::memmove(block_.get(), block_.get() + begin_, used());
  }
  end_ -= begin_;
  finished_ -= begin_;
  begin_ = 0;
}

void MessageBuffer::append(Bytes bytes) {
  if (bytes.size() > capacity_ - end_) make_room(bytes.size());
  std::memcpy(block_.get() + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

void MessageBuffer::rewind_if_empty() {
  if (begin_ != end_) return;
  begin_ = finished_ = end_ = 0;
  if (capacity_ > kKeptBlock) release();
}

void MessageBuffer::drop_unfinished() {
  end_ = finished_;
  rewind_if_empty();
}

void MessageBuffer::pop(std::size_t size) {
  begin_ += size;
  rewind_if_empty();
}

void MessageBuffer::release() {
  if (used() != 0) return;
  block_.reset();
  capacity_ = begin_ = finished_ = end_ = 0;
}

}  // namespace redan::sctp
