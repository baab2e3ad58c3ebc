// Images and addons.
#include <algorithm>
#include <array>
#include <map>

#include "cloud/ams/routes/routes.hpp"
#include "cloud/api/ids.hpp"
#include "net/clock.hpp"

namespace redan::cloud::ams {
namespace {

namespace json = boost::json;
using trust::Scope;

constexpr std::array<std::string_view, 3> kImageFilters{"name", "default", "type"};
constexpr std::array<std::string_view, 1> kAddonFilters{"name"};

/// The ids of the applications whose newest version names an image or an addon, by its name.
using Users = std::map<std::string, std::vector<std::string>, std::less<>>;

void note_user(Users& users, const json::value* member, const std::string& application) {
  if (member == nullptr) return;
  if (member->is_string()) users[std::string(member->get_string())].push_back(application);
  if (!member->is_array()) return;
  for (const json::value& one : member->get_array()) {
    if (one.is_string()) users[std::string(one.get_string())].push_back(application);
  }
}

net::Task<Outcome<Users>> users_of(Ams& ams, std::string member) {
  REDAN_CO_TRY(const auto found, co_await ams.applications(kEverything));
  Users users;
  for (const api::Application& application : found.elements) {
    if (application.versions.empty()) continue;
    const json::value* own = application.settings.if_contains(member);
    note_user(users, own != nullptr ? own : application.versions.back().manifest.if_contains(member), application.id);
  }
  co_return users;
}

std::vector<std::string> used_by(const Users& users, const std::string& name) {
  const auto found = users.find(name);
  return found == users.end() ? std::vector<std::string>() : found->second;
}

api::Refusal upload_missing() {
  return api::bad_request("send the archive as the body, with the content type application/octet-stream");
}

Outcome<void> check_type(std::string_view type) {
  if (type.empty() || type == "container") return {};
  if (type == "vm")
    return api::refuse({400, "not_implemented", "images of virtual machines are not implemented", {}, 0});
  return api::refuse(api::bad_request("\"type\" is container"));
}

/// An image comes from an upload; clients send an empty source, or name that one.
Outcome<void> check_source(const json::object& source, const api::UnknownMembers& unknown) {
  std::string type, instance;
  bool force = false;
  api::Members members(source, "source.");
  REDAN_CHECK(members.text("type", type).text("instance", instance).boolean("force", force).end(unknown));
  if (!type.empty() && type != "upload") {
    return api::refuse(
        {400, "not_implemented", "\"source.type\": only uploads are implemented, not the image server", {}, 0});
  }
  return api::Members(source, "source.").unimplemented({"instance", "force"}).known({"type"}).end({});
}

// Images.

net::Task<Reply> list_images(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto images, co_await ams.images().all());
  REDAN_CO_TRY(const auto users, co_await users_of(ams, "image"));
  json::array objects;
  for (const api::Image& image : images) objects.emplace_back(to_json(image, used_by(users, image.name)));
  // The default image is asked for without recursion, and clients expect the object.
  if (call.query("default") == "true") {
    json::array found;
    for (json::value& image : objects) {
      if (image.at("default").as_bool()) found.push_back(std::move(image));
    }
    co_return sync_reply(std::move(found));
  }
  co_return list_reply(call, std::move(objects), "/1.0/images", "id", kImageFilters);
}

net::Task<Reply> show_image(Ams& ams, Call call) {
  REDAN_CO_CHECK(check_type(call.query("type").value_or("")));
  REDAN_CO_TRY(const auto image, co_await ams.images().find(call.parameters[0]));
  REDAN_CO_TRY(const auto users, co_await users_of(ams, "image"));
  co_return sync_reply(to_json(image, used_by(users, image.name)));
}

// One image is the default.
net::Task<Outcome<void>> make_default(Ams& ams, std::string id) {
  REDAN_CO_TRY(const auto images, co_await ams.images().all());
  for (const api::Image& image : images) {
    const bool is_it = image.id == id;
    if (image.is_default == is_it) continue;
    std::function<void(api::Image&)> edit = [is_it](api::Image& stored) { stored.is_default = is_it; };
    std::string which = image.id;
    REDAN_CO_CHECK(co_await ams.images().change(std::move(which), std::move(edit)));
  }
  co_return Outcome<void>{};
}

net::Task<Reply> add_image(Ams& ams, Call call) {
  REDAN_CO_TRY(auto upload, call.upload());
  auto request = upload ? call.upload_request() : call.body();
  if (!request) co_return api::refuse(request.error());
  api::Image image;
  std::string path, type;
  json::object source;
  bool is_default = false;
  REDAN_CO_CHECK(api::Members(*request)
                     .text("name", image.name)
                     .text("path", path, 4096)
                     .text("type", type)
                     .boolean("default", is_default)
                     .object("source", source)
                     .end(call.unknown));
  REDAN_CO_CHECK(check_type(type));
  REDAN_CO_CHECK(check_source(source, call.unknown));
  if (!path.empty()) {
    co_return api::refuse({501, "not_implemented", "\"path\": the image server is not implemented", {}, 0});
  }
  if (!upload) co_return api::refuse(upload_missing());
  image.id = api::new_id(ams.context().provider, net::wall_time());
  const std::string id = image.id;
  REDAN_CO_TRY(auto done, co_await ams.images().add(std::move(image), std::move(upload)));
  if (is_default) REDAN_CO_CHECK(co_await make_default(ams, id));
  co_return async_reply(done);
}

net::Task<Reply> change_image(Ams& ams, Call call) {
  REDAN_CO_TRY(auto upload, call.upload());
  auto request = upload ? call.upload_request() : call.body();
  if (!request) co_return api::refuse(request.error());
  bool is_default = false;
  bool force_sync = false;
  api::Members members(*request);
  REDAN_CO_CHECK(members.boolean("default", is_default).boolean("force_sync", force_sync).end(call.unknown));
  if (force_sync) {
    co_return api::refuse({400, "not_implemented", "\"force_sync\": the image server is not implemented", {}, 0});
  }
  REDAN_CO_TRY(const auto image, co_await ams.images().find(call.parameters[0]));
  Outcome<api::Operation> done;
  if (upload) {
    done = co_await ams.images().add_version(call.parameters[0], std::move(upload));
  } else {
    std::function<void(api::Image&)> edit = [&](api::Image& stored) {
      if (members.has("default")) stored.is_default = is_default;
    };
    done = co_await ams.images().change(call.parameters[0], std::move(edit));
  }
  if (!done) co_return api::refuse(done.error());
  if (is_default) REDAN_CO_CHECK(co_await make_default(ams, image.id));
  co_return async_reply(*done);
}

net::Task<Reply> remove_image(Ams& ams, Call call) {
  REDAN_CO_TRY(const bool force, parse_force(call));
  REDAN_CO_TRY(const auto image, co_await ams.images().find(call.parameters[0]));
  REDAN_CO_TRY(const auto users, co_await users_of(ams, "image"));
  if (!force && !used_by(users, image.name).empty()) {
    co_return api::refuse(api::conflict("applications use this image; use force"));
  }
  REDAN_CO_TRY(auto done, co_await ams.images().remove(call.parameters[0]));
  co_return async_reply(done);
}

net::Task<Reply> remove_image_version(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto number, call.number(1));
  REDAN_CO_TRY(auto done, co_await ams.images().remove_version(call.parameters[0], number));
  co_return async_reply(done);
}

// Addons.

net::Task<Reply> list_addons(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto addons, co_await ams.addons().all());
  REDAN_CO_TRY(const auto users, co_await users_of(ams, "addons"));
  json::array objects;
  for (const api::Addon& addon : addons) objects.emplace_back(to_json(addon, used_by(users, addon.name)));
  co_return list_reply(call, std::move(objects), "/1.0/addons", "name", kAddonFilters);
}

net::Task<Reply> show_addon(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto addon, co_await ams.addons().find(call.parameters[0]));
  REDAN_CO_TRY(const auto users, co_await users_of(ams, "addons"));
  co_return sync_reply(to_json(addon, used_by(users, addon.name)));
}

net::Task<Reply> add_addon(Ams& ams, Call call) {
  REDAN_CO_TRY(auto upload, call.upload());
  if (!upload) co_return api::refuse(upload_missing());
  REDAN_CO_TRY(auto request, call.upload_request());
  api::Addon addon;
  REDAN_CO_CHECK(api::Members(request).text("name", addon.name).end(call.unknown));
  REDAN_CO_CHECK(co_await ams.check_addon(upload));
  REDAN_CO_TRY(auto done, co_await ams.addons().add(std::move(addon), std::move(upload)));
  co_return async_reply(done);
}

net::Task<Reply> change_addon(Ams& ams, Call call) {
  REDAN_CO_TRY(auto upload, call.upload());
  if (!upload) co_return api::refuse(upload_missing());
  REDAN_CO_TRY(auto request, call.upload_request());
  REDAN_CO_CHECK(api::Members(request).end(call.unknown));
  REDAN_CO_CHECK(co_await ams.check_addon(upload));
  REDAN_CO_TRY(auto done, co_await ams.addons().add_version(call.parameters[0], std::move(upload)));
  co_return async_reply(done);
}

net::Task<Reply> remove_addon(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto addon, co_await ams.addons().find(call.parameters[0]));
  REDAN_CO_TRY(const auto users, co_await users_of(ams, "addons"));
  if (!used_by(users, addon.name).empty()) {
    co_return api::refuse(api::conflict("applications use this addon"));
  }
  REDAN_CO_TRY(auto done, co_await ams.addons().remove(call.parameters[0]));
  co_return async_reply(done);
}

net::Task<Reply> remove_addon_version(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto number, call.number(1));
  REDAN_CO_TRY(auto done, co_await ams.addons().remove_version(call.parameters[0], number));
  co_return async_reply(done);
}

constexpr std::array kImageRoutes{
    Route{"GET", "/1.0/images", Scope::application_read, "images", list_images},
    Route{"POST", "/1.0/images", Scope::application_write, "images", add_image, true},
    Route{"GET", "/1.0/images/{id}", Scope::application_read, "image", show_image},
    Route{"PATCH", "/1.0/images/{id}", Scope::application_write, "image", change_image, true},
    Route{"DELETE", "/1.0/images/{id}", Scope::application_write, "image", remove_image},
    Route{"DELETE", "/1.0/images/{id}/{version}", Scope::application_write, "image_version", remove_image_version},
};
constexpr std::array kAddonRoutes{
    Route{"GET", "/1.0/addons", Scope::application_read, "addons", list_addons},
    Route{"POST", "/1.0/addons", Scope::application_write, "addons", add_addon, true},
    Route{"GET", "/1.0/addons/{name}", Scope::application_read, "addon", show_addon},
    Route{"PATCH", "/1.0/addons/{name}", Scope::application_write, "addon", change_addon, true},
    Route{"DELETE", "/1.0/addons/{name}", Scope::application_write, "addon", remove_addon},
    Route{"DELETE", "/1.0/addons/{name}/{version}", Scope::application_write, "addon_version", remove_addon_version},
};

}  // namespace

std::span<const Route> image_routes() { return kImageRoutes; }
std::span<const Route> addon_routes() { return kAddonRoutes; }

}  // namespace redan::cloud::ams
