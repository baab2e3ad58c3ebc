#include "cmd/amc/remotes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cstdio>

#include "cmd/arguments.hpp"

namespace redan::cmd {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

std::string text_at(const json::object& object, std::string_view key) {
  const json::value* member = object.if_contains(key);
  return member != nullptr && member->is_string() ? std::string(member->get_string()) : std::string();
}

}  // namespace

fs::path default_amc_directory() {
  if (const char* chosen = std::getenv("REDAN_AMC_DIR"); chosen != nullptr && *chosen != '\0') return chosen;
  const char* home = std::getenv("HOME");
  return fs::path(home != nullptr ? home : ".") / ".config/redan-amc";
}

AmcRemotes::AmcRemotes(fs::path directory) : directory_(std::move(directory)) {
  const fs::path file = directory_ / "remotes.json";
  if (!fs::exists(file)) return;
  json::error_code error;
  const json::value value = json::parse(read_file(file), error);
  const json::object* document = error ? nullptr : value.if_object();
  const json::value* remotes = document == nullptr ? nullptr : document->if_contains("remotes");
  if (remotes == nullptr || !remotes->is_object()) {
    throw std::runtime_error(file.string() + " is damaged; remove it and add the remotes again");
  }
  for (const auto& [name, remote] : remotes->get_object()) {
    if (const json::object* members = remote.if_object()) {
      remotes_[std::string(name)] = {text_at(*members, "url"), text_at(*members, "fingerprint")};
    }
  }
  default_ = text_at(*document, "default");
}

const AmcRemote* AmcRemotes::find(const std::string& name) const {
  const auto found = remotes_.find(name);
  return found == remotes_.end() ? nullptr : &found->second;
}

void AmcRemotes::add(const std::string& name, AmcRemote remote) {
  remotes_[name] = std::move(remote);
  if (default_.empty()) default_ = name;
  save();
}

void AmcRemotes::remove(const std::string& name) {
  if (remotes_.erase(name) == 0) throw std::runtime_error("no remote named " + name);
  if (default_ == name) default_ = remotes_.empty() ? std::string() : remotes_.begin()->first;
  save();
}

void AmcRemotes::set_default(const std::string& name) {
  if (find(name) == nullptr) throw std::runtime_error("no remote named " + name);
  default_ = name;
  save();
}

net::TlsIdentity AmcRemotes::identity() const {
  const auto provider = default_provider();
  return net::load_or_create_tls_identity(directory_, {"amc"}, *provider, [](std::string_view line) {
    std::fprintf(stderr, "%.*s\n", static_cast<int>(line.size()), line.data());
  });
}

// Written atomically.
void AmcRemotes::save() const {
  json::object remotes;
  for (const auto& [name, remote] : remotes_) {
    remotes[name] = json::object{{"url", remote.url}, {"fingerprint", remote.fingerprint}};
  }
  const std::string text = json::serialize(json::object{{"default", default_}, {"remotes", std::move(remotes)}}) + "\n";
  std::error_code error;
  fs::create_directories(directory_, error);
  const fs::path file = directory_ / "remotes.json";
  const std::string fresh = file.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
  const bool written = fd >= 0 && ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (fd >= 0) ::close(fd);
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) {
    throw std::runtime_error("cannot write " + file.string());
  }
}

}  // namespace redan::cmd
