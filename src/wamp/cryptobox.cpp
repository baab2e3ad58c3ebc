#include "wamp/cryptobox.hpp"

#include <sodium.h>

#include "base/assert.hpp"
#include "base/base64.hpp"
#include "wamp/errors.hpp"
#include "wamp/serializer.hpp"

namespace redan::wamp {
namespace {

static_assert(crypto_box_PUBLICKEYBYTES == kBoxKeySize && crypto_box_SECRETKEYBYTES == kBoxKeySize &&
              crypto_box_BEFORENMBYTES == kBoxKeySize && crypto_box_NONCEBYTES == kBoxNonceSize &&
              crypto_box_MACBYTES == kBoxTagSize);

/// Temporary plaintext, wiped on destruction.
class Wiped {
 public:
  explicit Wiped(std::vector<std::uint8_t> bytes) : bytes_(std::move(bytes)) {}
  Wiped(const Wiped&) = delete;
  Wiped& operator=(const Wiped&) = delete;
  ~Wiped() { wipe(bytes_); }
  [[nodiscard]] MutableBytes bytes() { return bytes_; }

 private:
  std::vector<std::uint8_t> bytes_;
};

BoxPublicKey public_key_of(Bytes private_key) {
  BoxPublicKey key{};
  const int made = crypto_scalarmult_base(key.data(), private_key.data());
  REDAN_ASSERT(made == 0);
  return key;
}

/// What is known of one party's key pair.
struct Pair {
  Bytes private_key;
  std::optional<BoxPublicKey> public_key;
};

std::optional<Pair> pair_of(Bytes private_key, Bytes public_key) {
  const auto is_key = [](Bytes key) { return key.empty() || key.size() == kBoxKeySize; };
  if (!is_key(private_key) || !is_key(public_key)) return std::nullopt;
  Pair pair{private_key, std::nullopt};
  if (!private_key.empty()) {
    pair.public_key = public_key_of(private_key);
    if (!public_key.empty() && !equal_in_constant_time(*pair.public_key, public_key)) return std::nullopt;
  } else if (!public_key.empty()) {
    std::copy(public_key.begin(), public_key.end(), pair.public_key.emplace().begin());
  }
  return pair;
}

/// False for a public key of small order.
bool agree(const Pair& own, const Pair& other, Secret<kBoxKeySize>& shared) {
  if (own.private_key.empty() || !other.public_key) return true;
  const MutableBytes key = shared.fill(kBoxKeySize);
  if (crypto_box_beforenm(key.data(), other.public_key->data(), own.private_key.data()) == 0) return true;
  shared.clear();
  return false;
}

}  // namespace

// Keys.

BoxKeyPair BoxKeyPair::generate(RandomSource& random) {
  BoxKeyPair pair;
  random.random(pair.private_key.fill(kBoxKeySize));
  pair.public_key = public_key_of(pair.private_key.expose());
  return pair;
}

redan::Result<Key> Key::make(const KeyHalves& halves) {
  // Selects the fastest code for this processor. It may be called repeatedly.
  const int chosen = sodium_init();
  REDAN_ASSERT(chosen >= 0);
  const auto originator = pair_of(halves.originator_private, halves.originator_public);
  const auto responder = pair_of(halves.responder_private, halves.responder_public);
  if (!originator || !responder) return refuse(Errc::crypto_bad_key);
  Key key;
  const bool agreed = agree(*originator, *responder, key.shared_[static_cast<std::size_t>(Party::originator)]) &&
                      agree(*responder, *originator, key.shared_[static_cast<std::size_t>(Party::responder)]);
  if (!agreed || (!key.serves(Party::originator) && !key.serves(Party::responder))) {
    return refuse(Errc::crypto_bad_key);
  }
  return key;
}

redan::Result<Key> Key::from_base64(const KeyTexts& texts) {
  std::array<Secret<kBoxKeySize>, 4> keys;
  const std::array all = {texts.originator_private, texts.originator_public, texts.responder_private,
                          texts.responder_public};
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto bytes = redan::from_base64(all[i]);
    if (!bytes) return refuse(Errc::crypto_bad_key);
    const bool fits = bytes->empty() || bytes->size() == kBoxKeySize;
    if (fits) keys[i] = Secret<kBoxKeySize>(*bytes);
    wipe(*bytes);
    if (!fits) return refuse(Errc::crypto_bad_key);
  }
  return make({keys[0].expose(), keys[1].expose(), keys[2].expose(), keys[3].expose()});
}

// Plaintext.

std::optional<BoxPlaintext> BoxPlaintext::parse(Bytes json) {
  DecodeLimits limits;
  limits.max_size = std::max(limits.max_size, json.size());  // the transport has already bounded it
  auto value = decode(Serializer::json, json, limits);
  const Dict* const dict = value ? value->get_if<Dict>() : nullptr;
  if (dict == nullptr || dict->size() != 3) return std::nullopt;
  const Value* const uri = dict->find("uri");
  const Value* const args = dict->find("args");
  const Value* const kwargs = dict->find("kwargs");
  if (uri == nullptr || args == nullptr || kwargs == nullptr || !uri->text()) return std::nullopt;
  BoxPlaintext plaintext{std::string(*uri->text())};
  if (const List* const list = args->get_if<List>()) plaintext.args = *list;
  if (const Dict* const named = kwargs->get_if<Dict>()) plaintext.kwargs = *named;
  if (!plaintext.args && !args->is_null()) return std::nullopt;
  if (!plaintext.kwargs && !kwargs->is_null()) return std::nullopt;
  return plaintext;
}

std::vector<std::uint8_t> BoxPlaintext::write() const {
  Dict dict;
  dict.append("uri", uri);
  dict.append("args", args ? Value(*args) : Value());
  dict.append("kwargs", kwargs ? Value(*kwargs) : Value());
  return encode(Serializer::json, dict);
}

// Boxes.

Binary seal_box(const Key& key, Party party, const BoxPlaintext& plaintext, RandomSource& random) {
  REDAN_ASSERT(key.serves(party));
  Wiped text(plaintext.write());
  const MutableBytes bytes = text.bytes();
  Binary box(kBoxOverhead + bytes.size());
  const MutableBytes nonce = MutableBytes(box).first(kBoxNonceSize);
  random.random(nonce);
  const int sealed = crypto_box_easy_afternm(box.data() + kBoxNonceSize, bytes.data(), bytes.size(), nonce.data(),
                                             key.shared(party).data());
  REDAN_ASSERT(sealed == 0);
  return box;
}

redan::Result<BoxPlaintext> open_box(const Key& key, Party party, std::string_view uri, Bytes box) {
  if (!key.serves(party) || box.size() < kBoxOverhead) return refuse(errc::wamp_decrypt_error);
  const Bytes nonce = box.first(kBoxNonceSize);
  const Bytes sealed = box.subspan(kBoxNonceSize);
  Wiped text(std::vector<std::uint8_t>(sealed.size() - kBoxTagSize));
  if (crypto_box_open_easy_afternm(text.bytes().data(), sealed.data(), sealed.size(), nonce.data(),
                                   key.shared(party).data()) != 0) {
    return refuse(errc::wamp_decrypt_error);
  }
  auto plaintext = BoxPlaintext::parse(text.bytes());
  if (!plaintext) return refuse(errc::wamp_decrypt_error);
  if (plaintext->uri != uri) return refuse(errc::wamp_uri_mismatch);
  return std::move(*plaintext);
}

}  // namespace redan::wamp
