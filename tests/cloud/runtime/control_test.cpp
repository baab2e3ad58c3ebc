#include "cloud/runtime/control.hpp"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace redan::cloud::runtime::control {
namespace {

// In the format of the SDK.
TEST(Control, ClientMessagesParse) {
  const struct {
    const char* text;
    Message message;
  } cases[] = {
      {R"({"type":"input::mouse-move","data":{"rx":1.5,"ry":-2,"x":10,"y":20.25}})", MouseMove{1.5, -2, 10, 20.25}},
      {R"({"type":"input::mouse-move","data":{"rx":1,"ry":2}})", MouseMove{1, 2, {}, {}}},
      {R"({"type":"input::mouse-button","data":{"pressed":true,"button":1}})", MouseButton{true, 1}},
      {R"({"type":"input::mouse-wheel","data":{"x":0,"y":-1}})", MouseWheel{0, -1}},
      {R"({"type":"input::touch-start","data":{"id":0,"x":1,"y":2}})", Touch{Touch::Kind::start, 0, 1, 2}},
      {R"({"type":"input::touch-move","data":{"id":9,"x":1,"y":2}})", Touch{Touch::Kind::move, 9, 1, 2}},
      {R"({"type":"input::touch-end","data":{"id":0,"last":true}})", TouchEnd{0, true}},
      {R"({"type":"input::key","data":{"code":4,"pressed":true}})", Key{4, true}},
      {R"({"type":"input::gamepad-button","data":{"id":0,"index":3,"pressed":true}})", GamepadButton{0, 3, true}},
      {R"({"type":"input::gamepad-axes","data":{"id":0,"index":1,"value":-0.5}})", GamepadAxes{0, 1, -0.5}},
      {R"({"type":"input::ime-event","data":{"type":1,"data":{"text":"hi"}}})", ImeText{"hi", false}},
      {R"({"type":"input::ime-event","data":{"type":2,"data":{"code":"del","times":2}}})", ImeKeycode{"del", 2}},
      {R"({"type":"input::ime-event","data":{"type":2,"data":{"code":67,"times":1}}})", ImeKeycode{"67", 1}},
      {R"({"type":"input::ime-event","data":{"type":3,"data":{"name":"done","params":{}}}})", ImeAction{"done"}},
      {R"({"type":"input::ime-event","data":{"type":4,"data":{"text":"h"}}})", ImeText{"h", true}},
      {R"({"type":"input::ime-event","data":{"type":5,"data":{"start":0,"end":2}}})", ImeRegion{0, 2}},
      {R"({"type":"location::update-position","data":{"time":1,"latitude":2,"longitude":3,"altitude":4,"speed":5,"bearing":6}})",
       Position{"wgs84", 1, 2, 3, 4, 5, 6}},
      {R"({"type":"sensor:event","data":{"sensor":"gyroscope","x":1,"y":2,"z":3}})",
       Sensor{Sensor::Kind::gyroscope, 1, 2, 3}},
      {R"({"type":"sensor:event","data":{"sensor":"orientation","roll":1,"pitch":2,"azimuth":3}})",
       Sensor{Sensor::Kind::orientation, 1, 2, 3}},
      {R"({"type":"vhal::get-all-prop-configs"})", VhalRequest{}},
      {R"({"type":"vhal::get","data":{"prop":286261505,"area_id":0}})",
       VhalRequest{VhalRequest::Kind::get, 286261505, 0}},
      {R"({"type":"vhal::set","data":{"prop":1,"area_id":2,"status":0,"int32_values":[1]}})",
       VhalRequest{VhalRequest::Kind::set, 1, 2}},
      {R"({"type":"stream::disconnect","data":{}})", Disconnect{}},
      {R"({"type":"app::custom","data":"anything"})", Unknown{"app::custom"}},
      {R"({"type":"input::ime-event","data":{"type":9}})", Unknown{"input::ime-event 9"}},
  };
  for (const auto& each : cases) {
    const auto parsed = parse(each.text);
    ASSERT_TRUE(parsed) << each.text;
    EXPECT_EQ(*parsed, each.message) << each.text;
    EXPECT_EQ(*parse(text(*parsed)), each.message) << text(*parsed);
  }
}

TEST(Control, InvalidMessagesDoNotParse) {
  for (const char* wrong :
       {"", "null", "[]", "{}", R"({"type":1})", R"({"type":"input::key"})", R"({"type":"input::key","data":"{}"})",
        R"({"type":"input::key","data":{"code":"a","pressed":true}})", R"({"type":"input::key","data":{"code":4}})",
        R"({"type":"input::key","data":{"code":-1,"pressed":true}})",
        R"({"type":"input::touch-start","data":{"id":10,"x":1,"y":2}})",
        R"({"type":"input::touch-start","data":{"id":0,"x":1e400,"y":2}})",
        R"({"type":"input::touch-start","data":{"id":0,"x":1e6,"y":2}})",
        R"({"type":"input::mouse-move","data":{"rx":1,"ry":2,"x":null}})",
        R"({"type":"input::mouse-button","data":{"pressed":1,"button":1}})",
        R"({"type":"input::mouse-button","data":{"pressed":true,"button":0}})",
        R"({"type":"sensor:event","data":{"sensor":"nose","x":1,"y":2,"z":3}})", R"({"type":"sensor::event","data":7)",
        R"({"type":"location::update-position","data":{"format":"map","latitude":2,"longitude":3}})"}) {
    EXPECT_FALSE(parse(wrong)) << wrong;
  }
}

TEST(Control, SizesAreBounded) {
  EXPECT_TRUE(parse(text(ImeText{std::string(kMaxText, 'x'), false})));
  EXPECT_FALSE(parse(text(ImeText{std::string(kMaxText + 1, 'x'), false})));
  EXPECT_FALSE(parse(R"({"type":"x","data":")" + std::string(kMaxMessage, 'x') + "\"}"));
  EXPECT_FALSE(parse(R"({"type":")" + std::string(100, 'x') + "\"}"));
  EXPECT_FALSE(parse(R"({"type":"x","data":)" + std::string(50, '[') + std::string(50, ']') + "}"));
}

TEST(Control, DataToTheClientIsJsonTextInsideJson) {
  EXPECT_EQ(json::parse(message_text("activate-sensor", json::object{{"type", "gyroscope"}})),
            json::parse(R"({"type":"activate-sensor","data":"{\"type\":\"gyroscope\"}"})"));
  EXPECT_EQ(json::parse(message_text("close-camera")), json::parse(R"({"type":"close-camera"})"));
}

TEST(Control, VehiclePropertiesAreReportedAsUnavailable) {
  EXPECT_EQ(json::parse(vhal_answer({VhalRequest::Kind::all})),
            json::parse(R"({"type":"vhal-prop-configs","data":"[]"})"));
  const json::value answer = json::parse(vhal_answer({VhalRequest::Kind::get, 7, 1}));
  EXPECT_EQ(answer.at("type"), "vhal-get-answer");
  EXPECT_EQ(json::parse(answer.at("data").as_string()), json::parse(R"({"prop":7,"area_id":1,"status":3})"));
  EXPECT_EQ(json::parse(vhal_answer({VhalRequest::Kind::set})).at("type"), "vhal-set-answer");
}

}  // namespace
}  // namespace redan::cloud::runtime::control
