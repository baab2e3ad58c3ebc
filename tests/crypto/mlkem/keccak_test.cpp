#include "crypto/mlkem/keccak.hpp"

#include <gtest/gtest.h>

#include <redan/crypto.hpp>
#include <vector>

#include "base/hex.hpp"

namespace redan::mlkem {
namespace {

using Buffer = std::vector<std::uint8_t>;

Buffer counting(std::size_t size) {
  Buffer data(size);
  for (std::size_t i = 0; i < size; ++i) data[i] = static_cast<std::uint8_t>(i % 251);
  return data;
}

std::string start_of_hash(Keccak&& sponge, std::size_t input, std::size_t output) {
  Buffer hash(output);
  sponge.absorb(counting(input)).squeeze(hash);
  return to_hex(Bytes(hash).first(16));
}

std::string hash_of_stream(Keccak&& sponge, std::size_t input) {
  Buffer stream(700);
  sponge.absorb(counting(input)).squeeze(stream);
  return to_hex(default_provider()->hash(HashAlgorithm::sha256, stream).bytes().first(16));
}

// Expected values from Python's hashlib. The lengths lie around the rates of 72, 136 and 168 bytes.
TEST(Keccak, Sha3HashesLikeAnotherImplementation) {
  EXPECT_EQ(start_of_hash(Keccak::sha3_256(), 0, 32), "a7ffc6f8bf1ed76651c14756a061d662");
  EXPECT_EQ(start_of_hash(Keccak::sha3_256(), 135, 32), "fded8fd9d6551c601eeb3b7c6bc5e5cf");
  EXPECT_EQ(start_of_hash(Keccak::sha3_256(), 136, 32), "cf3ccff92480a29160c2d38317c430e1");
  EXPECT_EQ(start_of_hash(Keccak::sha3_256(), 137, 32), "ce9d7dc90913ee5d92745019479a5352");
  EXPECT_EQ(start_of_hash(Keccak::sha3_256(), 500, 32), "495689a003b0b1a4ec4572335ed2d965");
  EXPECT_EQ(start_of_hash(Keccak::sha3_512(), 0, 64), "a69f73cca23a9ac5c8b567dc185a756e");
  EXPECT_EQ(start_of_hash(Keccak::sha3_512(), 71, 64), "3ccc850d53a1287af7b4560b2ef0d43e");
  EXPECT_EQ(start_of_hash(Keccak::sha3_512(), 72, 64), "5d63f2bbe971a983ac6847480106e4e1");
  EXPECT_EQ(start_of_hash(Keccak::sha3_512(), 73, 64), "921d9b7b2b0f3066a1646dbb058c979c");
  EXPECT_EQ(start_of_hash(Keccak::sha3_512(), 500, 64), "f7aca9a50e9bd1207509d43bf9f9dfc9");
}

TEST(Keccak, ShakeStreamsLikeAnotherImplementation) {
  EXPECT_EQ(hash_of_stream(Keccak::shake128(), 0), "c4ada152a345f24d530ced20f8737b39");
  EXPECT_EQ(hash_of_stream(Keccak::shake128(), 167), "d39ff1cf2eff9dc215c9f95d885ca96e");
  EXPECT_EQ(hash_of_stream(Keccak::shake128(), 168), "23c54d5243b527a65c5c599b4ef2d37f");
  EXPECT_EQ(hash_of_stream(Keccak::shake128(), 300), "d7eaa49addf95bcc836bdc83c2eb7ea9");
  EXPECT_EQ(hash_of_stream(Keccak::shake256(), 3), "161b396a3ab0ab1bef750656835a5ce9");
  EXPECT_EQ(hash_of_stream(Keccak::shake256(), 168), "07cd62170f77d4938684fe98884ffcbc");
  EXPECT_EQ(hash_of_stream(Keccak::shake256(), 300), "b52df5ebce06d687d1a8dccd32caced4");
}

TEST(Keccak, AbsorbsAndSqueezesInAnyPieces) {
  const Buffer data = counting(500);
  Buffer whole(500);
  Keccak::shake128().absorb(data).squeeze(whole);
  for (const std::size_t piece : {1, 7, 168, 169}) {
    Keccak sponge = Keccak::shake128();
    for (std::size_t i = 0; i < data.size(); i += piece) {
      sponge.absorb(Bytes(data).subspan(i, std::min(piece, data.size() - i)));
    }
    Buffer out(500);
    for (std::size_t i = 0; i < out.size(); i += piece) {
      sponge.squeeze(MutableBytes(out).subspan(i, std::min(piece, out.size() - i)));
    }
    EXPECT_EQ(out, whole) << piece;
  }
}

}  // namespace
}  // namespace redan::mlkem
