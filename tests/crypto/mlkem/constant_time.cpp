// Runs ML-KEM and the comparison of tags with their secrets marked as undefined, for valgrind's memcheck: it reports
// every branch and every memory address that depends on them. Without valgrind the program fails, as it shows nothing
// then. With the argument "leak" it branches on a secret: memcheck has to report that.
#include <valgrind/memcheck.h>

#include <cstdio>
#include <cstring>

#include "crypto/mlkem/mlkem768.hpp"

namespace {

using namespace redan;

void make_secret(Bytes bytes) { VALGRIND_MAKE_MEM_UNDEFINED(bytes.data(), bytes.size()); }
void make_public(Bytes bytes) { VALGRIND_MAKE_MEM_DEFINED(bytes.data(), bytes.size()); }

void generate() {
  std::array<std::uint8_t, 32> rho{1};
  std::array<std::uint8_t, 32> sigma{2};
  std::array<std::uint8_t, 1152> secret_vector{};
  std::array<std::uint8_t, mlkem::kEncapsulationKeySize> key{};
  make_secret(sigma);
  mlkem::generate_keys(rho, sigma, secret_vector, key);
}

/// A key whose secret vector and rejection seed are marked; the rest is public.
mlkem::DecapsulationKey secret_key() {
  std::array<std::uint8_t, 64> seed{3};
  mlkem::DecapsulationKey key{mlkem::KeySeed(seed)};
  make_secret(key.encoded().first(1152));
  make_secret(key.encoded().last(32));
  return key;
}

void encapsulate_and_decapsulate() {
  const mlkem::DecapsulationKey key = secret_key();
  std::array<std::uint8_t, 32> message{4};
  std::array<std::uint8_t, mlkem::kCiphertextSize> ciphertext{};
  std::array<std::uint8_t, mlkem::kSharedSecretSize> theirs{};
  std::array<std::uint8_t, mlkem::kSharedSecretSize> ours{};
  make_secret(message);
  const bool valid =
      mlkem::encapsulate(key.encapsulation_key().first<mlkem::kEncapsulationKeySize>(), message, ciphertext, theirs);
  make_public(ciphertext);  // it is sent
  key.decapsulate(ciphertext, ours);
  make_public(theirs);
  make_public(ours);
  if (!valid || theirs != ours) std::puts("the secrets differ");
  ciphertext[7] ^= 1;
  key.decapsulate(ciphertext, ours);
  make_public(ours);
  if (theirs == ours) std::puts("an altered ciphertext gave the same secret");
}

void compare_tags() {
  std::array<std::uint8_t, 16> expected{5};
  const std::array<std::uint8_t, 16> received{6};
  make_secret(expected);
  bool equal = equal_in_constant_time(expected, received);
  VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof(equal));  // the result is public
  if (equal) std::puts("different tags are equal");
}

void leak() {
  std::array<std::uint8_t, 16> secret{7};
  make_secret(secret);
  if (secret[0] == 8) std::puts("leaked");
}

}  // namespace

int main(int argc, char** argv) {
  if (RUNNING_ON_VALGRIND == 0) {
    std::puts("run this under valgrind: tests/crypto/mlkem/constant_time.sh");
    return 2;
  }
  generate();
  encapsulate_and_decapsulate();
  compare_tags();
  if (argc > 1 && std::strcmp(argv[1], "leak") == 0) leak();
  return 0;
}
