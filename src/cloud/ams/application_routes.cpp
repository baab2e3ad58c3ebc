// Applications and their versions.
#include "base/hex.hpp"
#include "base/words.hpp"
#include "cloud/ams/routes.hpp"

namespace redan::cloud::ams {

namespace json = boost::json;

net::Task<Reply> list_applications(Ams& ams, Call call) {
  const auto page = call.page();
  if (!page) co_return api::refuse(page.error());
  auto found = co_await ams.applications(*page);
  if (!found) co_return api::refuse(found.error());
  json::array elements;
  for (const api::Application& application : found->elements) {
    if (call.recursive()) {
      elements.emplace_back(to_json(application));
    } else {
      elements.emplace_back("/1.0/applications/" + application.id);
    }
  }
  co_return sync_reply(std::move(elements), found->total);
}

net::Task<Reply> add_application(Ams& ams, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto added = co_await ams.add_application(std::move(*body));
  if (!added) co_return api::refuse(added.error());
  co_return sync_reply(to_json(*added));
}

net::Task<Reply> show_application(Ams& ams, Call call) {
  auto found = co_await ams.application(call.parameters[0]);
  if (!found) co_return api::refuse(found.error());
  co_return with_etag(sync_reply(to_json(found->value)), found->revision);
}

net::Task<Reply> add_application_version(Ams& ams, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto added = co_await ams.add_application_version(call.parameters[0], std::move(*body));
  if (!added) co_return api::refuse(added.error());
  co_return sync_reply(to_json(*added));
}

net::Task<Reply> remove_application(Ams& ams, Call call) {
  auto removed = co_await ams.remove_application(call.parameters[0]);
  if (!removed) co_return api::refuse(removed.error());
  co_return sync_reply(json::object());
}

net::Task<Reply> show_version(Ams& ams, Call call) {
  auto found = co_await ams.application(call.parameters[0]);
  if (!found) co_return api::refuse(found.error());
  const auto number = to_number<std::int64_t>(call.parameters[1]);
  const api::ApplicationVersion* version = number ? found->value.version(*number) : nullptr;
  if (version == nullptr) co_return api::refuse(api::not_found("version"));
  co_return sync_reply(to_json(*version));
}

net::Task<Reply> publish_version(Ams& ams, Call call) {
  auto body = api::parse_body(call.http.body);
  if (!body) co_return api::refuse(body.error());
  auto published = api::bool_member(*body, "published", true);
  if (!published) co_return api::refuse(published.error());
  const auto number = to_number<std::int64_t>(call.parameters[1]);
  if (!number) co_return api::refuse(api::not_found("version"));
  auto done = co_await ams.publish_version(call.parameters[0], *number, *published);
  if (!done) co_return api::refuse(done.error());
  co_return sync_reply(json::object());
}

// For agents, which ask every few seconds: names and published versions, not the manifests; from memory; and nothing
// at all while nothing has changed.
net::Task<Reply> list_offers(Ams& ams, Call call) {
  const auto page = call.page();
  if (!page) co_return api::refuse(page.error());
  json::array elements;
  std::size_t at = 0;
  for (const auto& [id, offer] : ams.offers()) {
    if (at++ < page->offset || elements.size() >= page->limit) continue;
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
