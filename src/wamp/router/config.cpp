#include "wamp/router/config.hpp"

#include "base/hex.hpp"
#include "wamp/router/members.hpp"

namespace redan::wamp {
namespace {

constexpr std::size_t kMaxFile = 4 * 1024 * 1024;

std::size_t index_of(Method method) { return static_cast<std::size_t>(method); }

void forget(std::string& secret) { wipe({reinterpret_cast<std::uint8_t*>(secret.data()), secret.size()}); }

class Parser {
 public:
  Parser(const ReadSecret& read_secret, std::string& mistake) : read_secret_(read_secret), mistake_(mistake) {}

  RouterFile file(const Value& value) {
    Members members(value, "", mistake_);
    RouterFile file;
    members.each("listen", [&](const Value& each, const std::string& at) { file.listen.push_back(listen(each, at)); });
    file.origins = members.texts("origins");
    if (const Value* its = members.find("limits")) limits(*its, file);
    members.each("realms",
                 [&](const Value& each, const std::string& at) { file.router.realms.push_back(realm(each, at)); });
    if (file.listen.empty()) members.fail("\"listen\" names no address");
    if (file.router.realms.empty()) members.fail("\"realms\" names no realm");
    return file;
  }

 private:
  ListenConfig listen(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    ListenConfig listen;
    const std::string carrier = members.text("transport", "websocket");
    if (carrier == "rawsocket") listen.carrier = Carrier::rawsocket;
    if (carrier != "rawsocket" && carrier != "websocket") members.fail("\"transport\" is websocket or rawsocket");
    listen.address = members.text("address");
    listen.plain = members.boolean("plain", false);
    listen.pings = members.boolean("pings", true);
    return listen;
  }

  void limits(const Value& value, RouterFile& file) {
    Members members(value, "limits", mistake_);
    RouterLimits& router = file.router.limits;
    members.number("max_connections", router.max_connections);
    members.number("max_connections_per_address", file.transport.max_connections_per_address);
    members.number("max_message", file.transport.max_message, 512);
    members.number("max_buffered", file.transport.max_buffered, 512);
    members.number("max_subscriptions", router.broker.max_subscriptions);
    members.number("max_wildcards", router.broker.max_wildcards);
    members.number("max_registrations", router.dealer.max_registrations);
    members.number("max_calls", router.dealer.max_calls);
    members.number("max_invocations", router.dealer.max_invocations);
    std::int64_t authentication = 10, idle = 60, call = 0;
    members.number("authentication_seconds", authentication);
    members.number("idle_seconds", idle, 2);
    members.number("max_call_seconds", call, 0);
    router.authentication_timeout = std::chrono::seconds(authentication);
    file.transport.idle_timeout = std::chrono::seconds(idle);
    router.dealer.max_call_time = std::chrono::seconds(call);
  }

  RealmConfig realm(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    RealmConfig realm{members.text("name")};
    if (!is_uri(realm.name)) members.fail("the name of a realm is a URI");
    realm.disclosure = members.boolean("disclosure", false);
    if (const Value* its = members.find("history")) realm.history = history(*its, members.place("history"));
    members.each("roles",
                 [&](const Value& each, const std::string& where) { realm.roles.push_back(role(each, where)); });
    if (const Value* its = members.find("authentication")) {
      authentication(*its, members.place("authentication"), realm);
    } else {
      members.fail("\"authentication\" is missing");
    }
    members.each("types", [&](const Value& each, const std::string& where) { realm.typing.add(rule(each, where)); });
    return realm;
  }

  HistoryLimits history(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    HistoryLimits limits;
    members.number("events_per_topic", limits.events_per_topic);
    members.number("max_events", limits.max_events);
    members.number("max_bytes", limits.max_bytes);
    return limits;
  }

  // Roles.

  Role role(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    Role role{members.text("name")};
    members.each("permissions", [&](const Value& each, const std::string& where) {
      role.permissions.push_back(permission(each, where));
    });
    return role;
  }

  Permission permission(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    Permission permission{match(members), members.text("uri")};
    for (const std::string& name : members.texts("allow")) {
      const auto action = parse_action(name);
      if (!action) members.fail("no such action: " + name);
      if (action)
        permission.actions = static_cast<std::uint8_t>(permission.actions | 1U << static_cast<unsigned>(*action));
    }
    return permission;
  }

  static Match match(Members& members) {
    const auto match = parse_match(members.find("match"));
    if (!match) members.fail("\"match\" is exact, prefix or wildcard");
    return match.value_or(Match::exact);
  }

  // Authentication.

  void authentication(const Value& value, const std::string& at, RealmConfig& realm) {
    Members members(value, at, mistake_);
    AuthenticationConfig& config = realm.authentication;
    for (const Method method : {Method::tls, Method::cryptosign, Method::wampcra, Method::ticket}) {
      const Value* its = members.find(name(method));
      if (its != nullptr) accounts(*its, members.place(name(method)), method, realm);
    }
    if (const Value* its = members.find("anonymous")) {
      Members anonymous(*its, members.place("anonymous"), mistake_);
      config.anonymous_role = known_role(anonymous, realm);
      config.enabled[index_of(Method::anonymous)] = true;
    }
  }

  static std::string known_role(Members& members, const RealmConfig& realm) {
    std::string wanted = members.text("role");
    const bool known =
        std::any_of(realm.roles.begin(), realm.roles.end(), [&](const Role& r) { return r.name == wanted; });
    if (!known) members.fail("there is no role \"" + wanted + "\"");
    return wanted;
  }

  void accounts(const Value& value, const std::string& at, Method method, RealmConfig& realm) {
    Members members(value, at, mistake_);
    AuthenticationConfig& config = realm.authentication;
    config.enabled[index_of(method)] = true;
    auto& all = config.accounts[index_of(method)];
    members.each("accounts", [&](const Value& each, const std::string& where) {
      all.push_back(account(each, where, method, realm));
    });
    // Otherwise the presence or absence of a salt would reveal which accounts exist.
    const auto unlike = [&](const Account& a) {
      const auto& first = all.front().salting;
      return a.salting.has_value() != first.has_value() ||
             (first && (a.salting->iterations != first->iterations || a.salting->keylen != first->keylen));
    };
    if (std::any_of(all.begin(), all.end(), unlike)) members.fail("all accounts are salted alike, or none");
    if (method != Method::ticket) return;
    if (const Value* its = members.find("tokens")) config.tokens = tokens(*its, members.place("tokens"), realm);
  }

  Account account(const Value& value, const std::string& at, Method method, const RealmConfig& realm) {
    Members members(value, at, mistake_);
    Account account{members.text("authid"), known_role(members, realm), members.text("sid", "")};
    if (!account.sid.empty() && !is_sid(account.sid)) members.fail("\"sid\" is letters, digits, - and _");
    if (method == Method::ticket || method == Method::wampcra) {
      std::string secret = secret_of(members, "secret_file", 1, 256);
      account.secret = SharedSecretText(as_bytes(secret));
      forget(secret);
    }
    if (method == Method::wampcra) {
      if (const Value* its = members.find("salting")) account.salting = salting(*its, members.place("salting"));
    }
    if (method == Method::cryptosign) {
      for (const auto& bytes : hex_of(members, "authorized_keys")) {
        std::copy(bytes.begin(), bytes.end(), account.authorized_keys.emplace_back().begin());
      }
    }
    if (method == Method::tls) {
      for (const auto& bytes : hex_of(members, "certificates")) {
        Digest& digest = account.certificates.emplace_back();
        digest.size = bytes.size();
        std::copy(bytes.begin(), bytes.end(), digest.storage.begin());
      }
    }
    return account;
  }

  Salting salting(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    Salting salting{members.text("salt"), 100'000, 32};
    members.number("iterations", salting.iterations);
    members.number("keylen", salting.keylen, 16);
    return salting;
  }

  TicketTokens tokens(const Value& value, const std::string& at, const RealmConfig& realm) {
    Members members(value, at, mistake_);
    TicketTokens tokens;
    std::string text = secret_of(members, "key_file", 128, 128);
    auto key = from_hex(text);
    forget(text);
    if (!key) members.fail("\"key_file\" does not hold 128 hexadecimal digits");
    if (key) tokens.key = Secret<64>(Bytes(*key));
    if (key) wipe(*key);
    tokens.issuer = members.text("issuer");
    tokens.audience = members.text("audience");
    tokens.role = known_role(members, realm);
    return tokens;
  }

  std::string secret_of(Members& members, std::string_view key, std::size_t smallest, std::size_t largest) {
    const std::string path = members.text(key);
    if (!mistake_.empty()) return "";
    auto secret = read_secret_(path);
    if (!secret) members.fail(secret.error());
    if (secret && (secret->size() < smallest || secret->size() > largest)) members.fail(path + ": of the wrong length");
    return secret.value_or("");
  }

  /// 32 bytes each.
  static std::vector<std::vector<std::uint8_t>> hex_of(Members& members, std::string_view key) {
    std::vector<std::vector<std::uint8_t>> all;
    for (const std::string& text : members.texts(key)) {
      const auto bytes = from_hex(text);
      if (!bytes || bytes->size() != 32) {
        members.fail("\"" + std::string(key) + "\" holds something other than 64 hexadecimal digits");
        continue;
      }
      all.push_back(*bytes);
    }
    return all;
  }

  // Types.

  Typing::Rule rule(const Value& value, const std::string& at) {
    Members members(value, at, mistake_);
    Typing::Rule rule;
    rule.match = match(members);
    rule.uri = members.text("uri");
    for (const std::string& name : members.texts("traffic")) {
      static constexpr std::array<std::string_view, 3> kTraffic = {"publish", "call", "result"};
      const auto* const known = std::find(kTraffic.begin(), kTraffic.end(), name);
      if (known == kTraffic.end()) members.fail("no such traffic: " + name);
      rule.traffic = static_cast<std::uint8_t>(rule.traffic | 1U << static_cast<unsigned>(known - kTraffic.begin()));
    }
    const std::string opaque = members.text("opaque", "allow");
    if (opaque != "allow" && opaque != "refuse") members.fail("\"opaque\" is allow or refuse");
    rule.opaque_refused = opaque == "refuse";
    rule.args = schema(members, "args");
    rule.kwargs = schema(members, "kwargs");
    return rule;
  }

  static std::optional<Schema> schema(Members& members, std::string_view key) {
    const Value* value = members.find(key);
    if (value == nullptr) return std::nullopt;
    auto schema = Schema::parse(*value);
    if (schema) return std::move(*schema);
    members.fail(std::string(key) + ": " + schema.error());
    return std::nullopt;
  }

  const ReadSecret& read_secret_;
  std::string& mistake_;
};

}  // namespace

tl::expected<RouterFile, std::string> parse_router_file(std::string_view json, const ReadSecret& read_secret) {
  const auto value = decode(Serializer::json, as_bytes(json), {.max_size = kMaxFile});
  if (!value) return tl::unexpected<std::string>("this is no JSON, or it names a member twice");
  std::string mistake;
  RouterFile file = Parser(read_secret, mistake).file(*value);
  if (!mistake.empty()) return tl::unexpected(mistake);
  return file;
}

RouterConfig open_router(std::string realm) {
  constexpr std::uint8_t kEverything = 0xF;
  RealmConfig config{std::move(realm)};
  config.roles = {{"anonymous", {{Match::prefix, "", kEverything}}}};
  config.authentication.anonymous_role = "anonymous";
  config.authentication.enabled[index_of(Method::anonymous)] = true;
  config.disclosure = true;
  RouterConfig router;
  router.realms.push_back(std::move(config));
  return router;
}

}  // namespace redan::wamp
