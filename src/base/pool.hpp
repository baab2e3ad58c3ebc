// Slabs of one size that are reused without another heap allocation.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace redan {

/// Owns slabs of T. take() reuses a returned slab or makes one; at most `kept` idle slabs are kept. The pool must
/// outlive the slabs it lends. Not thread-safe.
template <class T>
class Pool {
 public:
  explicit Pool(std::size_t kept) : kept_(kept) {}

  struct Return {
    Pool* pool = nullptr;
    void operator()(T* slab) const { pool->put(std::unique_ptr<T>(slab)); }
  };
  using Slab = std::unique_ptr<T, Return>;

  /// A slab with the content that its last user left.
  Slab take() {
    if (idle_.empty()) return Slab(std::make_unique<T>().release(), Return{this});
    std::unique_ptr<T> slab = std::move(idle_.back());
    idle_.pop_back();
    return Slab(slab.release(), Return{this});
  }
  [[nodiscard]] std::size_t idle() const { return idle_.size(); }

 private:
  void put(std::unique_ptr<T> slab) {
    if (idle_.size() < kept_) idle_.push_back(std::move(slab));
  }

  std::size_t kept_;
  std::vector<std::unique_ptr<T>> idle_;
};

}  // namespace redan
