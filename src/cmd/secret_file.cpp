#include "cmd/secret_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <stdexcept>

#include "base/hex.hpp"
#include "net/descriptor.hpp"

namespace redan::cmd {
namespace {

constexpr std::size_t kKeySize = 64;

/// The first line of a file that its owner alone can read, without its line feed; one byte more than N if it is longer.
template <std::size_t N>
Secret<N + 2> read_line(const std::filesystem::path& path) {
  const net::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat status {};
  if (!file.ok() || ::fstat(file.get(), &status) != 0) throw std::runtime_error("cannot read " + path.string());
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    throw std::runtime_error(path.string() + " can be read by others; chmod 600 it");
  }
  Secret<N + 2> line;
  const MutableBytes buffer = line.fill(N + 2);
  const ssize_t size = ::read(file.get(), buffer.data(), buffer.size());
  const bool whole = size == static_cast<ssize_t>(N) || (size == static_cast<ssize_t>(N + 1) && buffer[N] == '\n');
  if (!whole) throw std::runtime_error(path.string() + " is not one line of " + std::to_string(N) + " characters");
  line.fill(N);
  return line;
}

void write_new(const std::filesystem::path& path, const std::string& text) {
  const net::Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool written = file.ok() &&
                       ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file.get()) == 0;
  if (!written) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace

Secret<64> read_secret_line(const std::filesystem::path& path) {
  const auto line = read_line<kKeySize>(path);
  return Secret<kKeySize>(line.expose());
}

Secret<64> read_key(const std::filesystem::path& path) {
  const auto line = read_line<2 * kKeySize>(path);
  auto bytes = from_hex(as_text(line.expose()));
  if (!bytes) throw std::runtime_error(path.string() + " does not hold 128 hexadecimal digits");
  Secret<kKeySize> key{Bytes(*bytes)};
  wipe(*bytes);
  return key;
}

Secret<64> load_or_create_key(const std::filesystem::path& path, RandomSource& random) {
  if (std::filesystem::exists(path)) return read_key(path);
  Secret<kKeySize> key;
  random.random(key.fill(kKeySize));
  std::string text = to_hex(key.expose()) + "\n";
  write_new(path, text);
  wipe(MutableBytes(reinterpret_cast<std::uint8_t*>(text.data()), text.size()));
  return key;
}

}  // namespace redan::cmd
