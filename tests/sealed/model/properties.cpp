// The properties that must hold in every state of the search.
#include "tests/sealed/model/search.hpp"

namespace redan::test::model {

std::string_view name(Property property) {
  static constexpr std::array<std::string_view, 9> kNames = {
      "secrecy",        "forward secrecy", "client authentication", "runtime authentication", "no replay",
      "same handshake", "same ends",       "confirmation",          "one channel per grant"};
  return kNames[static_cast<std::size_t>(property)];
}

void Search::require(bool holds, Property property) {
  if (holds || attacks_.contains(property)) return;
  for (const Step& step : path_) attacks_[property] += "  " + describe(step) + "\n";
}

bool Search::same_ends(const State& state, std::size_t client, std::size_t runtime) const {
  const ClientRun& c = clients_[client];
  const RuntimeState& r = state.runtimes[runtime];
  return c.self.public_key == r.grant.client && c.grant.session == r.grant.session &&
         state.clients[client].certificate.key == runtimes_[runtime].self.public_key &&
         c.grant.instance == runtimes_[runtime].certificate.instance;
}

bool Search::partners(const State& state, std::size_t client, std::size_t runtime) const {
  return same_ends(state, client, runtime) && clients_[client].hello.share == state.runtimes[runtime].hello.share &&
         state.clients[client].answer.share == runtimes_[runtime].share;
}

void Search::check(const State& state, const Knowledge& knowledge) {
  for (std::size_t run = 0; run < 2; ++run) {
    if (state.clients[run].stage != Stage::waiting) check_client(state, knowledge, run);
    if (state.runtimes[run].stage == Stage::established) check_runtime(state, knowledge, run);
  }
  check_together(state);
}

void Search::check_secret(const State& state, const Knowledge& knowledge, const Keys& keys) {
  if (state.leaked && (state.leaked->confirm == keys.confirm || state.leaked->to_runtime == keys.to_runtime)) return;
  for (const Term key : {keys.to_runtime, keys.to_client, keys.confirm}) {
    require(!knowledge.derives(key), state.revealed ? Property::forward_secrecy : Property::secrecy);
  }
}

void Search::check_client(const State& state, const Knowledge& knowledge, std::size_t run) {
  const ClientState& c = state.clients[run];
  if (!c.clean) return;
  check_secret(state, knowledge, c.keys);
  bool answered = false, same = false, accepted = false;
  for (std::size_t n = 0; n < 2; ++n) {
    const RuntimeState& r = state.runtimes[n];
    if (r.stage == Stage::waiting || !partners(state, run, n)) continue;
    answered = true;
    same = same || (r.hello == clients_[run].hello && r.answer == c.answer);
    accepted = accepted || r.stage == Stage::established;
  }
  require(answered, Property::client_authentication);
  require(same || !answered, Property::same_handshake);
  const bool leaked = state.leaked && state.leaked->to_client == c.keys.to_client;
  require(accepted || c.stage != Stage::confirmed || leaked, Property::confirmation);
  if (accepted && c.stage == Stage::confirmed) ++finished_;
}

void Search::check_runtime(const State& state, const Knowledge& knowledge, std::size_t run) {
  const RuntimeState& r = state.runtimes[run];
  if (!r.clean) return;
  check_secret(state, knowledge, r.keys);
  bool accepted = false, same = false;
  for (std::size_t n = 0; n < 2; ++n) {
    const ClientState& c = state.clients[n];
    if (c.stage == Stage::waiting || !partners(state, n, run)) continue;
    accepted = true;
    same = same || (r.hello == clients_[n].hello && r.answer == c.answer);
  }
  require(accepted, Property::runtime_authentication);
  require(same || !accepted, Property::same_handshake);
}

void Search::check_together(const State& state) {
  const auto& [c, d] = state.clients;
  const auto& [r, q] = state.runtimes;
  require(!(c.clean && d.clean && c.answer.share == d.answer.share), Property::no_replay);
  const bool both = r.stage == Stage::established && q.stage == Stage::established;
  require(!(both && r.clean && q.clean && r.hello.share == q.hello.share), Property::no_replay);
  const bool one_runtime = runtimes_[0].self.secret == runtimes_[1].self.secret;
  require(!(both && one_runtime && r.hello.grant == q.hello.grant), Property::one_channel_per_grant);
  for (std::size_t client = 0; client < 2; ++client) {
    for (std::size_t runtime = 0; runtime < 2; ++runtime) {
      if (state.clients[client].stage == Stage::waiting || state.runtimes[runtime].stage != Stage::established)
        continue;
      const bool same_keys = state.clients[client].keys.to_runtime == state.runtimes[runtime].keys.to_runtime;
      require(!same_keys || same_ends(state, client, runtime), Property::same_ends);
    }
  }
}

// Human-readable output.

std::string Search::describe(const Step& step) const {
  const std::string number = std::to_string(step.run + 1);
  const ClientRun& self = clients_[step.run];
  const ClientState& c = step.after->clients[step.run];
  const RuntimeState& r = step.after->runtimes[step.run];
  const auto text = [&](Term term) { return terms_.text(term); };
  switch (step.kind) {
    case Step::answer:
      return "runtime " + number + ", " + text(runtimes_[step.run].self.name) + ", answers a hello: session " +
             text(r.hello.session) + ", client " + text(owner(r.grant.client).name) + ", share " + text(r.hello.share) +
             ", " + text(r.hello.nonce) + ", suites " + text(r.hello.suites);
    case Step::accept:
      return "client " + number + ", " + text(self.self.name) + " in session " + text(self.grant.session) + " with " +
             text(self.grant.instance) + ", accepts " + text(owner(c.certificate.key).name) + ", share " +
             text(c.answer.share) + ", " + text(c.answer.nonce) + ", suite " + text(c.answer.suite);
    case Step::establish:
      return "runtime " + number + " accepts " + text(owner(r.grant.client).name);
    case Step::confirm:
      return "client " + number + " opens a record as the runtime's";
    case Step::leak:
      return "the keys of a channel get out";
    case Step::reveal:
      return "all long-term secrets get out";
  }
  return {};
}

}  // namespace redan::test::model
