// Records of one type, by name, below a prefix of the store.
#pragma once

#include "cloud/api/described.hpp"
#include "cloud/store/store.hpp"

namespace redan::cloud::unit {

template <class T>
struct Versioned {
  T value;
  store::Revision revision{};  ///< of the entry
};

/// T is a described struct with a member `name`. The store outlives it.
template <class T>
class Records {
 public:
  using Edit = std::function<api::Outcome<void>(T&)>;

  /// `kind` is the word for one of them in refusals: "image".
  Records(store::Store& store, std::string_view prefix, std::string_view kind)
      : store_(store), prefix_(prefix), kind_(kind) {}

  /// All that can be read, ascending by name.
  net::Task<api::Outcome<std::vector<T>>> all() {
    auto entries = co_await store::list_all(store_, prefix_);
    if (!entries) co_return api::refuse(api::refusal_of(entries.error()));
    std::vector<T> values;
    for (const store::Entry& entry : *entries) {
      if (auto value = api::from_record_text<T>(entry.value)) values.push_back(std::move(*value));
    }
    co_return values;
  }

  net::Task<api::Outcome<Versioned<T>>> find(std::string name) {
    auto entry = co_await store_.get(prefix_ + name);
    if (!entry) co_return api::refuse(api::refusal_of(entry.error()));
    if (!*entry) co_return api::refuse(api::not_found(kind_));
    auto value = api::from_record_text<T>((*entry)->value);
    if (!value) co_return api::refuse(api::refusal_of(errc::store_failed));
    co_return Versioned<T>{std::move(*value), (*entry)->modified};
  }

  /// 409 if there is one of that name. `also` is committed with it.
  net::Task<api::Outcome<void>> add(T value, std::vector<store::Change> also) {
    also.emplace_back(store::Put{prefix_ + value.name, api::to_record_text(value), store::Absent{}, {}});
    const auto committed = co_await store_.commit(std::move(also));
    if (committed) co_return api::Outcome<void>{};
    if (committed.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(committed.error()));
    co_return api::refuse(api::conflict("there is already one of this name: " + value.name));
  }

  /// Reads, changes and writes it, and again if another writer was faster. A refusal of `edit` is returned.
  net::Task<api::Outcome<void>> edit(std::string name, Edit edit, std::vector<store::Change> also) {
    for (int attempt = 0; attempt < kMaxAttempts; ++attempt) {
      REDAN_CO_TRY(auto found, co_await find(name));
      REDAN_CO_CHECK(edit(found.value));
      std::vector<store::Change> changes = also;
      changes.emplace_back(
          store::Put{prefix_ + name, api::to_record_text(found.value), store::Unchanged{found.revision}, {}});
      const auto committed = co_await store_.commit(std::move(changes));
      if (committed) co_return api::Outcome<void>{};
      if (committed.error() != errc::store_conflict) co_return api::refuse(api::refusal_of(committed.error()));
    }
    co_return api::refuse(api::refusal_of(errc::store_conflict));
  }

  /// 404 if there is none.
  net::Task<api::Outcome<void>> remove(std::string name, std::vector<store::Change> also) {
    REDAN_CO_TRY(auto found, co_await find(name));
    also.emplace_back(store::Erase{prefix_ + name, store::Unchanged{found.revision}});
    const auto committed = co_await store_.commit(std::move(also));
    if (!committed) co_return api::refuse(api::refusal_of(committed.error()));
    co_return api::Outcome<void>{};
  }

 private:
  static constexpr int kMaxAttempts = 20;
  store::Store& store_;
  std::string prefix_, kind_;
};

}  // namespace redan::cloud::unit
