// The sealed channel: two ends that have completed a handshake (handshake.hpp) exchange messages that the parties in
// between can neither read, alter, repeat, reorder, reflect nor move to another session. A machine without a clock.
//
// Every message is an envelope, a JSON object, in a wrapping that depends on the suite:
//
//   {"v":1,"sid":"<session>","dir":"c","seq":0,"typ":"settings","re":"<16 bytes>","body":"...","th":"<hash>",
//    "pad":"..."}
//
// dir is "c" from the client and "r" from the runtime; seq counts from 0 in each direction without gaps. A client's
// question has a secret mark `re`, which the answer repeats; each question is answered once. th, in the first message
// of either end, is the hash of the handshake. pad makes the length a multiple of 512.
//
// The first error is final: a channel that has refused something neither opens nor seals anything afterwards.
#pragma once

#include <memory>
#include <redan/crypto.hpp>
#include <set>
#include <string>
#include <vector>

namespace redan::sealed {

enum class Side : char { client = 'c', runtime = 'r' };
constexpr Side other(Side side) { return side == Side::client ? Side::runtime : Side::client; }

/// How envelopes are encrypted.
enum class Suite : std::uint8_t {
  aes_256_gcm = 1,  ///< X25519, HKDF-SHA256, a key for each direction: available in browsers
  cryptobox = 2,    ///< WAMP's cryptobox with the two ephemeral keys: available in Autobahn
};

inline constexpr std::size_t kMaxBody = 64 * 1024;
inline constexpr std::size_t kPadding = 512;
inline constexpr std::uint32_t kMaxMessages = 1U << 16U;
inline constexpr std::size_t kMaxOpenQuestions = 64;
using TranscriptHash = std::array<std::uint8_t, 32>;
using ConfirmKey = Secret<32>;

struct Message {
  std::string type, body;
  std::string mark;        ///< of a question: to be returned in the answer
  bool is_answer = false;  ///< on a client: it answers one of our questions
};

/// A suite with its keys. One end seals with `from` itself and opens messages from the other.
class Wrapping {
 public:
  virtual ~Wrapping() = default;
  [[nodiscard]] virtual std::vector<std::uint8_t> seal(Side from, std::uint32_t seq, std::string_view type,
                                                       std::string_view envelope) = 0;
  /// The fields that are readable before opening; nullopt if the wrapping has none.
  struct Header {
    Side from;
    std::uint32_t seq;
  };
  [[nodiscard]] virtual std::optional<Header> header(Bytes wire) const = 0;
  /// Errors: sealed_syntax, sealed_bad_record.
  [[nodiscard]] virtual Result<std::string> open(Side from, Bytes wire) = 0;
};

class Channel {
 public:
  Channel(Side side, std::string session, std::unique_ptr<Wrapping> wrapping, const TranscriptHash& transcript,
          RandomSource& random);

  enum class Kind : std::uint8_t { statement, question };
  /// Returns the sealed message; `body` is UTF-8. Only clients ask questions. Errors: sealed_exhausted, too_many (open
  /// questions), channel_message_too_large, and the reason that ended the channel.
  Result<std::vector<std::uint8_t>> seal(std::string_view type, std::string_view body, Kind kind = Kind::statement);
  /// Seals a runtime's answer to a question.
  Result<std::vector<std::uint8_t>> answer(const Message& question, std::string_view type, std::string_view body);

  /// Errors, all of them final: sealed_syntax, sealed_bad_record, sealed_reflected, sealed_replayed, sealed_missing,
  /// sealed_wrong_session, sealed_stale_answer, sealed_exhausted.
  Result<Message> open(Bytes wire);

  /// Ends the channel for an external reason.
  void fail(Errc why);
  [[nodiscard]] std::optional<Errc> failure() const { return failure_; }
  /// Number of opened messages.
  [[nodiscard]] std::uint32_t opened() const { return next_in_; }

 private:
  Result<std::vector<std::uint8_t>> write(std::string_view type, std::string_view body, const std::string& mark);
  [[nodiscard]] Result<Message> check(std::string_view envelope);
  [[nodiscard]] std::optional<Errc> order(std::uint32_t seq) const;

  Side side_;
  std::string session_;
  std::unique_ptr<Wrapping> wrapping_;
  std::string transcript_;
  RandomSource* random_;
  std::uint32_t next_out_ = 0, next_in_ = 0;
  std::set<std::string> questions_;  ///< ours that are unanswered
  std::optional<Errc> failure_;
};

}  // namespace redan::sealed
