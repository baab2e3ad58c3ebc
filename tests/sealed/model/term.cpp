#include "tests/sealed/model/term.hpp"

#include <algorithm>

namespace redan::test::model {

// Terms.

Terms::Terms() : nodes_(1) {}

Term Terms::make(Operation operation, std::vector<Term> parts, std::string_view name) {
  std::string key(1, static_cast<char>(operation));
  key.append(name);
  for (const Term part : parts) key.append(reinterpret_cast<const char*>(&part), sizeof part);
  const auto [place, is_new] = numbers_.try_emplace(std::move(key), static_cast<Term>(nodes_.size()));
  if (is_new) nodes_.push_back({operation, std::move(parts), std::string(name)});
  return place->second;
}

Term Terms::agree(Term exponent, Term share) {
  const Term own = this->share(exponent);
  return make(Operation::agree, {std::min(own, share), std::max(own, share)});
}

std::string Terms::text(Term term) const {
  static constexpr const char* kNames[] = {"", "", "", "pk", "g^", "dh", "sign", "hash", "key", "seal"};
  const Node& node = nodes_[term];
  if (node.parts.empty()) return node.name;
  std::string text = std::string(kNames[static_cast<int>(node.operation)]) + "(";
  for (const Term part : node.parts) text += (text.back() == '(' ? "" : ", ") + this->text(part);
  return text + ")";
}

// Knowledge.

void Knowledge::learn(Term term) {
  take_apart(term);
  while (open_one()) {
  }
}

void Knowledge::take_apart(Term term) {
  if (has(term)) return;
  if (known_.size() <= term) known_.resize(terms_->size());
  known_[term] = true;
  const auto& parts = terms_->parts(term);
  switch (terms_->operation(term)) {
    case Operation::tuple:
      for (const Term part : parts) take_apart(part);
      break;
    case Operation::sign:
      take_apart(parts[1]);
      break;
    case Operation::seal:
      sealed_.push_back(term);
      break;
    default:
      break;
  }
}

bool Knowledge::open_one() {
  const auto open =
      std::find_if(sealed_.begin(), sealed_.end(), [&](Term term) { return derives(terms_->parts(term).front()); });
  if (open == sealed_.end()) return false;
  const Term inside = terms_->parts(*open)[1];
  sealed_.erase(open);
  take_apart(inside);
  return true;
}

bool Knowledge::derives(Term term) const {
  if (has(term)) return true;
  const auto& parts = terms_->parts(term);
  switch (terms_->operation(term)) {
    case Operation::constant:
      return true;
    case Operation::name:
      return false;
    case Operation::agree:
      return derives_agreement(parts[0], parts[1]) || derives_agreement(parts[1], parts[0]);
    default:
      return std::all_of(parts.begin(), parts.end(), [&](Term part) { return derives(part); });
  }
}

bool Knowledge::derives_agreement(Term own, Term share) const {
  return derives(terms_->parts(own).front()) && derives(share);
}

}  // namespace redan::test::model
