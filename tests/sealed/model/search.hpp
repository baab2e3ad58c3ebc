// Every run of the sealed handshake in a small world, against an intruder who controls the network.
//
// The world: two runs of clients and two of runtimes, by parties A, B (clients) and R, Q (runtimes, in the instances i
// and k); M, a client, and X, a runtime in the instance j, are the intruder's. AMS grants any client anything, for any
// client's key, and certifies any key for j; for i and k it certifies only R's and Q's. The intruder carries all
// messages, chooses grant, session and share of the hellos that it makes, and may have secrets from the start
// (`leaked`). At any time it may be given the keys of one channel (`leak_keys`) and, last, every long-term secret.
//
// Messages are typed: a field takes every value of its kind that the intruder can derive. In these formats nothing can
// be confused: everything that is signed, hashed or sealed begins with its own label or is protected by a key with no
// other use, and its fields have fixed positions. So no attack is missed.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <unordered_set>

#include "tests/sealed/model/protocol.hpp"

namespace redan::test::model {

/// Properties of a run whose supposed other end is honest: the intruder did not have its secret, nor AMS's, before the
/// run completed. `same_ends` must hold for all runs.
enum class Property : std::uint8_t {
  secrecy,                 ///< the intruder has none of the keys
  forward_secrecy,         ///< nor with all long-term secrets afterwards
  client_authentication,   ///< the runtime that a client has accepted has answered this client, in this session
  runtime_authentication,  ///< the client that a runtime has accepted has accepted this runtime, in this session
  no_replay,               ///< and only once
  same_handshake,          ///< and both have seen the same two messages
  same_ends,               ///< two runs with the same keys agree on the two ends
  confirmation,            ///< a client that has opened a record of the runtime is accepted by it
  one_channel_per_grant,
};
std::string_view name(Property property);

struct Scenario {
  struct Client {
    std::string name, session, instance;
  };
  struct Runtime {
    std::string name, instance;
  };
  std::array<Client, 2> clients;
  std::array<Runtime, 2> runtimes;
  std::vector<std::string> leaked{};
  bool leak_keys = false;
};

class Search {
 public:
  Search(Weakness weakness, const Scenario& scenario);
  /// Searches all states, or until a violation of `wanted` is found.
  void run(std::optional<Property> wanted = {});

  [[nodiscard]] std::size_t states() const { return visited_.size(); }
  /// How many runs have completed honestly: a model in which nothing happens proves nothing.
  [[nodiscard]] std::size_t finished() const { return finished_; }
  /// The violated properties, with the steps that led there.
  [[nodiscard]] const std::map<Property, std::string>& attacks() const { return attacks_; }

 private:
  struct ClientRun {
    Party self;
    Grant grant;
    Term exponent;
    Hello hello;
  };
  struct RuntimeRun {
    Party self;
    Certificate certificate;
    Term exponent, share, nonce;
  };
  enum class Stage : std::uint8_t { waiting, accepted, confirmed, answered, established };
  struct ClientState {
    Stage stage = Stage::waiting;
    bool clean = false;
    Answer answer{};
    Certificate certificate{};
    Keys keys{};
  };
  struct RuntimeState {
    Stage stage = Stage::waiting;
    bool clean = false;
    Hello hello{};
    Grant grant{};
    Answer answer{};
    Keys keys{};
  };
  struct State {
    std::array<ClientState, 2> clients;
    std::array<RuntimeState, 2> runtimes;
    bool revealed = false;
    std::optional<Keys> leaked{};
  };
  /// An event, and the state after it, which is on the stack.
  struct Step {
    enum Kind : std::uint8_t { answer, accept, establish, confirm, leak, reveal } kind;
    std::size_t run;
    const State* after;
  };
  using Key = std::array<Term, 9>;
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };

  void begin(const Scenario& scenario);
  void issue(const Scenario& scenario);
  void add_client(const Scenario::Client& client, const std::string& number);
  void add_runtime(const Scenario::Runtime& runtime, const std::string& number);
  [[nodiscard]] Party owner(Term public_key) const;
  [[nodiscard]] Term instance_key(Term instance) const;
  [[nodiscard]] Key key(const State& state);
  void explore(const State& state, const Knowledge& knowledge);
  void follow(Step step, const Knowledge& knowledge);

  void receive_hellos(const State& state, const Knowledge& knowledge, std::size_t run);
  void receive_hello(State state, Knowledge knowledge, std::size_t run, const Hello& hello, const Grant& grant);
  void receive_answers(const State& state, const Knowledge& knowledge, std::size_t run);
  void receive_answer(State state, Knowledge knowledge, std::size_t run, const Answer& answer,
                      const Certificate& certificate);
  void receive_auth(State state, Knowledge knowledge, std::size_t run);
  void receive_record(State state, const Knowledge& knowledge, std::size_t run);
  void reveal(State state, Knowledge knowledge);
  void leak(State state, Knowledge knowledge, const Keys& keys);
  [[nodiscard]] std::vector<Term> shares(const State& state) const;

  void check(const State& state, const Knowledge& knowledge);
  void check_client(const State& state, const Knowledge& knowledge, std::size_t run);
  void check_runtime(const State& state, const Knowledge& knowledge, std::size_t run);
  void check_secret(const State& state, const Knowledge& knowledge, const Keys& keys);
  void check_together(const State& state);
  [[nodiscard]] bool same_ends(const State& state, std::size_t client, std::size_t runtime) const;
  [[nodiscard]] bool partners(const State& state, std::size_t client, std::size_t runtime) const;
  void require(bool holds, Property property);
  [[nodiscard]] std::string describe(const Step& step) const;

  Terms terms_;
  Protocol protocol_;
  Knowledge at_first_;
  bool leak_keys_;
  std::vector<Party> parties_;
  std::map<Term, Term> instance_keys_;  ///< instance to the public key of its owner
  std::vector<Grant> grants_;
  std::vector<Certificate> certificates_;
  std::vector<ClientRun> clients_;
  std::vector<RuntimeRun> runtimes_;
  std::vector<Term> revealed_;
  Term intruders_share_ = 0, intruders_nonce_ = 0;

  std::unordered_set<Key, KeyHash> visited_;
  std::vector<Step> path_;
  std::map<Property, std::string> attacks_;
  std::optional<Property> wanted_;
  std::size_t finished_ = 0;
};

}  // namespace redan::test::model
