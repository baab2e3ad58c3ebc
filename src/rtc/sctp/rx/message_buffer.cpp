#include "rtc/sctp/rx/message_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace redan::sctp {
namespace {
constexpr std::size_t kSmallestBlock = 2048;
// A block up to this size is kept for reuse while data flows.
constexpr std::size_t kKeptBlock = 1U << 20U;
}  // namespace

void MessageBuffer::reallocate(std::size_t capacity) {
  auto block = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  if (used() != 0) std::memcpy(block.get(), block_.get() + begin_, used());
  block_ = std::move(block);
  capacity_ = capacity;
  rebase();
}

// Half of the room is free afterwards, so that the next move is as far away as this one was expensive.
void MessageBuffer::make_room(std::size_t size) {
  const std::size_t wanted = std::max(2 * (used() + size), kSmallestBlock);
  if (wanted > capacity_) return reallocate(wanted);
  std::memmove(block_.get(), block_.get() + begin_, used());
  rebase();
}

void MessageBuffer::shrink() {
  if (used() == 0) return release();
  const std::size_t wanted = std::max(2 * used(), kSmallestBlock);
  if (wanted < capacity_) reallocate(wanted);
}

// After the bytes in use have moved to the start of the block.
void MessageBuffer::rebase() {
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
