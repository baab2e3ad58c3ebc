#include "cloud/ams/launcher.hpp"

namespace redan::cloud::ams {

net::Task<LaunchResult<std::shared_ptr<Execution>>> Launcher::exec(std::string, ExecSpec) {
  co_return tl::unexpected(LaunchFailure{"this launcher cannot run commands in instances"});
}

net::Task<void> Launcher::retain_images(std::set<std::string>) { co_return; }

}  // namespace redan::cloud::ams
