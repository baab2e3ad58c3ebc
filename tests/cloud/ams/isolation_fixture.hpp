// Isolated instances whose program is a script.
#pragma once

#include <gmock/gmock.h>
#include <signal.h>
#include <unistd.h>

#include <fcntl.h>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "cloud/ams/local_launcher.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {

using namespace std::chrono_literals;

/// What a command in an instance did.
struct Ran {
  std::string out, err;
  int code = -1;
  std::string failure;
};

/// The parameter: whether each instance has a user of its own, which needs root, or a user namespace.
class IsolationFixture : public testing::TestWithParam<bool> {
 protected:
  static constexpr const char* kIntruder = "/instance/bin/init";

  void SetUp() override {
    if (GetParam() && ::geteuid() != 0) GTEST_SKIP() << "users for instances need root";
    std::string name = std::filesystem::temp_directory_path() / "redan-isolation-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    isolation::IsolationConfig config;
    config.init = std::filesystem::read_symlink("/proc/self/exe");
    // The switch of .ci/mutate.py: an instance does not inherit it.
    if (const char* mutant = std::getenv("REDAN_MUTANT")) {
      config.init_arguments.insert(config.init_arguments.end(), {"--variable", std::string("REDAN_MUTANT=") + mutant});
    }
    config.has_users = GetParam();
    auto made = isolation::Isolation::make(config, folder_ / "instances");
    if (!made && made.error().find("not installed") != std::string::npos) GTEST_SKIP() << made.error();
    ASSERT_TRUE(made) << made.error();
    isolation_ = std::make_shared<isolation::Isolation>(std::move(*made));
    config_.directory = folder_ / "instances";
    config_.program = folder_ / "program";
    config_.isolation = isolation_;
    config_.politeness = 3s;
    restart();
  }
  void TearDown() override {
    if (launcher_) {
      for (const char* name : {"i", "j"}) wait_for(io_, launcher_->remove(id(name)));
    }
    launcher_.reset();
    std::filesystem::remove_all(folder_);
  }
  /// As AMS does.
  void restart() {
    launcher_ = std::make_unique<ams::LocalLauncher>(io_, config_);
    launcher_->on_exit = [this](const std::string&, const std::string& why) { ended_.push_back(why); };
  }
  void write_program(const std::string& script) {
    std::ofstream(config_.program) << "#!/bin/sh\n" << script << "\n";
    std::filesystem::permissions(config_.program, std::filesystem::perms(0755));
  }
  /// Other tests that run now have other cgroups.
  static std::string id(const std::string& name) { return name + std::to_string(::getpid()); }
  std::filesystem::path folder(const std::string& name = "i") const { return config_.directory / id(name); }
  /// The program runs when this returns.
  void launch(const std::string& name = "i", const std::string& script = "exec sleep 100", std::int64_t memory = 0) {
    write_program("echo runs\n" + script);
    ams::LaunchSpec spec;
    spec.id = id(name);
    spec.user_data = "the secret of " + name;
    spec.memory_bytes = memory;
    const auto launched = wait_for(io_, launcher_->launch(spec));
    ASSERT_TRUE(launched) << launched.error().message;
    ASSERT_TRUE(run_until(io_, [&] { return log(name).find("runs") != std::string::npos; })) << log(name);
  }
  std::string log(const std::string& name = "i") {
    return wait_for(io_, launcher_->log(id(name), 1 << 20)).value_or("");
  }
  std::filesystem::path home(const std::string& name = "i") const { return folder(name) / "home"; }
  pid_t init_pid() const { return isolation::init_of(folder() / "sandbox").value_or(-1); }

  std::shared_ptr<ams::Execution> begin(ams::ExecSpec spec, Ran& ran) {
    auto started = wait_for(io_, launcher_->exec(id("i"), std::move(spec)));
    if (!started) {
      ran.failure = started.error().message;
      return nullptr;
    }
    (*started)->on_output = [&ran](int descriptor, Bytes bytes) {
      (descriptor == 1 ? ran.out : ran.err).append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    };
    (*started)->on_end = [&ran](int code) { ran.code = code; };
    return *started;
  }
  Ran run(std::vector<std::string> command, std::map<std::string, std::string> environment = {}) {
    Ran ran;
    ams::ExecSpec spec;
    spec.command = std::move(command);
    spec.environment = std::move(environment);
    const auto execution = begin(std::move(spec), ran);
    if (!execution) return ran;
    execution->close_input();
    EXPECT_TRUE(run_until(io_, [&] { return ran.code >= 0; })) << ran.out << ran.err;
    return ran;
  }
  std::string shell(const std::string& script) {
    const Ran ran = run({"/bin/sh", "-c", script});
    return ran.failure + ran.out + ran.err;
  }
  std::string intrude(std::vector<std::string> words) {
    words.insert(words.begin(), {kIntruder, "intrude"});
    return run(std::move(words)).out;
  }

  boost::asio::io_context io_{1};
  std::filesystem::path folder_;
  std::shared_ptr<isolation::Isolation> isolation_;
  ams::LocalLauncherConfig config_;
  std::unique_ptr<ams::LocalLauncher> launcher_;
  std::vector<std::string> ended_;
};

inline std::string name_of_isolation(const testing::TestParamInfo<bool>& info) {
  return info.param ? "OwnUser" : "UserNamespace";
}

}  // namespace redan::cloud::test
