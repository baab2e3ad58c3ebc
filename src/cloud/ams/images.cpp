// The images that were uploaded, as instances and launchers use them.
#include <algorithm>

#include "cloud/ams/service.hpp"

namespace redan::cloud::ams {
namespace {

// -1: the newest.
const api::UploadedVersion* find_version(const api::Image& image, std::int64_t number) {
  if (number < 0) return image.versions.empty() ? nullptr : &image.versions.back();
  const auto found = std::find_if(image.versions.begin(), image.versions.end(),
                                  [number](const api::UploadedVersion& version) { return version.number == number; });
  return found == image.versions.end() ? nullptr : &*found;
}

}  // namespace

// Uploaded images are known by id and name, and one may be the default. A launcher may have others of its own.
net::Task<Outcome<void>> Ams::choose_image(api::Instance& instance, std::int64_t version) {
  REDAN_CO_TRY(const auto all, co_await images_.all());
  const auto found = std::find_if(all.begin(), all.end(), [&](const api::Image& image) {
    return instance.image_id.empty() ? image.is_default
                                     : image.id == instance.image_id || image.name == instance.image_id;
  });
  if (found == all.end() && version >= 0) co_return api::refuse(api::not_found("version of this image"));
  if (found == all.end()) co_return Outcome<void>{};
  const api::UploadedVersion* chosen = find_version(*found, version);
  if (chosen == nullptr) co_return api::refuse(api::not_found("version of this image"));
  instance.image_id = found->id;
  instance.image_version = chosen->number;
  co_return Outcome<void>{};
}

// One that was deleted since is passed on as it is named: what exists of the instance needs it no more.
net::Task<Outcome<void>> Ams::pass_image(const api::Instance& instance, LaunchSpec& spec) {
  spec.image = instance.image_id;
  if (spec.image.empty()) co_return Outcome<void>{};
  std::string which = instance.image_id;
  const auto image = co_await images_.find(std::move(which));
  if (!image && image.error().status == 404) co_return Outcome<void>{};
  if (!image) co_return api::refuse(image.error());
  const api::UploadedVersion* version = find_version(*image, instance.image_version);
  if (version == nullptr) co_return Outcome<void>{};
  spec.image = version->fingerprint;
  spec.image_file = images_.file(*image, *version);
  co_return Outcome<void>{};
}

net::Task<void> Ams::retain_images() {
  const auto all = co_await images_.all();
  if (!all) co_return;
  std::set<std::string> fingerprints;
  for (const api::Image& image : *all) {
    for (const api::UploadedVersion& version : image.versions) fingerprints.insert(version.fingerprint);
  }
  co_await launcher_.retain_images(std::move(fingerprints));
}

}  // namespace redan::cloud::ams
