// A non-blocking UDP socket that moves datagrams in bulk: recvmmsg with UDP_GRO for receiving, UDP_SEGMENT (GSO) for
// sending, or sendmmsg if the kernel or the route lacks it.
#pragma once

#include <memory>
#include <redan/error.hpp>
#include <redan/types.hpp>
#include <vector>

namespace redan::net {

struct ReceivedDatagram {
  Address remote;
  MutableBytes bytes;
  Ecn ecn = Ecn::not_ect;
};

/// Datagrams of equal size for one path with one ECN field (the last may be shorter), as GSO requires.
class SendBatch {
 public:
  // The kernel accepts at most 64 segments and 65,507 bytes at once.
  static constexpr std::size_t kMaxSegments = 64;
  static constexpr std::size_t kMaxBytes = 65'507;

  SendBatch() : storage_(kMaxBytes) {}

  /// Room for one more datagram of at most `size` bytes; empty if the batch must be sent first.
  [[nodiscard]] MutableBytes space(std::size_t size) {
    if (count_ == kMaxSegments || closed_ || storage_.size() - used_ < size) return {};
    return MutableBytes(storage_).subspan(used_);
  }
  /// Adds a datagram that was written at space(). False if it does not fit this batch (another path or ECN field, or
  /// longer than the first): send the batch, then add it to the empty batch with copy().
  bool add(const Path& path, std::size_t size, Ecn ecn = Ecn::not_ect);
  /// Adds a datagram stored elsewhere to the empty batch.
  void copy(const Path& path, Bytes datagram, Ecn ecn = Ecn::not_ect);
  void clear();

  [[nodiscard]] bool empty() const { return count_ == 0; }
  [[nodiscard]] const Path& path() const { return path_; }
  [[nodiscard]] Ecn ecn() const { return ecn_; }
  [[nodiscard]] Bytes bytes() const { return Bytes(storage_).first(used_); }
  [[nodiscard]] std::size_t segment_size() const { return segment_size_; }
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::vector<std::uint8_t> storage_;
  std::size_t used_ = 0;
  std::size_t count_ = 0;
  std::size_t segment_size_ = 0;
  bool closed_ = false;  // a shorter datagram ends the batch
  Path path_;
  Ecn ecn_ = Ecn::not_ect;
};

class DatagramSocket {
 public:
  /// Port 0: the system chooses. Errors: io_failed.
  static Result<std::unique_ptr<DatagramSocket>> bind(const Address& local);
  ~DatagramSocket();
  DatagramSocket(const DatagramSocket&) = delete;
  DatagramSocket& operator=(const DatagramSocket&) = delete;

  [[nodiscard]] int fd() const { return fd_; }
  [[nodiscard]] Address local_address() const { return local_; }

  /// Received datagrams, from at most one bulk read; empty if there are none. The spans are valid until the next call.
  std::span<ReceivedDatagram> receive();

  enum class Sent : std::uint8_t { all, would_block };
  /// Sends the whole batch to its path's remote address; its local one is ours. Datagrams that the system refuses
  /// permanently (too large, no route) are dropped, as UDP permits.
  Sent send(const SendBatch& batch);

 private:
  DatagramSocket(int fd, const Address& local);
  Sent send_segments(const SendBatch& batch);

  // Several large reads at once; each may contain a train of datagrams joined by GRO.
  static constexpr std::size_t kReads = 8;
  static constexpr std::size_t kReadSize = 65'536;

  int fd_;
  Address local_;
  bool gso_ = true;
  std::size_t next_segment_ = 0;
  std::unique_ptr<std::array<std::array<std::uint8_t, kReadSize>, kReads>> reads_;
  std::vector<ReceivedDatagram> received_;
};

}  // namespace redan::net
