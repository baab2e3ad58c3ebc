#include "sealed/handshake.hpp"

#include <algorithm>

#include "base/base64.hpp"
#include "base/reader.hpp"
#include "base/writer.hpp"
#include "sealed/errors.hpp"
#include "sealed/wrapping.hpp"

namespace redan::sealed {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kConfirms = 1;
constexpr std::size_t kMaxCredential = 512;
constexpr std::size_t kMaxSuites = 8;
constexpr std::string_view kAuth = "auth";
// Signed and hashed data begins with its purpose.
constexpr std::string_view kRuntimeLabel{"redan sealed v1 runtime\0", 24};
constexpr std::string_view kClientLabel{"redan sealed v1 client\0", 23};
constexpr std::string_view kTranscriptLabel{"redan sealed v1 transcript\0", 27};

template <std::size_t N>
void copy(Reader& reader, std::array<std::uint8_t, N>& to) {
  const Bytes bytes = reader.bytes(N);
  std::copy(bytes.begin(), bytes.end(), to.begin());
}
std::vector<std::uint8_t> vector_of(Bytes bytes) { return {bytes.begin(), bytes.end()}; }

/// label || uint16 length || first || uint16 length || second
std::vector<std::uint8_t> joined(std::string_view label, Bytes first, Bytes second) {
  std::vector<std::uint8_t> text(label.size() + 4 + first.size() + second.size());
  Writer writer(text);
  writer.bytes(as_bytes(label));
  writer.opaque16(first);
  writer.opaque16(second);
  return text;
}

/// The data that the runtime signs: the hello and its own share up to the signature.
std::vector<std::uint8_t> runtime_text(Bytes hello, Bytes share) {
  return joined(kRuntimeLabel, hello, share.first(share.size() - kEd25519SignatureSize));
}
TranscriptHash transcript_of(Provider& provider, Bytes hello, Bytes share) {
  const Digest digest = provider.hash(HashAlgorithm::sha256, joined(kTranscriptLabel, hello, share));
  TranscriptHash hash{};
  std::copy_n(digest.bytes().begin(), hash.size(), hash.begin());
  return hash;
}
std::vector<std::uint8_t> client_text(const TranscriptHash& transcript) {
  std::vector<std::uint8_t> text(kClientLabel.size() + transcript.size());
  Writer writer(text);
  writer.bytes(as_bytes(kClientLabel));
  writer.bytes(transcript);
  return text;
}

Established establish(Provider& provider, Side side, const std::string& session, Suite suite,
                      const SharedSecret& shared, const TranscriptHash& transcript, bool client_confirms) {
  Keys keys = derive_keys(provider, shared, transcript);
  auto wrapping =
      suite == Suite::aes_256_gcm ? gcm_wrapping(provider, session, keys) : cryptobox_wrapping(provider, session, keys);
  return Established{Channel(side, session, std::move(wrapping), transcript, provider), std::move(keys.confirm), suite,
                     client_confirms};
}

}  // namespace

// Messages.

std::vector<std::uint8_t> ClientHello::write() const {
  std::vector<std::uint8_t> bytes(kMaxHandshakeMessage);
  Writer writer(bytes);
  writer.u8(kClientHello);
  writer.u8(kVersion);
  writer.u8(confirms ? kConfirms : 0);
  writer.opaque8(as_bytes(session));
  writer.prefixed8([&](Writer& w) {
    for (const Suite suite : suites) w.u8(static_cast<std::uint8_t>(suite));
  });
  writer.bytes(share);
  writer.bytes(nonce);
  writer.opaque16(grant);
  bytes.resize(writer.written().size());
  return bytes;
}

std::optional<ClientHello> ClientHello::parse(Bytes bytes) {
  if (bytes.size() > kMaxHandshakeMessage) return std::nullopt;
  Reader reader(bytes);
  ClientHello hello;
  const std::uint8_t kind = reader.u8();
  const std::uint8_t version = reader.u8();
  hello.confirms = (reader.u8() & kConfirms) != 0;
  hello.session = as_text(reader.opaque8());
  const Bytes suites = reader.opaque8();
  copy(reader, hello.share);
  copy(reader, hello.nonce);
  hello.grant = vector_of(reader.opaque16());
  if (!reader.done() || kind != kClientHello || version != kVersion || hello.session.empty() ||
      hello.session.size() > kMaxName || suites.empty() || suites.size() > kMaxSuites || hello.grant.empty() ||
      hello.grant.size() > kMaxCredential) {
    return std::nullopt;
  }
  for (const std::uint8_t suite : suites) {
    if (suite == 1 || suite == 2) hello.suites.push_back(static_cast<Suite>(suite));
  }
  return hello;
}

std::vector<std::uint8_t> RuntimeShare::write() const {
  std::vector<std::uint8_t> bytes(kMaxHandshakeMessage);
  Writer writer(bytes);
  writer.u8(kRuntimeShare);
  writer.u8(static_cast<std::uint8_t>(suite));
  writer.bytes(share);
  writer.bytes(nonce);
  writer.opaque16(certificate);
  writer.bytes(signature);
  bytes.resize(writer.written().size());
  return bytes;
}

std::optional<RuntimeShare> RuntimeShare::parse(Bytes bytes) {
  if (bytes.size() > kMaxHandshakeMessage) return std::nullopt;
  Reader reader(bytes);
  RuntimeShare share;
  const std::uint8_t kind = reader.u8();
  const std::uint8_t suite = reader.u8();
  copy(reader, share.share);
  copy(reader, share.nonce);
  share.certificate = vector_of(reader.opaque16());
  copy(reader, share.signature);
  if (!reader.done() || kind != kRuntimeShare || suite < 1 || suite > 2 || share.certificate.empty() ||
      share.certificate.size() > kMaxCredential) {
    return std::nullopt;
  }
  share.suite = static_cast<Suite>(suite);
  return share;
}

// The client.

Result<Initiator> Initiator::begin(Provider& provider, Config config, const Ed25519Key& key, WallTime now) {
  REDAN_TRY(auto grant, SessionGrant::verify(config.grant, config.authorities, now));
  if (grant.session != config.session) return refuse(errc::sealed_wrong_session);
  if (grant.client != key.public_key()) return refuse(errc::sealed_bad_grant);
  Initiator initiator(provider, std::move(config), key);
  initiator.grant_ = std::move(grant);
  initiator.ephemeral_ = provider.start_key_exchange(Group::x25519);
  ClientHello hello{initiator.config_.session, initiator.config_.suites,  {}, {},
                    initiator.config_.grant,   initiator.config_.confirms};
  const Bytes share = initiator.ephemeral_->share();
  std::copy(share.begin(), share.end(), hello.share.begin());
  provider.random(hello.nonce);
  initiator.hello_ = hello.write();
  return initiator;
}

Result<Initiator::Done> Initiator::on_share(Bytes message, WallTime now) {
  const auto share = RuntimeShare::parse(message);
  const auto& suites = config_.suites;
  if (!share || std::find(suites.begin(), suites.end(), share->suite) == suites.end() || !ephemeral_) {
    return refuse(errc::sealed_syntax);
  }
  REDAN_TRY(auto runtime, RuntimeCertificate::verify(share->certificate, config_.authorities, now));
  if (runtime.instance != grant_.instance) return refuse(errc::sealed_wrong_session);
  if (!wamp::ed25519_verify(runtime.key, runtime_text(hello_, message), share->signature)) {
    return refuse(errc::sealed_bad_signature);
  }
  SharedSecret shared;
  const bool agreed = std::exchange(ephemeral_, nullptr)->finish(share->share, shared);
  if (!agreed) return refuse(errc::sealed_syntax);
  const TranscriptHash transcript = transcript_of(*provider_, hello_, message);
  Established established =
      establish(*provider_, Side::client, config_.session, share->suite, shared, transcript, config_.confirms);
  REDAN_TRY(auto auth, established.channel.seal(kAuth, to_base64(key_->sign(client_text(transcript)))));
  return Done{std::move(established), std::move(auth), std::move(runtime)};
}

// The runtime.

Result<std::vector<std::uint8_t>> Responder::on_hello(Bytes message, WallTime now) {
  const auto hello = ClientHello::parse(message);
  if (!hello || pending_) return refuse(errc::sealed_syntax);
  REDAN_TRY(auto grant, SessionGrant::verify(hello->grant, config_.authorities, now));
  if (grant.session != config_.session || hello->session != config_.session || grant.instance != config_.instance) {
    return refuse(errc::sealed_wrong_session);
  }
  const auto suite =
      std::find_first_of(hello->suites.begin(), hello->suites.end(), config_.suites.begin(), config_.suites.end());
  if (suite == hello->suites.end()) return refuse(Errc::crypto_unsupported);
  RuntimeShare share{*suite, {}, {}, config_.certificate, {}};
  const auto response = provider_->respond_key_exchange(Group::x25519, hello->share);
  if (!response) return refuse(errc::sealed_syntax);
  std::copy(response->share.begin(), response->share.end(), share.share.begin());
  provider_->random(share.nonce);
  share.signature = key_->sign(runtime_text(message, share.write()));
  std::vector<std::uint8_t> reply = share.write();
  transcript_ = transcript_of(*provider_, message, reply);
  pending_ =
      establish(*provider_, Side::runtime, config_.session, *suite, response->secret, transcript_, hello->confirms);
  grant_ = std::move(grant);
  grant_bytes_ = hello->grant;
  return reply;
}

Result<Established> Responder::on_auth(Bytes message, WallTime now) {
  if (!pending_) return refuse(errc::sealed_syntax);
  Established established = std::move(*pending_);
  pending_.reset();
  REDAN_TRY(const auto auth, established.channel.open(message));
  const auto signature = from_base64(auth.body);
  if (auth.type != kAuth || !signature || !wamp::ed25519_verify(grant_.client, client_text(transcript_), *signature)) {
    return refuse(errc::sealed_bad_signature);
  }
  if (!used_->use(grant_, grant_bytes_, now)) return refuse(errc::sealed_grant_used);
  return established;
}

bool UsedGrants::use(const SessionGrant& grant, Bytes bytes, WallTime now) {
  std::erase_if(used_, [&](const auto& used) {
    return used.second.seconds_since_1970 + kClockSkew.count() < now.seconds_since_1970;
  });
  return used_.size() < kMaxGrants && used_.emplace(vector_of(bytes), grant.not_after).second;
}

}  // namespace redan::sealed
