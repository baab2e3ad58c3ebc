#include "cmd/demo/embedded_launcher.hpp"

#include <boost/asio/post.hpp>

namespace redan::cmd {

using cloud::ams::Existence;
using cloud::ams::LaunchResult;

net::Task<LaunchResult<void>> EmbeddedLauncher::launch(cloud::ams::LaunchSpec spec) {
  if (running_.contains(spec.id)) co_return LaunchResult<void>{};
  std::erase_if(retired_, [](const auto& runtime) { return runtime->done(); });
  try {
    auto runtime = std::make_unique<cloud::runtime::Runtime>(io_, cloud::runtime::parse_user_data(spec.user_data),
                                                             config_, provider_);
    runtime->on_end = [this, id = spec.id](Errc) {
      // Not within its own call.
      boost::asio::post(io_, [this, id] {
        if (!running_.contains(id)) return;
        retire(id);
        if (on_exit) on_exit(id, "its session has ended");
      });
    };
    runtime->start();
    running_[spec.id] = std::move(runtime);
  } catch (const std::exception& error) {
    co_return tl::unexpected(cloud::ams::LaunchFailure{error.what()});
  }
  co_return LaunchResult<void>{};
}

void EmbeddedLauncher::retire(const std::string& id) {
  const auto found = running_.find(id);
  if (found == running_.end()) return;
  found->second->stop();
  retired_.push_back(std::move(found->second));
  running_.erase(found);
}

net::Task<LaunchResult<void>> EmbeddedLauncher::stop(std::string id) {
  retire(id);
  co_return LaunchResult<void>{};
}

net::Task<LaunchResult<void>> EmbeddedLauncher::remove(std::string id) {
  retire(id);
  co_return LaunchResult<void>{};
}

net::Task<LaunchResult<Existence>> EmbeddedLauncher::find(std::string id) {
  co_return running_.contains(id) ? Existence::running : Existence::absent;
}

net::Task<LaunchResult<std::vector<cloud::ams::FoundInstance>>> EmbeddedLauncher::find_all() {
  std::vector<cloud::ams::FoundInstance> all;
  for (const auto& [id, runtime] : running_) all.push_back({id, Existence::running});
  co_return all;
}

net::Task<LaunchResult<std::string>> EmbeddedLauncher::log(std::string, std::size_t) {
  co_return std::string("instances of the demo say what they have to say on the terminal\n");
}

void EmbeddedLauncher::stop_all() {
  while (!running_.empty()) retire(running_.begin()->first);
}

}  // namespace redan::cmd
