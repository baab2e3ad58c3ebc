// What has arrived ahead of a hole: fragments of one message whose TSNs follow one another form a segment.
#pragma once

#include <list>
#include <map>
#include <vector>

#include "rtc/sctp/packet/data.hpp"

namespace redan::sctp {

/// To which message a fragment, or a row of them, belongs.
struct FragmentHead {
  StreamId stream;
  Ssn ssn;
  Ppid ppid;
  bool unordered = false;
  bool begins = false;
  bool ends = false;

  explicit FragmentHead(const Data& data)
      : stream(data.stream),
        ssn(data.ssn),
        ppid(data.ppid),
        unordered(data.has(Data::kUnordered)),
        begins(data.has(Data::kBeginning)),
        ends(data.has(Data::kEnd)) {}
  [[nodiscard]] bool whole() const { return begins && ends; }
  /// Whether `next` can be the next part of the same message.
  [[nodiscard]] bool continues_with(const FragmentHead& next) const {
    return !ends && !next.begins && stream == next.stream && unordered == next.unordered;
  }
};

/// Costs memory for what has arrived, however far apart, and logarithmic work for each fragment.
class Segments {
 public:
  struct Segment {
    FragmentHead head;
    Tsn last;
    std::size_t size = 0;
    std::size_t memory = 0;
    std::vector<std::uint8_t> bytes;              // most segments are one piece
    std::list<std::vector<std::uint8_t>> more{};  // and then these

    template <class Visit>
    void for_each_piece(Visit&& visit) const {
      visit(Bytes(bytes));
      for (const auto& piece : more) visit(Bytes(piece));
    }
  };
  struct Earlier {
    bool operator()(Tsn a, Tsn b) const { return a < b; }
  };
  using Map = std::map<Tsn, Segment, Earlier>;  // by the first TSN
  using Position = Map::iterator;

  /// `data.tsn` was not here before. Gives the segment that it is part of now.
  Position add(const Data& data);
  void erase(Position position);

  [[nodiscard]] bool empty() const { return segments_.empty(); }
  Position first() { return segments_.begin(); }
  Position find(Tsn first) { return segments_.find(first); }
  /// Memory, bytes.
  [[nodiscard]] std::size_t memory() const { return memory_; }
  [[nodiscard]] static std::size_t cost(std::size_t payload) { return kSegmentCost + payload; }

 private:
  // The nodes with what the allocator adds to them; an entry among the waiting messages is in it.
  static constexpr std::size_t kSegmentCost = sizeof(Map::value_type) + 112;
  static constexpr std::size_t kPieceCost = sizeof(std::vector<std::uint8_t>) + 48;

  [[nodiscard]] static bool follows(const Segment& segment, const FragmentHead& head, Tsn tsn);
  void append(Segment& segment, Bytes payload);
  void join(Position first, Position second);

  Map segments_;
  std::size_t memory_ = 0;
};

}  // namespace redan::sctp
