// Instances as processes of this machine.
#include "cloud/ams/local_launcher.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <boost/asio/ip/udp.hpp>
#include <fstream>

#include "net/descriptor.hpp"
#include "tests/cloud/store/contract.hpp"

namespace redan::cloud::test {
namespace {

using namespace std::chrono_literals;

class LocalLauncherTest : public testing::Test {
 protected:
  LocalLauncherTest() {
    std::string name = std::filesystem::temp_directory_path() / "redan-launcher-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    const std::filesystem::path program = folder_ / "program";
    std::ofstream(program) << "#!/bin/sh\nexec sleep 30\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    ams::LocalLauncherConfig config;
    config.directory = folder_ / "instances";
    config.program = program;
    launcher_ = std::make_unique<ams::LocalLauncher>(io_, config);
    launcher_->on_exit = [this](const std::string& id, const std::string&) { ended_.push_back(id); };
  }
  ~LocalLauncherTest() override {
    wait_for(io_, launcher_->remove("i"));
    launcher_.reset();
    std::filesystem::remove_all(folder_);
  }

  boost::asio::io_context io_{1};
  std::filesystem::path folder_;
  std::unique_ptr<ams::LocalLauncher> launcher_;
  std::vector<std::string> ended_;
};

// As while another instance is being started: until it executes its program, its process has copies of all descriptors.
TEST_F(LocalLauncherTest, AnEventOfAClosedDescriptorEndsNoInstance) {
  using udp = boost::asio::ip::udp;
  const udp::endpoint any(boost::asio::ip::address_v4::loopback(), 0);
  udp::socket other(io_, any), closed(io_, any);
  const udp::endpoint where = closed.local_endpoint();
  const net::Descriptor copy(::dup(closed.native_handle()));
  closed.close();
  ams::LaunchSpec spec;
  spec.id = "i";
  ASSERT_TRUE(wait_for(io_, launcher_->launch(spec)));
  other.send_to(boost::asio::buffer("x", 1), where);
  run_for(io_, 200ms);
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(wait_for(io_, launcher_->find("i")).value(), ams::Existence::running);
}

TEST_F(LocalLauncherTest, TheEndOfAProcessIsDetected) {
  ams::LaunchSpec spec;
  spec.id = "i";
  ASSERT_TRUE(wait_for(io_, launcher_->launch(spec)));
  pid_t pid = 0;
  const auto has_pid = [&] { return static_cast<bool>(std::ifstream(folder_ / "instances" / "i" / "lock") >> pid); };
  ASSERT_TRUE(run_until(io_, has_pid, 2s));
  ::kill(pid, SIGKILL);
  EXPECT_TRUE(run_until(
      io_, [&] { return ended_ == std::vector<std::string>{"i"}; }, 5s));
}

}  // namespace
}  // namespace redan::cloud::test
