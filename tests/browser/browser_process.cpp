#include "tests/browser/browser_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>
#include <vector>

namespace redan::test {
namespace {

using namespace std::chrono_literals;

const char* path_of(Browser browser) {
  return browser == Browser::chromium ? "/usr/bin/chromium" : "/usr/bin/firefox-esr";
}

std::vector<std::string> arguments(Browser browser, const std::string& profile, const std::string& url) {
  if (browser == Browser::firefox) return {path_of(browser), "--headless", "--no-remote", "--profile", profile, url};
  return {path_of(browser),
          "--headless",
          "--no-sandbox",
          "--disable-gpu",
          "--disable-quic",
          "--no-first-run",
          "--disable-background-networking",
          "--disable-component-update",
          "--disable-sync",
          "--use-fake-device-for-media-stream",
          "--use-fake-ui-for-media-stream",
          "--autoplay-policy=no-user-gesture-required",
          "--mute-audio",
          "--disable-audio-output",  // there is no device, and searching for one can take arbitrarily long
          "--disable-dev-shm-usage",
          "--user-data-dir=" + profile,
          url};
}

// Fake devices without prompts, playback without gestures, and no traffic of the browser's own.
constexpr const char* kFirefoxPreferences = R"(
user_pref("media.navigator.streams.fake", true);
user_pref("media.navigator.permission.disabled", true);
user_pref("media.autoplay.default", 0);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
user_pref("media.gmp-manager.updateEnabled", false);
user_pref("media.gmp-provider.enabled", false);
user_pref("app.update.enabled", false);
user_pref("app.normandy.enabled", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("datareporting.healthreport.uploadEnabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("toolkit.telemetry.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("dom.push.connection.enabled", false);
user_pref("services.settings.server", "data:,#remote-settings-dummy/v1");
user_pref("network.trr.mode", 5);
user_pref("browser.startup.page", 0);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("termsofuse.bypassNotification", true);
)";

}  // namespace

bool BrowserProcess::installed(Browser browser) { return ::access(path_of(browser), X_OK) == 0; }

BrowserProcess::BrowserProcess(Browser browser, const std::string& url) {
  std::string pattern = (std::filesystem::temp_directory_path() / "redan-browser-XXXXXX").string();
  home_ = ::mkdtemp(pattern.data());
  const std::string profile = home_ + "/p";
  std::filesystem::create_directory(profile);
  if (browser == Browser::firefox) std::ofstream(profile + "/user.js") << kFirefoxPreferences;
  std::vector<std::string> words = arguments(browser, profile, url);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  pid_ = ::fork();
  if (pid_ != 0) return;
  ::setpgid(0, 0);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setenv("HOME", home_.c_str(), 1);
  ::setenv("MOZ_CRASHREPORTER_DISABLE", "1", 1);
  ::unsetenv("DISPLAY");
  ::unsetenv("DBUS_SESSION_BUS_ADDRESS");
  const int log = ::open((home_ + "/log").c_str(), O_WRONLY | O_CREAT, 0600);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

BrowserProcess::~BrowserProcess() {
  ::kill(-pid_, SIGTERM);
  for (int i = 0; i < 40 && ::waitpid(pid_, nullptr, WNOHANG) == 0; ++i) std::this_thread::sleep_for(50ms);
  ::kill(-pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove_all(home_, ignored);
}

}  // namespace redan::test
