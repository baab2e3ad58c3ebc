// A headless browser as a child process in its own process group, with a new profile; ended by the destructor.
#pragma once

#include <sys/types.h>

#include <string>

namespace redan::test {

enum class Browser { chromium, firefox };

class BrowserProcess {
 public:
  BrowserProcess(Browser browser, const std::string& url);
  ~BrowserProcess();
  BrowserProcess(const BrowserProcess&) = delete;
  BrowserProcess& operator=(const BrowserProcess&) = delete;

  static bool installed(Browser browser);

 private:
  std::string home_;
  pid_t pid_ = -1;
};

}  // namespace redan::test
