// The demo's page: files that embed.py converts into a .cpp at build time.
#pragma once

#include <span>
#include <string_view>

namespace redan::cmd {

struct PageFile {
  std::string_view target;  ///< "/page.css"
  std::string_view content_type;
  std::string_view body;
};
std::span<const PageFile> page_files();

}  // namespace redan::cmd
