// Applications and their versions.
#include "base/hex.hpp"
#include "base/words.hpp"
#include "cloud/ams/routes/routes.hpp"

namespace redan::cloud::ams {

namespace json = boost::json;

net::Task<Reply> list_applications(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto page, call.page());
  REDAN_CO_TRY(auto found, co_await ams.applications(page));
  json::array elements;
  for (const api::Application& application : found.elements) {
    if (call.recursive()) {
      elements.emplace_back(to_json(application));
    } else {
      elements.emplace_back("/1.0/applications/" + application.id);
    }
  }
  co_return sync_reply(std::move(elements), found.total);
}

net::Task<Reply> add_application(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto added, co_await ams.add_application(std::move(body)));
  co_return sync_reply(to_json(added));
}

net::Task<Reply> show_application(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.application(call.parameters[0]));
  co_return with_etag(sync_reply(to_json(found.value)), found.revision);
}

net::Task<Reply> add_application_version(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto added, co_await ams.add_application_version(call.parameters[0], std::move(body)));
  co_return sync_reply(to_json(added));
}

net::Task<Reply> remove_application(Ams& ams, Call call) {
  REDAN_CO_CHECK(co_await ams.remove_application(call.parameters[0]));
  co_return sync_reply(json::object());
}

net::Task<Reply> show_version(Ams& ams, Call call) {
  REDAN_CO_TRY(auto found, co_await ams.application(call.parameters[0]));
  const auto number = to_number<std::int64_t>(call.parameters[1]);
  const api::ApplicationVersion* version = number ? found.value.version(*number) : nullptr;
  if (version == nullptr) co_return api::refuse(api::not_found("version"));
  co_return sync_reply(to_json(*version));
}

net::Task<Reply> publish_version(Ams& ams, Call call) {
  REDAN_CO_TRY(auto body, api::parse_body(call.http.body));
  REDAN_CO_TRY(auto published, api::bool_member(body, "published", true));
  const auto number = to_number<std::int64_t>(call.parameters[1]);
  if (!number) co_return api::refuse(api::not_found("version"));
  REDAN_CO_CHECK(co_await ams.publish_version(call.parameters[0], *number, published));
  co_return sync_reply(json::object());
}

// For agents, which poll every few seconds. Returns names and published versions without the manifests, from memory,
// and an empty response if nothing has changed.
net::Task<Reply> list_offers(Ams& ams, Call call) {
  REDAN_CO_TRY(const auto page, call.page());
  json::array elements;
  std::size_t at = 0;
  for (const auto& [id, offer] : ams.offers()) {
    if (at++ < page.offset || elements.size() >= page.limit) continue;
    json::array versions;
    for (const std::int64_t number : offer.versions) versions.emplace_back(number);
    elements.emplace_back(json::object{{"name", offer.name}, {"versions", std::move(versions)}});
  }
  net::HttpResponse response = sync_reply(std::move(elements), ams.offers().size());
  const std::string etag = "\"" + to_hex(ams.sha256(response.body).bytes().first(16)) + "\"";
  if (net::find_header(call.http.headers, "If-None-Match") == etag) {
    response.status = 304;
    response.body.clear();
  }
  response.headers.push_back({"ETag", etag});
  co_return response;
}

}  // namespace redan::cloud::ams
