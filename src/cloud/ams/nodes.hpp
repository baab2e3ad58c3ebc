// The machines that run instances. Each unit of AMS announces its own node; operators set the rest.
#pragma once

#include "cloud/ams/context.hpp"
#include "cloud/api/catalogue.hpp"
#include "cloud/unit/records.hpp"

namespace redan::cloud::ams {

class Nodes {
 public:
  explicit Nodes(Context& context) : context_(context), records_(context.store, keys::kNodes, "node") {}

  [[nodiscard]] net::Task<Outcome<std::vector<api::Node>>> all() { return records_.all(); }
  [[nodiscard]] net::Task<Outcome<unit::Versioned<api::Node>>> find(std::string name) {
    return records_.find(std::move(name));
  }
  /// Records this unit's node; keeps what operators have set.
  [[nodiscard]] net::Task<Outcome<void>> announce(std::string url);
  /// A node whose unit has not been started yet.
  [[nodiscard]] net::Task<Outcome<api::Operation>> add(api::Node node);
  [[nodiscard]] net::Task<Outcome<api::Operation>> change(std::string name,
                                                          std::function<Outcome<void>(api::Node&)> edit);
  /// The caller makes sure that no instance is on it.
  [[nodiscard]] net::Task<Outcome<api::Operation>> remove(std::string name);
  /// For a new instance: `wanted` if it is named, otherwise one that can be scheduled and has all these tags, this
  /// unit's preferred. 404, or 409 if there is none.
  [[nodiscard]] net::Task<Outcome<std::string>> choose(std::string wanted, std::vector<std::string> tags);

 private:
  Context& context_;
  unit::Records<api::Node> records_;
};

}  // namespace redan::cloud::ams
