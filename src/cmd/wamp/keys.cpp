#include "cmd/wamp/keys.hpp"

#include <cstdio>
#include <redan/wamp.hpp>

#include "base/base64.hpp"
#include "cmd/secret_file.hpp"
#include "cmd/wamp/json_payload.hpp"
#include "cmd/wamp/router_options.hpp"
#include "wamp/cryptobox.hpp"
#include "wamp/message.hpp"

namespace redan::cmd {
namespace {

using wamp::Dict;
using wamp::List;

constexpr const char* kFooter = R"(
A key ring says which URIs are encrypted end to end, with which keys, and which
must be: docs/protocols/wamp.md describes the file.

Examples:
  redan wamp keys generate --uri com.example.secret. \
       --originator caller.json --responder callee.json
  redan wamp keys show caller.json)";

struct GenerateOptions {
  std::string uri, originator, responder;
};

std::string ring_text(const std::string& uri, Dict key) {
  key["uri"] = uri;
  return to_json(Dict{{"keys", List{std::move(key)}}, {"required", List{uri}}}) + "\n";
}

int generate(const GenerateOptions& options) {
  if (!wamp::is_uri_pattern(options.uri)) throw std::runtime_error("--uri is the beginning of URIs");
  const auto provider = default_provider();
  const auto originator = wamp::BoxKeyPair::generate(*provider);
  const auto responder = wamp::BoxKeyPair::generate(*provider);
  const SecretText of_originator(
      ring_text(options.uri, {{"originator_private", to_base64(originator.private_key.expose())},
                              {"responder_public", to_base64(responder.public_key)}}));
  const SecretText of_responder(
      ring_text(options.uri, {{"originator_public", to_base64(originator.public_key)},
                              {"responder_private", to_base64(responder.private_key.expose())}}));
  write_secret_file(options.originator, of_originator.text());
  write_secret_file(options.responder, of_responder.text());
  return kOk;
}

void add_generate(CLI::App& keys, Run& run) {
  CLI::App* command = keys.add_subcommand("generate", "Make keys for the two ends of some URIs, a key ring for each");
  auto options = std::make_shared<GenerateOptions>();
  command->add_option("--uri", options->uri, "The beginning of the URIs; end it with a dot")->required();
  command->add_option("--originator", options->originator, "File for the end that calls and publishes")->required();
  command->add_option("--responder", options->responder, "File for the end that answers and subscribes")->required();
  command->footer(kFooter);
  command->callback([&run, options] { run = [options] { return generate(*options); }; });
}

/// The key without its secrets.
Dict shown_key(const Dict& key) {
  Dict said;
  for (const auto& [name, value] : key) {
    const bool is_secret = name.ends_with("_private") || name == "secret";
    said[name] = is_secret ? wamp::Value("hidden") : value;
  }
  return said;
}

int show(const std::string& path) {
  (void)read_key_ring_file(path);  // says what is wrong with it
  const SecretText file = read_secret_file(path);
  const Dict ring = parse_object(path, file.text());
  const wamp::Value* const keys = ring.find("keys");
  const wamp::Value* const required = ring.find("required");
  List said;
  for (const wamp::Value& key : keys == nullptr ? List() : *keys->get_if<List>()) {
    said.emplace_back(shown_key(*key.get_if<Dict>()));
  }
  const Dict all{{"keys", std::move(said)}, {"required", required == nullptr ? List() : *required->get_if<List>()}};
  std::printf("%s\n", to_json(all).c_str());
  return kOk;
}

void add_show(CLI::App& keys, Run& run) {
  CLI::App* command = keys.add_subcommand("show", "Check a key ring and print it without its secrets, as JSON");
  auto path = std::make_shared<std::string>();
  command->add_option("file", *path, "The key ring")->required();
  command->footer(kFooter);
  command->callback([&run, path] { run = [path] { return show(*path); }; });
}

}  // namespace

void add_wamp_keys(CLI::App& wamp, Run& run) {
  CLI::App* command = wamp.add_subcommand("keys", "Make and check key rings");
  command->require_subcommand(1);
  add_generate(*command, run);
  add_show(*command, run);
  command->footer(kFooter);
}

}  // namespace redan::cmd
