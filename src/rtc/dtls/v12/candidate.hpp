// One way the handshake may be going. Until a signature or a key has proven the peer, its messages may be forged; so
// several are kept side by side, and the first that is proven is the connection.
#pragma once

#include "rtc/dtls/handshake/fragment_assembler.hpp"
#include "rtc/dtls/handshake/outgoing_flight.hpp"
#include "rtc/dtls/handshake/transcript.hpp"
#include "rtc/dtls/hello/extensions.hpp"
#include "rtc/dtls/hello/session.hpp"
#include "rtc/dtls/v12/key_schedule.hpp"

namespace redan::dtls::v12 {

/// What a server chose that its Session does not say.
struct ServerChoice {
  SignatureScheme scheme{};
  CommonExtensions extensions;
  bool operator==(const ServerChoice&) const = default;
};

struct Candidate {
  TimePoint since{};      ///< when it was made
  bool repeated = false;  ///< its messages were dropped once and came again
  Session session;
  MasterSecret master;
  ServerChoice choice;
  Transcript transcript;
  OutgoingFlight outgoing;
  std::optional<OpenProtection> read;   ///< once the keys of epoch 1 are there
  std::optional<SealProtection> write;  ///< once our ChangeCipherSpec is in a flight
  FragmentAssembler finished;           ///< the peer's Finished, in epoch 1

  MutableBytes write_flight(RecordLayer& records, MutableBytes datagram) {
    return outgoing.write(records, write ? &*write : nullptr, datagram);
  }
};

/// kShare of each kind: what came once, and what came again after it was dropped. The one heard last is at the back. A
/// full share takes a new one only in the place of one that has had its time. So what comes once, however much of it,
/// neither pushes out a candidate whose peer is about to answer, nor shuts out the peer that repeats its messages.
class Candidates {
 public:
  static constexpr std::size_t kShare = 4;
  static constexpr Duration kTime = std::chrono::seconds(1);

  [[nodiscard]] bool has_room(TimePoint now, bool repeated) {
    const auto oldest = oldest_of(repeated);
    return count_of(repeated) < kShare || now - oldest->since >= kTime;
  }
  /// Where has_room().
  void add(Candidate candidate) {
    if (count_of(candidate.repeated) == kShare) list_.erase(oldest_of(candidate.repeated));
    list_.push_back(std::move(candidate));
  }
  /// Moves the candidate to the back whose transcript begins with these bytes.
  bool heard(Bytes transcript) {
    const auto found = std::find_if(list_.begin(), list_.end(), [&](const Candidate& candidate) {
      return candidate.transcript.begins_with(transcript);
    });
    if (found == list_.end()) return false;
    std::rotate(found, found + 1, list_.end());
    return true;
  }
  /// This one is proven: the others go.
  void keep_only(std::size_t index) {
    std::swap(list_.front(), list_[index]);
    list_.erase(list_.begin() + 1, list_.end());
  }

  [[nodiscard]] bool empty() const { return list_.empty(); }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  Candidate& operator[](std::size_t index) { return list_[index]; }
  Candidate& back() { return list_.back(); }
  [[nodiscard]] const Candidate& back() const { return list_.back(); }
  auto begin() { return list_.begin(); }
  auto end() { return list_.end(); }
  [[nodiscard]] auto begin() const { return list_.begin(); }
  [[nodiscard]] auto end() const { return list_.end(); }

 private:
  [[nodiscard]] std::size_t count_of(bool repeated) const {
    return static_cast<std::size_t>(std::count_if(
        list_.begin(), list_.end(), [=](const Candidate& candidate) { return candidate.repeated == repeated; }));
  }
  /// One of the other kind comes after all of this kind.
  std::vector<Candidate>::iterator oldest_of(bool repeated) {
    return std::min_element(list_.begin(), list_.end(), [=](const Candidate& a, const Candidate& b) {
      return std::pair(a.repeated != repeated, a.since) < std::pair(b.repeated != repeated, b.since);
    });
  }

  std::vector<Candidate> list_;
};

}  // namespace redan::dtls::v12
