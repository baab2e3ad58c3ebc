#include "cloud/ams/lxd_launcher.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "cloud/ams/lxd_execution.hpp"
#include "cloud/errors.hpp"
#include "net/clock.hpp"
#include "net/errors.hpp"

namespace redan::cloud::ams {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Action = LxdStateChange::Action;

constexpr std::chrono::milliseconds kPause{500};

tl::unexpected<LaunchFailure> launch_failure(const LxdFailure& failure) {
  return tl::unexpected(LaunchFailure{failure.message()});
}

LaunchResult<void> outcome(const LxdResult<void>& result) {
  if (!result) return launch_failure(result.error());
  return {};
}

}  // namespace

LxdLauncher::LxdLauncher(asio::io_context& io, LxdLauncherConfig config)
    : io_(io),
      config_(std::move(config)),
      client_(std::make_shared<LxdClient>(io, config_.lxd)),
      watch_(
          io, client_, config_.unit,
          [this](const std::string& id, const std::string& why) {
            if (on_exit) on_exit(id, why);
          },
          [log = config_.log](std::string_view line) {
            if (log) log(line);
          }) {}

net::Task<LxdResult<Existence>> LxdLauncher::look(std::string id) {
  REDAN_CO_TRY(const auto found, co_await client_->instance(lxd_name(id)));
  if (!found) co_return Existence::absent;
  const LxdInstance& instance = *found;
  if (instance.id != id || instance.unit != config_.unit) {
    co_return tl::unexpected(LxdFailure{errc::lxd_not_ours, instance.name});
  }
  co_return instance.existence;
}

net::Task<LaunchResult<Existence>> LxdLauncher::find(std::string id) {
  const auto found = co_await look(std::move(id));
  if (!found) co_return launch_failure(found.error());
  co_return *found;
}

// Launching.

net::Task<LaunchResult<void>> LxdLauncher::launch(LaunchSpec spec) {
  const auto found = co_await look(spec.id);
  if (!found) co_return launch_failure(found.error());
  if (*found == Existence::absent) {
    const auto created = co_await create(spec);
    if (!created) co_return launch_failure(created.error());
  } else if (*found == Existence::stopped) {
    // AMS may have crashed meanwhile: LXD may still be creating the container.
    const auto idle = co_await client_->wait_until_idle(lxd_name(spec.id));
    if (!idle) co_return launch_failure(idle.error());
  }
  if (*found != Existence::running) {
    const auto given = co_await hand_over(spec);
    if (!given) co_return launch_failure(given.error());
    const auto started = co_await start(spec);
    if (!started) co_return launch_failure(started.error());
  }
  watch_.add(spec.id);
  co_return LaunchResult<void>{};
}

// One import of an image at a time: the others wait for it.
net::Task<LxdResult<void>> LxdLauncher::provide_image(std::string fingerprint, fs::path file) {
  asio::steady_timer timer(io_);
  while (importing_.contains(fingerprint)) {
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  importing_.insert(fingerprint);
  auto known = co_await client_->has_image(fingerprint);
  LxdResult<void> imported;
  if (known && !*known) imported = co_await client_->import_image(std::move(file), config_.unit);
  if (known && !imported) known = co_await client_->has_image(fingerprint);
  importing_.erase(fingerprint);
  if (!known) co_return tl::unexpected(known.error());
  if (*known) co_return LxdResult<void>{};
  co_return imported;
}

net::Task<void> LxdLauncher::retain_images(std::set<std::string> fingerprints) {
  const auto imported = co_await client_->images_of(config_.unit);
  if (!imported) co_return;  // they are deleted at the next start
  for (const std::string& fingerprint : *imported) {
    if (fingerprints.contains(fingerprint)) continue;
    const auto erased = co_await client_->erase_image(fingerprint);
    if (!erased && config_.log) config_.log("an image stays in LXD: " + erased.error().message());
  }
}

net::Task<LxdResult<void>> LxdLauncher::create(const LaunchSpec& spec) {
  if (!spec.image_file.empty()) REDAN_CO_CHECK(co_await provide_image(spec.image, spec.image_file));
  LxdNewInstance instance;
  instance.name = lxd_name(spec.id);
  instance.image = spec.image.empty() ? config_.image : spec.image;
  instance.profiles = config_.profiles;
  instance.unit = config_.unit;
  instance.id = spec.id;
  instance.memory_bytes = spec.memory_bytes;
  instance.cpus = spec.cpus;
  const auto created = co_await client_->create(std::move(instance));
  if (created || created.error().code == errc::lxd_timeout) co_return created;
  const auto idle = co_await client_->wait_until_idle(lxd_name(spec.id));
  if (!idle) co_return created;
  const auto found = co_await look(spec.id);
  if (found && *found != Existence::absent) co_return LxdResult<void>{};
  co_return created;
}

net::Task<LxdResult<void>> LxdLauncher::hand_over(const LaunchSpec& spec) {
  const std::string name = lxd_name(spec.id);
  const auto folder = co_await client_->make_folder(name, config_.user_data_folder);
  if (!folder) co_return folder;
  co_return co_await client_->write_file(name, config_.user_data_folder + "/user-data.json", spec.user_data);
}

net::Task<LxdResult<void>> LxdLauncher::start(const LaunchSpec& spec) {
  const LxdStateChange change{.action = Action::start};
  const auto started = co_await client_->change(lxd_name(spec.id), change);
  if (started) co_return started;
  const auto found = co_await look(spec.id);
  if (found && *found == Existence::running) co_return LxdResult<void>{};
  co_return started;
}

// Stopping and removing.

net::Task<LaunchResult<void>> LxdLauncher::stop(std::string id) {
  std::vector<LxdStateChange> ways;
  ways.push_back({.action = Action::stop, .timeout = config_.politeness});
  ways.push_back({.action = Action::stop, .force = true});
  const auto ended = co_await end(std::move(id), std::move(ways));
  co_return outcome(ended);
}

net::Task<LaunchResult<void>> LxdLauncher::remove(std::string id) {
  std::vector<LxdStateChange> ways;
  ways.push_back({.action = Action::stop, .force = true});
  const auto ended = co_await end(id, std::move(ways));
  if (!ended) co_return launch_failure(ended.error());
  const auto erased = co_await erase(std::move(id));
  co_return outcome(erased);
}

// Tries the given ways in turn until the instance does not run.
net::Task<LxdResult<void>> LxdLauncher::end(std::string id, std::vector<LxdStateChange> ways) {
  watch_.remove(id);
  LxdResult<void> tried;
  auto found = co_await look(id);
  for (const LxdStateChange& way : ways) {
    if (!found) co_return tl::unexpected(found.error());
    if (*found != Existence::running) co_return LxdResult<void>{};
    tried = co_await client_->change(lxd_name(id), way);
    found = co_await look(id);
  }
  if (found && *found != Existence::running) co_return LxdResult<void>{};
  if (found) watch_.add(id);
  if (tried) tried = tl::unexpected(LxdFailure{errc::lxd_failed, "it runs although LXD stopped it"});
  co_return tried;
}

net::Task<LxdResult<void>> LxdLauncher::erase(std::string id) {
  auto found = co_await look(id);
  if (found && *found == Existence::absent) co_return LxdResult<void>{};
  if (!found) co_return tl::unexpected(found.error());
  const auto erased = co_await client_->erase(lxd_name(id));
  if (erased) co_return erased;
  found = co_await look(id);
  if (found && *found == Existence::absent) co_return LxdResult<void>{};
  co_return erased;
}

// Queries.

net::Task<LaunchResult<std::vector<FoundInstance>>> LxdLauncher::find_all() {
  const TimePoint end = net::now() + config_.timeout_at_start;
  asio::steady_timer timer(io_);
  auto list = co_await client_->instances_of(config_.unit);
  // After a boot, LXD may start later than AMS.
  while (!list && list.error().code == net::errc::connect_failed && net::now() < end) {
    timer.expires_after(kPause);
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    list = co_await client_->instances_of(config_.unit);
  }
  if (!list) co_return launch_failure(list.error());
  std::vector<FoundInstance> all;
  for (const LxdInstance& instance : *list) {
    all.push_back({instance.id, instance.existence});
    if (instance.existence == Existence::running) watch_.add(instance.id);
  }
  co_return all;
}

net::Task<LaunchResult<std::string>> LxdLauncher::log(std::string id, std::size_t limit) {
  auto text = co_await client_->read_end(lxd_name(id), config_.log_file, limit);
  if (!text) co_return launch_failure(text.error());
  co_return std::move(*text);
}

net::Task<LaunchResult<std::shared_ptr<Execution>>> LxdLauncher::exec(std::string id, ExecSpec spec) {
  const auto found = co_await look(id);
  if (!found) co_return launch_failure(found.error());
  if (*found != Existence::running) co_return tl::unexpected(LaunchFailure{"the instance does not run"});
  auto begun = co_await execute_in_lxd(io_, client_, lxd_name(id), std::move(spec));
  if (!begun) co_return launch_failure(begun.error());
  co_return std::move(*begun);
}

}  // namespace redan::cloud::ams
