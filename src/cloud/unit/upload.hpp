// An upload in a file: the body of a request that is too large for memory, such as an application's archive.
#pragma once

#include <filesystem>
#include <redan/crypto.hpp>

#include "cloud/api/envelope.hpp"
#include "net/descriptor.hpp"
#include "net/http/http.hpp"

namespace redan::cloud::unit {

class FileUpload final : public net::Upload {
 public:
  /// A new file (mode 0600) in `directory`, which must exist; nullptr if it cannot be created. `provider` outlives it.
  static std::shared_ptr<FileUpload> make(const std::filesystem::path& directory, std::size_t limit,
                                          Provider& provider);
  /// Removes the file, unless it was kept.
  ~FileUpload() override;
  FileUpload(const FileUpload&) = delete;
  FileUpload& operator=(const FileUpload&) = delete;

  [[nodiscard]] std::size_t limit() const override { return limit_; }
  [[nodiscard]] bool write(std::string_view piece) override;
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// Of what has been written: 64 hexadecimal digits.
  [[nodiscard]] std::string sha256() const;
  /// Moves the file to `path`, on the same file system, and replaces what is there. 500 if it cannot.
  [[nodiscard]] api::Outcome<void> keep(const std::filesystem::path& path);

 private:
  FileUpload(std::filesystem::path path, int file, std::size_t limit, Provider& provider);
  std::filesystem::path path_;
  net::Descriptor file_;
  std::size_t limit_, size_ = 0;
  std::unique_ptr<Hash> hash_;
  bool kept_ = false;
};

}  // namespace redan::cloud::unit
