#include "tests/sealed/model/search.hpp"

#include <algorithm>
#include <set>

namespace redan::test::model {

Search::Search(Weakness weakness, const Scenario& scenario)
    : protocol_(terms_, weakness), at_first_(terms_), leak_keys_(scenario.leak_keys) {
  begin(scenario);
}

// The world.

void Search::begin(const Scenario& scenario) {
  for (const char* name : {"A", "B", "M", "R", "Q", "X"}) parties_.push_back(protocol_.party(name));
  const Term own = terms_.name("intruder's");
  intruders_share_ = terms_.share(own);
  intruders_nonce_ = own;
  at_first_.learn(own);
  issue(scenario);
  for (std::size_t n = 0; n < 2; ++n) {
    add_client(scenario.clients[n], std::to_string(n + 1));
    add_runtime(scenario.runtimes[n], std::to_string(n + 1));
  }
  for (const Party& party : parties_) {
    at_first_.learn(terms_.tuple({party.public_key, terms_.share(party.secret)}));
    revealed_.push_back(party.secret);
  }
  revealed_.push_back(protocol_.ams().secret);
  std::vector<std::string> known = scenario.leaked;
  known.insert(known.end(), {"M", "X"});
  for (const std::string& name : known) at_first_.learn(protocol_.party(name).secret);
}

// Everything that AMS issues, and a certificate that it does not issue.
void Search::issue(const Scenario& scenario) {
  const Term i = terms_.constant("i"), k = terms_.constant("k"), j = terms_.constant("j");
  instance_keys_ = {
      {i, protocol_.party("R").public_key}, {k, protocol_.party("Q").public_key}, {j, protocol_.party("X").public_key}};
  const std::set<std::string> clients = {scenario.clients[0].name, scenario.clients[1].name, "M"};
  for (const char* session : {"s", "t"}) {
    for (const auto& [instance, key] : instance_keys_) {
      for (const std::string& client : clients) {
        grants_.push_back({terms_.constant(session), instance, protocol_.party(client).public_key});
        at_first_.learn(protocol_.grant(grants_.back()));
      }
    }
  }
  for (const auto& [instance, key] : instance_keys_) certificates_.push_back({instance, key});
  for (const char* other : {"A", "R"}) certificates_.push_back({j, protocol_.party(other).public_key});
  for (const Certificate& certificate : certificates_) at_first_.learn(protocol_.certificate(certificate));
  certificates_.push_back({i, instance_keys_.at(j)});
}

void Search::add_client(const Scenario::Client& client, const std::string& number) {
  ClientRun run{protocol_.party(client.name), {}, terms_.name("c" + number), {}};
  run.grant = {terms_.constant(client.session), terms_.constant(client.instance), run.self.public_key};
  run.hello = {run.grant.session, protocol_.both_suites(), terms_.share(run.exponent),
               terms_.name("nonce of c" + number), protocol_.grant(run.grant)};
  at_first_.learn(terms_.tuple({run.hello.share, run.hello.nonce}));
  clients_.push_back(run);
}

void Search::add_runtime(const Scenario::Runtime& runtime, const std::string& number) {
  const bool is_static = protocol_.is(Weakness::static_share);
  const Term exponent = terms_.name(is_static ? "share of " + runtime.name : "r" + number);
  const Party self = protocol_.party(runtime.name);
  runtimes_.push_back({self,
                       {terms_.constant(runtime.instance), self.public_key},
                       exponent,
                       terms_.share(exponent),
                       terms_.name("nonce of r" + number)});
  if (is_static) revealed_.push_back(exponent);
}

Party Search::owner(Term public_key) const {
  return *std::find_if(parties_.begin(), parties_.end(),
                       [&](const Party& party) { return party.public_key == public_key; });
}
Term Search::instance_key(Term instance) const { return instance_keys_.at(instance); }

// The search.

void Search::run(std::optional<Property> wanted) {
  wanted_ = wanted;
  explore(State{}, at_first_);
}

Search::Key Search::key(const State& state) {
  Key key{};
  std::size_t n = 0;
  const auto mark = [](Stage stage, bool clean) { return static_cast<Term>(stage) * 2U + (clean ? 1U : 0U); };
  for (const ClientState& c : state.clients) {
    const Answer& a = c.answer;
    key[n++] = mark(c.stage, c.clean);
    key[n++] = c.stage == Stage::waiting ? 0 : terms_.tuple({a.suite, a.share, a.nonce, a.certificate, a.signature});
  }
  for (const RuntimeState& r : state.runtimes) {
    const Hello& h = r.hello;
    key[n++] = mark(r.stage, r.clean);
    key[n++] =
        r.stage == Stage::waiting ? 0 : terms_.tuple({h.session, h.suites, h.share, h.nonce, h.grant, r.grant.client});
  }
  key[n++] = state.leaked ? state.leaked->confirm : 0;
  return key;
}

std::size_t Search::KeyHash::operator()(const Key& key) const {
  std::uint64_t hash = 0;
  for (const Term term : key) hash = (hash ^ term) * 0x9E3779B97F4A7C15U ^ hash >> 29U;
  return hash;
}

void Search::explore(const State& state, const Knowledge& knowledge) {
  if (wanted_ && attacks_.contains(*wanted_)) return;
  if (!visited_.insert(key(state)).second) return;
  check(state, knowledge);
  for (std::size_t run = 0; run < 2; ++run) {
    if (state.runtimes[run].stage == Stage::waiting) receive_hellos(state, knowledge, run);
    if (state.clients[run].stage == Stage::waiting) receive_answers(state, knowledge, run);
    if (state.runtimes[run].stage == Stage::answered) receive_auth(state, knowledge, run);
    if (state.clients[run].stage == Stage::accepted) receive_record(state, knowledge, run);
  }
  if (leak_keys_ && !state.leaked) {
    for (const ClientState& c : state.clients) {
      if (c.stage != Stage::waiting) leak(state, knowledge, c.keys);
    }
    for (const RuntimeState& r : state.runtimes) {
      if (r.stage == Stage::established) leak(state, knowledge, r.keys);
    }
  }
  reveal(state, knowledge);
}

void Search::follow(Step step, const Knowledge& knowledge) {
  path_.push_back(step);
  explore(*step.after, knowledge);
  path_.pop_back();
}

std::vector<Term> Search::shares(const State& state) const {
  std::vector<Term> shares = {intruders_share_, clients_[0].hello.share, clients_[1].hello.share};
  for (std::size_t run = 0; run < 2; ++run) {
    if (state.runtimes[run].stage != Stage::waiting) shares.push_back(runtimes_[run].share);
  }
  return shares;
}

// The runtime.

void Search::receive_hellos(const State& state, const Knowledge& knowledge, std::size_t run) {
  for (const Grant& grant : grants_) {
    if (grant.instance != runtimes_[run].certificate.instance && !protocol_.is(Weakness::instance_unchecked)) continue;
    for (const Term suites : {protocol_.both_suites(), protocol_.cryptobox_alone()}) {
      for (const Term share : shares(state)) {
        for (const Term nonce : {clients_[0].hello.nonce, clients_[1].hello.nonce, intruders_nonce_}) {
          receive_hello(state, knowledge, run, {grant.session, suites, share, nonce, protocol_.grant(grant)}, grant);
        }
      }
    }
  }
}

void Search::receive_hello(State state, Knowledge knowledge, std::size_t run, const Hello& hello, const Grant& grant) {
  const RuntimeRun& self = runtimes_[run];
  RuntimeState& r = state.runtimes[run];
  r.stage = Stage::answered;
  r.hello = hello;
  r.grant = grant;
  r.answer = {protocol_.choose(hello.suites), self.share, self.nonce, protocol_.certificate(self.certificate), 0};
  r.answer.signature = protocol_.runtime_signature(self.self, owner(grant.client), hello, r.answer);
  r.keys = protocol_.keys(hello, r.answer, self.exponent, hello.share);
  knowledge.learn(terms_.tuple({r.answer.share, r.answer.nonce, r.answer.certificate, r.answer.signature}));
  follow({Step::answer, run, &state}, knowledge);
}

void Search::receive_auth(State state, Knowledge knowledge, std::size_t run) {
  const RuntimeRun& self = runtimes_[run];
  RuntimeState& r = state.runtimes[run];
  const Party client = owner(r.grant.client);
  const Term signature = protocol_.client_signature(client, self.self, r.hello, r.answer);
  if (!knowledge.derives(protocol_.client_record(r.hello, r.answer, r.keys, signature))) return;
  const RuntimeState& other = state.runtimes[1 - run];
  const bool used = other.stage == Stage::established && other.hello.grant == r.hello.grant &&
                    runtimes_[1 - run].self.secret == self.self.secret;
  if (used && !protocol_.is(Weakness::grants_not_remembered)) return;
  r.stage = Stage::established;
  r.clean = !knowledge.derives(client.secret) && !knowledge.derives(protocol_.ams().secret);
  knowledge.learn(protocol_.runtime_record(r.hello, r.answer, r.keys, protocol_.offer()));
  follow({Step::establish, run, &state}, knowledge);
}

// The client.

void Search::receive_answers(const State& state, const Knowledge& knowledge, std::size_t run) {
  for (const Certificate& certificate : certificates_) {
    const bool fits = certificate.instance == clients_[run].grant.instance;
    const Term bytes = protocol_.certificate(certificate);
    if ((!fits && !protocol_.is(Weakness::instance_unchecked)) || !knowledge.derives(bytes)) continue;
    for (const Term suite : {protocol_.gcm(), protocol_.cryptobox()}) {
      for (const Term share : shares(state)) {
        for (const Term nonce : {runtimes_[0].nonce, runtimes_[1].nonce, intruders_nonce_}) {
          if (knowledge.derives(nonce))
            receive_answer(state, knowledge, run, {suite, share, nonce, bytes, 0}, certificate);
        }
      }
    }
  }
}

void Search::receive_answer(State state, Knowledge knowledge, std::size_t run, const Answer& answer,
                            const Certificate& certificate) {
  const ClientRun& self = clients_[run];
  ClientState& c = state.clients[run];
  const Party runtime = owner(certificate.key);
  c.answer = answer;
  c.answer.signature = protocol_.runtime_signature(runtime, self.self, self.hello, answer);
  if (!knowledge.derives(c.answer.signature)) return;
  c.stage = Stage::accepted;
  c.certificate = certificate;
  c.keys = protocol_.keys(self.hello, c.answer, self.exponent, answer.share);
  const Term wanted = instance_key(self.grant.instance);
  c.clean = !knowledge.derives(owner(wanted).secret) && !knowledge.derives(protocol_.ams().secret);
  const Term signature = protocol_.client_signature(self.self, runtime, self.hello, c.answer);
  knowledge.learn(protocol_.client_record(self.hello, c.answer, c.keys, signature));
  follow({Step::accept, run, &state}, knowledge);
}

void Search::receive_record(State state, const Knowledge& knowledge, std::size_t run) {
  const ClientRun& self = clients_[run];
  ClientState& c = state.clients[run];
  const Term signature = protocol_.client_signature(self.self, owner(c.certificate.key), self.hello, c.answer);
  const auto arrives = [&](Term body) {
    return knowledge.derives(protocol_.runtime_record(self.hello, c.answer, c.keys, body));
  };
  if (!arrives(protocol_.offer()) && !arrives(signature)) return;
  c.stage = Stage::confirmed;
  follow({Step::confirm, run, &state}, knowledge);
}

// Disclosures.

// No run continues after this: no end ever sends a key or an exponent, so later messages could not help.
void Search::reveal(State state, Knowledge knowledge) {
  state.revealed = true;
  for (const Term secret : revealed_) knowledge.learn(secret);
  path_.push_back({Step::reveal, 0, &state});
  check(state, knowledge);
  path_.pop_back();
}

void Search::leak(State state, Knowledge knowledge, const Keys& keys) {
  state.leaked = keys;
  knowledge.learn(terms_.tuple({keys.to_runtime, keys.to_client, keys.confirm}));
  follow({Step::leak, 0, &state}, knowledge);
}

}  // namespace redan::test::model
