// A foreign DTLS stack as one party of a handshake in memory, on the virtual clock of virtual_clock.hpp. It offers one
// cipher suite, and prefers one group.
#pragma once

#include <deque>
#include <memory>

#include "tests/support/handshake_wire.hpp"

namespace redan::test {

inline constexpr std::uint16_t kAnySuite = 0;
inline constexpr std::string_view kSrtpLabel = "EXTRACTOR-dtls_srtp";

struct DtlsPeerConfig {
  bool serves = false;
  const Identity* identity = nullptr;
  std::uint16_t suite = 0xC02B;  ///< or, with OpenSSL, kAnySuite
  Group group = Group::x25519;
  /// The server requests a certificate.
  bool asks = true;
};

class DtlsPeer : public Party {
 public:
  using Datagram = std::vector<std::uint8_t>;

  void start(TimePoint now) override { pump(now); }
  void input(TimePoint now, Datagram datagram) override {
    in.push_back(std::move(datagram));
    pump(now);
  }
  TimePoint drain(TimePoint now, std::vector<Datagram>& out_list) override {
    on_time();
    pump(now);
    for (auto& datagram : std::exchange(out, {})) out_list.push_back(std::move(datagram));
    // Their timers are checked this often.
    return state_ == State::handshaking ? now + std::chrono::milliseconds(20) : kNever;
  }
  [[nodiscard]] State state() const override { return state_; }
  [[nodiscard]] std::string story() const override {
    if (state_ == State::ended) return "peer: " + error;
    return state_ == State::connected ? "peer: connected" : "peer: handshaking";
  }

  virtual bool write(std::string_view text) = 0;
  virtual std::optional<std::string> read() = 0;
  /// 60 bytes under EXTRACTOR-dtls_srtp; empty if this stack has no exporter.
  virtual Datagram exported() { return {}; }

  std::deque<Datagram> in;
  std::deque<Datagram> out;

 protected:
  /// One step of the handshake.
  virtual State advance() = 0;
  virtual void on_time() {}

  std::string error;

 private:
  void pump(TimePoint) {
    if (state_ == State::handshaking) state_ = error.empty() ? advance() : State::ended;
    // Once connected it repeats its last flight when it reads a retransmission.
    if (state_ != State::connected) return;
    do {
      static_cast<void>(read());
    } while (!in.empty());
    static_cast<void>(read());
  }

  State state_ = State::handshaking;
};

std::unique_ptr<DtlsPeer> openssl_peer(const DtlsPeerConfig& config);
std::unique_ptr<DtlsPeer> gnutls_peer(const DtlsPeerConfig& config);
std::unique_ptr<DtlsPeer> wolfssl_peer(const DtlsPeerConfig& config);

}  // namespace redan::test
