// RTCP of a sender: its reports (RFC 3550 section 6.4) and the feedback of receivers (RFC 4585, RFC 5104, and
// draft-alvestrand-rmcat-remb).
#pragma once

#include <redan/types.hpp>
#include <vector>

#include "base/writer.hpp"

namespace redan::rtp {

/// A compound packet: the report, and the CNAME that associates audio and video.
struct SenderReport {
  std::uint32_t ssrc = 0;
  std::uint64_t ntp = 0;  ///< the sender's clock: seconds and their fraction, 32 bits each
  std::uint32_t rtp_timestamp = 0;
  std::uint32_t packets = 0, octets = 0;  ///< sent; octets of payload

  /// `cname` has at most 255 bytes.
  void write(Writer& writer, std::string_view cname) const;
};

/// A receiver's report about one of our sources.
struct ReportBlock {
  std::uint32_t ssrc = 0;
  std::uint8_t fraction_lost = 0;  ///< of 256, since the previous report
  std::uint32_t highest_sequence = 0;
  std::uint32_t jitter = 0;
  std::uint32_t last_report = 0;  ///< the middle 32 bits of our SenderReport::ntp; 0: none was received
  std::uint32_t delay = 0;        ///< since it was received, in 1/65536 s
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
    std::uint8_t number = 0;  ///< a repeated number is the same request
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

  /// Returns what can be parsed; parsing of a compound packet stops at a malformed part.
  static Feedback parse(Bytes compound);
  friend bool operator==(const Feedback&, const Feedback&) = default;
};

/// The 64 bits of a report for a time of our clock.
std::uint64_t ntp_time(TimePoint time);

}  // namespace redan::rtp
