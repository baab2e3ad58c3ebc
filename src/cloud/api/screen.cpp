#include "cloud/api/screen.hpp"

namespace redan::cloud::api {

Outcome<Screen> parse_screen(const json::object& object, Screen screen) {
  struct Range {
    std::string_view name;
    std::int64_t* value;
    std::int64_t least, most;
  };
  for (const Range& range : {Range{"width", &screen.width, 16, 3840}, Range{"height", &screen.height, 16, 2160},
                             Range{"fps", &screen.fps, 1, 120}, Range{"density", &screen.density, 72, 1000}}) {
    REDAN_TRY(auto value, integer_member(object, range.name, *range.value));
    if (value < range.least || value > range.most) {
      return refuse(bad_request("screen: \"" + std::string(range.name) + "\" is not from " +
                                std::to_string(range.least) + " to " + std::to_string(range.most)));
    }
    *range.value = value;
  }
  screen.width += screen.width % 2;
  screen.height += screen.height % 2;
  return screen;
}

json::object to_json(const Screen& screen) {
  return {{"width", screen.width}, {"height", screen.height}, {"fps", screen.fps}, {"density", screen.density}};
}

}  // namespace redan::cloud::api
