// Chunks that a part writes or is given, in memory of their own.
#pragma once

#include <gtest/gtest.h>

#include <concepts>
#include <vector>

#include "rtc/sctp/packet/chunk.hpp"

namespace redan::sctp {

class Chunks {
 public:
  /// `write(Writer&)` writes the chunks.
  template <std::invocable<Writer&> Write>
  explicit Chunks(Write&& write) : bytes_(70000) {
    Writer writer(bytes_);
    write(writer);
    bytes_.resize(writer.size());
  }
  explicit Chunks(Bytes bytes) : bytes_(bytes.begin(), bytes.end()) {}

  [[nodiscard]] std::vector<Chunk> all() const {
    std::vector<Chunk> result;
    EXPECT_TRUE(for_each_chunk(bytes_, [&](const Chunk& chunk) { return result.push_back(chunk), true; }));
    return result;
  }
  [[nodiscard]] std::vector<ChunkType> types() const {
    std::vector<ChunkType> result;
    for (const Chunk& chunk : all()) result.push_back(chunk.type);
    return result;
  }
  [[nodiscard]] Chunk front() const { return all().at(0); }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }

 private:
  std::vector<std::uint8_t> bytes_;
};

using ChunkTypes = std::vector<ChunkType>;

}  // namespace redan::sctp
