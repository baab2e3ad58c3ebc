// Images and addons: uploaded archives with a name and numbered versions. An archive is a file below the directory for
// uploads, named by its SHA-256.
#pragma once

#include "cloud/ams/context.hpp"
#include "cloud/api/catalogue.hpp"
#include "cloud/unit/records.hpp"
#include "cloud/unit/upload.hpp"

namespace redan::cloud::ams {

/// T is api::Image or api::Addon.
template <class T>
class Uploads {
 public:
  using Upload = std::shared_ptr<unit::FileUpload>;
  struct Kind {
    std::string_view word;    ///< "image"
    std::string_view plural;  ///< "images": the path of its resources, and its directory
    std::string_view prefix;  ///< of its records
  };

  Uploads(Context& context, Kind kind)
      : context_(context), kind_(kind), records_(context.store, kind.prefix, kind.word) {}

  [[nodiscard]] net::Task<Outcome<std::vector<T>>> all() { return records_.all(); }
  /// By its name or, for an image, its id.
  [[nodiscard]] net::Task<Outcome<T>> find(std::string which);
  /// `value` has no version yet.
  [[nodiscard]] net::Task<Outcome<api::Operation>> add(T value, Upload upload);
  [[nodiscard]] net::Task<Outcome<api::Operation>> add_version(std::string which, Upload upload);
  [[nodiscard]] net::Task<Outcome<api::Operation>> change(std::string which, std::function<void(T&)> edit);
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove(std::string which);
  /// 409 for its only version.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove_version(std::string which, std::int64_t number);
  /// The archive's file.
  [[nodiscard]] std::filesystem::path file(const T& value, const api::UploadedVersion& version) const;

 private:
  static constexpr std::size_t kMaxVersions = 100;
  Outcome<void> store_archive(T& value, unit::FileUpload& upload);
  [[nodiscard]] api::Operation operation(std::string_view verb, const T& value);

  Context& context_;
  Kind kind_;
  unit::Records<T> records_;
};

extern template class Uploads<api::Image>;
extern template class Uploads<api::Addon>;

}  // namespace redan::cloud::ams
