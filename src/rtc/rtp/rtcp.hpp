// RTCP of a sender: what it reports (RFC 3550 section 6.4) and what receivers say back (RFC 4585, RFC 5104, and
// draft-alvestrand-rmcat-remb).
#pragma once

#include <redan/types.hpp>
#include <vector>

#include "base/writer.hpp"

namespace redan::rtp {

/// A compound packet: the report, and the name that ties audio and video together.
struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;  ///< seconds and their fraction, 32 bits each, of the sender's clock
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0, octets = 0;  ///< sent; octets of payload

  /// `cname` has at most 255 bytes.
  void write(Writer& writer, std::string_view cname) const;
};

/// What a receiver says about one of our sources.
struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;  ///< of 256, since the last one
  std::uint32_t highest_sequence = 0;
  std::uint32_t jitter = 0;
  std::uint32_t last_report = 0;  ///< the middle 32 bits of our SenderReport::ntp; 0: none arrived
  std::uint32_t delay = 0;        ///< since it arrived, in 1/65536 s
  friend bool operator==(const ReportBlock&, const ReportBlock&) = default;
};

struct Feedback {
  struct Lost {
    std::uint32_t ssrc = 0;
    std::uint16_t sequence = 0;
    friend bool operator==(const Lost&, const Lost&) = default;
  };
  struct FullIntra {
    std::uint32_t ssrc = 0;
    std::uint8_t number = 0;  ///< the same number again is the same request
    friend bool operator==(const FullIntra&, const FullIntra&) = default;
  };
  // Of one compound packet.
  static constexpr std::size_t kMaxReports = 64;
  static constexpr std::size_t kMaxLost = 1024;
  static constexpr std::size_t kMaxRequests = 16;

  std::vector<ReportBlock> reports;
  std::vector<Lost> lost;
  std::size_t nacks = 0;                    ///< packets that carried `lost`
  std::vector<std::uint32_t> picture_loss;  ///< SSRCs
  std::vector<FullIntra> full_intra;
  std::optional<std::uint64_t> bandwidth;  ///< the receiver's estimate, bits per second

  /// What can be read; the rest of a compound packet after something malformed is not.
  static Feedback parse(Bytes compound);
  friend bool operator==(const Feedback&, const Feedback&) = default;
};

/// The 64 bits of a report for a time of our clock.
std::uint64_t ntp_time(TimePoint time);

}  // namespace redan::rtp
