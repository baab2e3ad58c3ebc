#include "cloud/ams/context.hpp"

#include "cloud/api/ids.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {

api::Operation Context::completed(std::string description, std::string type, std::vector<std::string> resources) {
  api::Operation operation;
  operation.id = api::new_uuid(provider);
  operation.description = std::move(description);
  operation.resource_type = std::move(type);
  operation.resources = std::move(resources);
  operation.unit = unit;
  operation.status = api::OperationStatus::success;
  operation.created_at = net::wall_time().seconds_since_1970;
  return operation;
}

store::Change Context::record(api::Operation& operation) const {
  operation.updated_at = net::wall_time().seconds_since_1970;
  return store::Put{keys::at(keys::kOperations, operation.id), to_record(operation), store::Anything{}, {}};
}

std::filesystem::path incoming(const Context& context) { return std::filesystem::path("incoming") / context.unit; }

Outcome<std::filesystem::path> make_directory(const Context& context, const std::filesystem::path& below) {
  if (context.directory.empty()) {
    return api::refuse(
        {501, "not_implemented", "this AMS has no directory for uploads", "start it with --data-dir", 0});
  }
  const std::filesystem::path directory = context.directory / below;
  std::error_code error;
  std::filesystem::create_directories(directory, error);
  if (!error) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);
  if (error)
    return api::refuse({500, "upload_failed", "cannot create the upload's directory: " + error.message(), {}, 0});
  return directory;
}

}  // namespace redan::cloud::ams
