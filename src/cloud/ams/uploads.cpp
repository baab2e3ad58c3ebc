#include "cloud/ams/uploads.hpp"

#include <algorithm>

#include "cloud/api/ids.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

const std::string& resource(const api::Image& image) { return image.id; }
const std::string& resource(const api::Addon& addon) { return addon.name; }

bool is(const api::Image& image, std::string_view which) { return image.id == which || image.name == which; }
bool is(const api::Addon& addon, std::string_view which) { return addon.name == which; }

}  // namespace

template <class T>
net::Task<Outcome<T>> Uploads<T>::find(std::string which) {
  REDAN_CO_TRY(auto all, co_await records_.all());
  const auto found = std::find_if(all.begin(), all.end(), [&](const T& value) { return is(value, which); });
  if (found == all.end()) co_return api::refuse(api::not_found(kind_.word));
  co_return std::move(*found);
}

template <class T>
std::filesystem::path Uploads<T>::file(const T& value, const api::UploadedVersion& version) const {
  return context_.directory / kind_.plural / resource(value) / version.fingerprint;
}

template <class T>
api::Operation Uploads<T>::operation(std::string_view verb, const T& value) {
  return context_.completed(std::string(verb) + " " + std::string(kind_.word), std::string(kind_.plural),
                            {resource(value)});
}

// The file is complete before the record names it. Equal archives share it.
template <class T>
Outcome<void> Uploads<T>::store_archive(T& value, unit::FileUpload& upload) {
  if (value.versions.size() >= kMaxVersions)
    return api::refuse(api::conflict("it has 100 versions; delete some first"));
  if (upload.size() == 0) return api::refuse(api::bad_request("the archive is empty"));
  api::UploadedVersion version;
  version.number = value.next_version++;
  version.fingerprint = upload.sha256();
  version.size = static_cast<std::int64_t>(upload.size());
  version.created_at = net::wall_time().seconds_since_1970;
  REDAN_CHECK(make_directory(context_, std::filesystem::path(kind_.plural) / resource(value)));
  REDAN_CHECK(upload.keep(file(value, version)));
  value.versions.push_back(std::move(version));
  return {};
}

template <class T>
net::Task<Outcome<api::Operation>> Uploads<T>::add(T value, Upload upload) {
  if (!api::is_name(value.name)) {
    co_return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  }
  auto known = co_await find(value.name);
  if (known) co_return api::refuse(api::conflict("there is already one of this name: " + value.name));
  if (known.error().status != 404) co_return api::refuse(known.error());
  REDAN_CO_CHECK(store_archive(value, *upload));
  api::Operation done = operation("Add", value);
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  REDAN_CO_CHECK(co_await records_.add(std::move(value), std::move(also)));
  co_return done;
}

template <class T>
net::Task<Outcome<api::Operation>> Uploads<T>::add_version(std::string which, Upload upload) {
  REDAN_CO_TRY(auto value, co_await find(std::move(which)));
  api::Operation done = operation("Update", value);
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  std::function<Outcome<void>(T&)> edit = [this, upload](T& current) { return store_archive(current, *upload); };
  REDAN_CO_CHECK(co_await records_.edit(value.name, std::move(edit), std::move(also)));
  co_return done;
}

template <class T>
net::Task<Outcome<api::Operation>> Uploads<T>::change(std::string which, std::function<void(T&)> edit) {
  REDAN_CO_TRY(auto value, co_await find(std::move(which)));
  api::Operation done = operation("Update", value);
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  std::function<Outcome<void>(T&)> always = [edit = std::move(edit)](T& current) {
    edit(current);
    return Outcome<void>{};
  };
  REDAN_CO_CHECK(co_await records_.edit(value.name, std::move(always), std::move(also)));
  co_return done;
}

template <class T>
net::Task<Outcome<api::Operation>> Uploads<T>::remove(std::string which) {
  REDAN_CO_TRY(auto value, co_await find(std::move(which)));
  api::Operation done = operation("Delete", value);
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  REDAN_CO_CHECK(co_await records_.remove(value.name, std::move(also)));
  std::error_code ignored;  // what is left costs space only
  std::filesystem::remove_all(context_.directory / kind_.plural / resource(value), ignored);
  co_return done;
}

template <class T>
net::Task<Outcome<api::Operation>> Uploads<T>::remove_version(std::string which, std::int64_t number) {
  REDAN_CO_TRY(auto value, co_await find(std::move(which)));
  api::Operation done = operation("Update", value);
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  std::function<Outcome<void>(T&)> edit = [this, number](T& current) -> Outcome<void> {
    const auto version = std::find_if(current.versions.begin(), current.versions.end(),
                                      [number](const api::UploadedVersion& one) { return one.number == number; });
    if (version == current.versions.end()) return api::refuse(api::not_found("version"));
    if (current.versions.size() == 1) {
      return api::refuse(api::conflict("this is its only version; delete the " + std::string(kind_.word)));
    }
    current.versions.erase(version);
    return {};
  };
  REDAN_CO_CHECK(co_await records_.edit(value.name, std::move(edit), std::move(also)));
  REDAN_CO_TRY(const auto left, co_await records_.find(value.name));
  for (const api::UploadedVersion& old : value.versions) {
    const auto same = [&](const api::UploadedVersion& kept) { return kept.fingerprint == old.fingerprint; };
    std::error_code ignored;  // what is left costs space only
    if (std::none_of(left.value.versions.begin(), left.value.versions.end(), same)) {
      std::filesystem::remove(file(value, old), ignored);
    }
  }
  co_return done;
}

template class Uploads<api::Image>;
template class Uploads<api::Addon>;

}  // namespace redan::cloud::ams
