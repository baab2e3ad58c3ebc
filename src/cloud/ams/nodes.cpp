#include "cloud/ams/nodes.hpp"

#include <unistd.h>

#include <algorithm>
#include <thread>

#include "cloud/api/ids.hpp"
#include "cloud/api/size.hpp"

namespace redan::cloud::ams {

net::Task<Outcome<void>> Nodes::announce(std::string url) {
  auto known = co_await records_.find(context_.unit);
  if (!known && known.error().status != 404) co_return api::refuse(known.error());
  std::vector<store::Change> nothing;
  if (!known) {
    api::Node node{context_.unit, std::move(url)};
    node.announced = true;
    node.cpus = static_cast<std::int64_t>(std::thread::hardware_concurrency());
    node.memory = api::size_text(::sysconf(_SC_PHYS_PAGES) * ::sysconf(_SC_PAGESIZE));
    co_return co_await records_.add(std::move(node), std::move(nothing));
  }
  if (known->value.address == url && known->value.announced) co_return Outcome<void>{};
  std::function<Outcome<void>(api::Node&)> edit = [url](api::Node& node) {
    node.address = url;
    node.announced = true;
    return Outcome<void>{};
  };
  co_return co_await records_.edit(context_.unit, std::move(edit), std::move(nothing));
}

net::Task<Outcome<api::Operation>> Nodes::add(api::Node node) {
  if (!api::is_name(node.name)) co_return api::refuse(api::bad_request("\"name\" is 1 to 63 letters, digits, . _ -"));
  api::Operation done = context_.completed("Add node", "nodes", {node.name});
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  REDAN_CO_CHECK(co_await records_.add(std::move(node), std::move(also)));
  co_return done;
}

net::Task<Outcome<api::Operation>> Nodes::change(std::string name, std::function<Outcome<void>(api::Node&)> edit) {
  api::Operation done = context_.completed("Update node", "nodes", {name});
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  REDAN_CO_CHECK(co_await records_.edit(std::move(name), std::move(edit), std::move(also)));
  co_return done;
}

net::Task<Outcome<api::Operation>> Nodes::remove(std::string name) {
  if (name == context_.unit) co_return api::refuse(api::conflict("this unit runs on that node; ask another one"));
  api::Operation done = context_.completed("Remove node", "nodes", {name});
  std::vector<store::Change> also;
  also.push_back(context_.record(done));
  REDAN_CO_CHECK(co_await records_.remove(std::move(name), std::move(also)));
  co_return done;
}

net::Task<Outcome<std::string>> Nodes::choose(std::string wanted, std::vector<std::string> tags) {
  if (!wanted.empty()) {
    REDAN_CO_TRY(const auto found, co_await records_.find(wanted));
    if (!found.value.announced)
      co_return api::refuse(api::conflict("the unit of node " + wanted + " was never started"));
    co_return wanted;
  }
  REDAN_CO_TRY(const auto nodes, co_await records_.all());
  const auto fits = [&](const api::Node& node) {
    return node.announced && !node.unschedulable && std::all_of(tags.begin(), tags.end(), [&](const std::string& tag) {
             return std::find(node.tags.begin(), node.tags.end(), tag) != node.tags.end();
           });
  };
  const api::Node* chosen = nullptr;
  for (const api::Node& node : nodes) {
    if (fits(node) && (chosen == nullptr || node.name == context_.unit)) chosen = &node;
  }
  if (chosen == nullptr)
    co_return api::refuse(
        api::conflict("no node can take the instance: all are unschedulable or lack a tag of its node_selector"));
  co_return chosen->name;
}

}  // namespace redan::cloud::ams
