// A queue in one block of memory that grows by doubling and can be indexed.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>

#include "base/assert.hpp"

namespace redan::sctp {

/// T is default constructible and movable. Allocates only when it grows; release() gives the memory back.
template <class T>
class Ring {
 public:
  [[nodiscard]] bool empty() const { return size_ == 0; }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t capacity() const { return capacity_; }

  T& operator[](std::size_t i) { return slots_[(head_ + i) & (capacity_ - 1)]; }
  const T& operator[](std::size_t i) const { return slots_[(head_ + i) & (capacity_ - 1)]; }
  T& front() { return (*this)[0]; }
  T& back() { return (*this)[size_ - 1]; }
  [[nodiscard]] const T& front() const { return (*this)[0]; }

  T& push_back(T value) {
    if (size_ == capacity_) grow();
    T& slot = (*this)[size_++];
    slot = std::move(value);
    return slot;
  }
  void pop_front() {
    REDAN_ASSERT(size_ != 0);
    front() = T{};
    head_ = (head_ + 1) & (capacity_ - 1);
    --size_;
  }
  void clear() {
    while (!empty()) pop_front();
  }
  /// Gives the memory back if nothing is in it.
  void release() {
    if (!empty()) return;
    slots_.reset();
    capacity_ = head_ = 0;
  }

 private:
  void grow() {
    const std::size_t larger = capacity_ == 0 ? 2 : 2 * capacity_;
    auto slots = std::make_unique<T[]>(larger);
    for (std::size_t i = 0; i < size_; ++i) slots[i] = std::move((*this)[i]);
    slots_ = std::move(slots);
    capacity_ = larger;
    head_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_ = 0;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace redan::sctp
