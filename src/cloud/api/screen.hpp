// The screen that a client requests.
#pragma once

#include "cloud/api/members.hpp"

namespace redan::cloud::api {

struct Screen {
  std::int64_t width = 1280, height = 720;  ///< pixels, even: 16 to 3840, 16 to 2160
  std::int64_t fps = 30;                    ///< 1 to 120
  std::int64_t density = 240;               ///< dots per inch, 72 to 1000

  friend bool operator==(const Screen&, const Screen&) = default;
};

/// Absent members keep the value of `screen`. Odd sizes are rounded up: encoders need even ones, and clients send the
/// size of their window. 400 for values out of range.
Outcome<Screen> parse_screen(const json::object& object, Screen screen = {});
json::object to_json(const Screen& screen);

}  // namespace redan::cloud::api
