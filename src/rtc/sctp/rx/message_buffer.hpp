// Messages one behind the other in one block of memory, the last one possibly unfinished.
#pragma once

#include <redan/types.hpp>

#include <memory>

namespace redan::sctp {

/// Each byte is moved a bounded number of times, whatever the order of append() and pop(); the capacity stays within
/// twice the most that was ever in use at once, and a large block goes as soon as it is empty.
class MessageBuffer {
 public:
  void append(Bytes bytes);
  void finish() { finished_ = end_; }
  void drop_unfinished();
  [[nodiscard]] Bytes front(std::size_t size) const { return {block_.get() + begin_, size}; }
  void pop(std::size_t size);
  /// Gives the memory back if nothing is in it.
  void release();
  /// Gives back what is beyond twice the bytes in use. Moves them.
  void shrink();

  [[nodiscard]] std::size_t unfinished() const { return end_ - finished_; }
  [[nodiscard]] std::size_t used() const { return end_ - begin_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

 private:
  void make_room(std::size_t size);
  void reallocate(std::size_t capacity);
  void rebase();
  void rewind_if_empty();

  std::unique_ptr<std::uint8_t[]> block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t finished_ = 0;
  std::size_t end_ = 0;
};

}  // namespace redan::sctp
