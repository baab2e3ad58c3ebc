// The next SSN of each incoming stream.
#pragma once

#include <array>
#include <memory>

#include "rtc/sctp/types.hpp"

namespace redan::sctp {

/// A tree of three levels: each stream is reached in three steps, and a stream costs at most one leaf, whatever streams
/// the peer names and in whatever order. Streams never named expect 0 and cost nothing.
class ExpectedSsns {
 public:
  [[nodiscard]] Ssn get(StreamId stream) const {
    const auto& branch = branches_[stream.value >> 12U];
    if (!branch) return {};
    const auto& leaf = branch->leaves[stream.value >> 6U & 63U];
    return leaf ? leaf->ssns[stream.value & 63U] : Ssn{};
  }
  void set(StreamId stream, Ssn ssn) {
    auto& branch = branches_[stream.value >> 12U];
    if (!branch) grow(branch);
    auto& leaf = branch->leaves[stream.value >> 6U & 63U];
    if (!leaf) grow(leaf);
    leaf->ssns[stream.value & 63U] = ssn;
  }
  /// Back to 0 without taking memory for it.
  void reset(StreamId stream) {
    if (get(stream) != Ssn{}) set(stream, {});
  }
  void clear() {
    branches_ = {};
    memory_ = 0;
  }
  [[nodiscard]] std::size_t memory() const { return memory_; }

 private:
  struct Leaf {
    std::array<Ssn, 64> ssns{};
  };
  struct Branch {
    std::array<std::unique_ptr<Leaf>, 64> leaves;
  };
  template <class Node>
  void grow(std::unique_ptr<Node>& node) {
    node = std::make_unique<Node>();
    memory_ += sizeof(Node);
  }

  std::array<std::unique_ptr<Branch>, 16> branches_;
  std::size_t memory_ = 0;
};

}  // namespace redan::sctp
