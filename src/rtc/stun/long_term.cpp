#include "rtc/stun/long_term.hpp"

#include <algorithm>

#include "base/base64.hpp"

namespace redan::stun {
namespace {

constexpr std::size_t kMaxUsername = 508;
// RFC 8489 section 9.2: a nonce that starts with this continues with 24 feature bits in Base64.
constexpr std::string_view kNonceCookie = "obMatJos2";
constexpr std::size_t kFeaturesSize = 4;
// Section 18.1 counts the bits from the left; erratum 6290 and the vector of appendix B.1 from the right. The bits
// between are unassigned, so either position counts.
constexpr std::uint32_t kPasswordAlgorithms = 0x000001 | 0x800000;
constexpr std::uint32_t kUsernameAnonymity = 0x000002 | 0x400000;
// A list of this size names 64 algorithms; two exist.
constexpr std::size_t kMaxAlgorithms = 256;

bool is_printable(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<std::uint8_t>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

std::uint32_t features_of(std::string_view nonce) {
  if (!nonce.starts_with(kNonceCookie) || nonce.size() < kNonceCookie.size() + kFeaturesSize) return 0;
  const auto bits = from_base64(nonce.substr(kNonceCookie.size(), kFeaturesSize));
  return bits && bits->size() == 3 ? Reader(*bits).u24() : 0;
}

std::string text_of(std::optional<Bytes> value) { return value ? std::string(as_text(*value)) : std::string(); }

}  // namespace

Result<Credentials> Credentials::make(std::string_view username, std::string_view password) {
  if (username.empty() || username.size() > kMaxUsername || !is_printable(username)) {
    return refuse(Errc::invalid_argument, "the user name is empty, longer than 508 bytes or has a control character");
  }
  if (password.empty() || password.size() > 512 || !is_printable(password)) {
    return refuse(Errc::invalid_argument, "the password is empty, longer than 512 bytes or has a control character");
  }
  return Credentials{std::string(username), Password(as_bytes(password))};
}

LongTerm::LongTerm(Credentials credentials, Provider& provider)
    : provider_(&provider), credentials_(std::move(credentials)) {}

void LongTerm::reset() {
  realm_.clear();
  nonce_.clear();
  algorithms_.clear();
  mac_.reset();
}

// Sections 9.2.3.2 and 9.2.5: the attributes of a signed request.
MutableBytes LongTerm::finish(MessageBuilder& builder) {
  if (!challenged()) return builder.finish();
  if (anonymous_) {
    const std::string text = credentials_.username + ":" + realm_;
    builder.attribute(AttributeType::userhash, provider_->hash(HashAlgorithm::sha256, as_bytes(text)).bytes());
  } else {
    builder.username(credentials_.username);
  }
  builder.attribute(AttributeType::realm, as_bytes(realm_));
  builder.attribute(AttributeType::nonce, as_bytes(nonce_));
  if (algorithms_.empty()) return builder.finish(*mac_);
  builder.attribute(AttributeType::password_algorithms, as_bytes(algorithms_));
  builder.integer32(AttributeType::password_algorithm, static_cast<std::uint32_t>(algorithm_) << 16U);
  return builder.finish_sha256(*mac_);
}

Verdict LongTerm::judge(const Message& response, bool signed_request) {
  const bool error = response.message_class == Class::error;
  const std::uint16_t code = response.error_code.value_or(0);
  if (error && (code == 401 || code == 438)) {
    return accept_challenge(response, signed_request);
  }
  if (!signed_request) {
    if (!error) return Verdict::unprotected;
    // Section 9.2.5 about 400; of the others, the server could not have signed any.
    return code == 400 ? Verdict::ignored : Verdict::accepted;
  }
  const bool promised = (features_of(text_of(response.find(AttributeType::nonce))) & kPasswordAlgorithms) != 0;
  if (promised && !response.find(AttributeType::password_algorithms)) return Verdict::ignored;
  return verifies(response) ? Verdict::accepted : Verdict::ignored;
}

// Only the attribute that our request had: a response with the weaker one is a downgrade.
bool LongTerm::verifies(const Message& response) const {
  return algorithms_.empty() ? response.verify_integrity(*mac_) : response.verify_integrity_sha256(*mac_);
}

Verdict LongTerm::accept_challenge(const Message& response, bool signed_request) {
  const std::string realm = text_of(response.find(AttributeType::realm));
  const std::string nonce = text_of(response.find(AttributeType::nonce));
  const std::string algorithms = text_of(response.find(AttributeType::password_algorithms));
  if (realm.empty() || nonce.empty()) return Verdict::malformed_challenge;
  const std::uint32_t features = features_of(nonce);
  const bool weaker = algorithms.empty() && (!algorithms_.empty() || (features & kPasswordAlgorithms) != 0);
  if (weaker) return Verdict::downgraded;
  if (signed_request && response.error_code == 401 && realm == realm_) return Verdict::wrong_credentials;
  if (algorithms.size() > kMaxAlgorithms) return Verdict::unsupported;

  auto algorithm = Algorithm::md5;
  if (!algorithms.empty()) {
    // Section 9.2.5: the first of the list that we know. Neither has parameters.
    std::optional<Algorithm> first;
    Reader list(as_bytes(algorithms));
    while (!list.empty() && !first) {
      const std::uint16_t number = list.u16();
      const Bytes parameters = list.opaque16();
      list.skip((4 - parameters.size() % 4) % 4);
      if (list.ok() && (number == 1 || number == 2) && parameters.empty()) first = static_cast<Algorithm>(number);
    }
    if (!first) return Verdict::unsupported;
    algorithm = *first;
  }
  realm_ = realm;
  nonce_ = nonce;
  algorithms_ = algorithms;
  anonymous_ = (features & kUsernameAnonymity) != 0;
  return derive_key(algorithm) ? Verdict::retry : Verdict::unsupported;
}

// Sections 9.2.2 and 18.5.1: a hash of user name, realm and password.
bool LongTerm::derive_key(Algorithm algorithm) {
  Secret<2048> text;
  Writer writer(text.fill(credentials_.username.size() + realm_.size() + credentials_.password.size() + 2));
  writer.bytes(as_bytes(credentials_.username));
  writer.u8(':');
  writer.bytes(as_bytes(realm_));
  writer.u8(':');
  writer.bytes(credentials_.password.expose());
  const HashAlgorithm mac = algorithms_.empty() ? HashAlgorithm::sha1 : HashAlgorithm::sha256;
  algorithm_ = algorithm;
  if (algorithm == Algorithm::sha256) {
    Digest key = provider_->hash(HashAlgorithm::sha256, text.expose());
    mac_ = provider_->hmac(mac, key.bytes());
    wipe(key.storage);
    return true;
  }
  const auto key = provider_->md5_for_stun_credentials(text.expose());
  mac_ = key ? provider_->hmac(mac, key->expose()) : nullptr;
  return key.has_value();
}

}  // namespace redan::stun
