// Real browsers as clients of a Streamer, with the signalling protocol of the streaming SDK: playing, controlling,
// being displaced.
#include <stdlib.h>

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/write.hpp>
#include <fstream>

#include "base/base64.hpp"
#include "cloud/errors.hpp"
#include "media/video.hpp"
#include "tests/browser/streaming_stage.hpp"
#include "tests/media/media_files.hpp"
#include "tests/support/child_process.hpp"

namespace redan::cloud {
namespace {

TEST_P(StreamingTest, ThePictureIsPlayedAndItsFramesCanBeCounted) {
  stage->start_streamer();
  join("a");
  const json::value first = with("a", "return await s.see(p => true, 'a picture')");
  EXPECT_EQ(first.at("width").to_number<int>(), 1280);
  EXPECT_EQ(first.at("height").to_number<int>(), 720);
  const auto frame = first.at("frame").to_number<std::int64_t>();
  const json::value later =
      with("a", "return await s.see(p => p.frame >= " + std::to_string(frame + 60) + ", 'two more seconds')");
  EXPECT_LT(later.at("frame").to_number<std::int64_t>(), frame + 150);
  EXPECT_EQ(text_of(with("a", "return s.stream.id")).substr(0, 6), "redan-");
  // The page closes its socket without a code when it is connected; the stream continues.
  EXPECT_TRUE(stage->until([&] { return stage->close_codes.contains("a"); }));
  EXPECT_EQ(stage->close_codes["a"], 1005U);
  EXPECT_EQ(stage->states["a"].first, runtime::ClientState::connected);
  const json::value statistics = with("a", "return await s.report('inbound-rtp', 'video')");
  EXPECT_GE(statistics.at("framesDecoded").to_number<int>(), 50);
  std::printf("  %s\n", json::serialize(stage->streamer->statistics()).c_str());
}

TEST_P(StreamingTest, TouchesAndKeysAppearInThePicture) {
  stage->start_streamer();
  join("a");
  with("a", "await s.see(p => p.inputs === 0, 'a picture'); await s.reach('playing'); return true");
  with("a", R"(
    s.send('input::touch-start', {id: 0, x: 640, y: 400});
    await s.see(p => p.inputs === 1 && p.indicators.press > 128 && p.indicators.held > 128, 'the finger');
    s.send('input::touch-end', {id: 0, last: true});
    await s.see(p => p.inputs === 2 && p.indicators.press > 128 && p.indicators.held < 128, 'no finger');
    s.send('input::key', {code: t.hidUsage('KeyA'), pressed: true});
    await s.see(p => p.indicators.key > 128 && p.indicators.keyHeld > 128, 'the key');
    s.send('input::gamepad-axes', {id: 0, index: 0, value: 0});
    await s.see(p => p.inputs === 4 && Math.abs(p.indicators.axis - 128) < 24, 'the axis');
    s.send('input::ime-event', {type: 1, data: {text: 'hi'}});
    s.send('nonsense', {});
    s.channels.control.send('{');
    await s.see(p => p.inputs === 5 && p.indicators.text > 128, 'the text');
    return true)");
  EXPECT_EQ(stage->streamer->statistics().at("control_messages").as_uint64(), 5U);
  EXPECT_EQ(stage->streamer->statistics().at("control_ignored").as_uint64(), 2U);
}

// From a real event on the element to the picture that shows it.
TEST_P(StreamingTest, EventsOnThePageReachThePictureInItsCoordinates) {
  stage->start_streamer();
  join("a");
  with("a", "await s.reach('playing'); await s.see(p => true, 'a picture'); s.attachInput(); return true");
  const json::value point = with("a", R"(
    const box = s.element.getBoundingClientRect();
    return s.toPicture(box.left + box.width / 2, box.top + box.height / 4))");
  EXPECT_NEAR(point.at("x").to_number<double>(), 640, 1);
  EXPECT_NEAR(point.at("y").to_number<double>(), 180, 1);
  with("a", R"(
    const box = s.element.getBoundingClientRect();
    const at = {clientX: box.left + 20, clientY: box.top + 20, pointerId: 1, bubbles: true, cancelable: true};
    s.element.setPointerCapture = () => {};
    s.element.dispatchEvent(new PointerEvent('pointerdown', {...at, pointerType: 'touch', button: 0, buttons: 1}));
    await s.see(p => p.indicators.held > 128, 'the finger');
    s.element.dispatchEvent(new PointerEvent('pointerup', {...at, pointerType: 'touch', button: 0}));
    await s.see(p => p.indicators.held < 128, 'no finger');
    s.element.dispatchEvent(new PointerEvent('pointermove', {...at, pointerType: 'mouse', button: -1}));
    await s.see(p => p.indicators.moved > 128, 'the mouse');
    s.element.dispatchEvent(new KeyboardEvent('keydown', {code: 'KeyR', bubbles: true}));
    await s.see(p => p.indicators.keyHeld > 128, 'the key');
    s.element.dispatchEvent(new KeyboardEvent('keyup', {code: 'KeyR', bubbles: true}));
    await s.see(p => p.indicators.keyHeld < 128, 'no key');
    return true)");
  const json::value latency = with("a",
                                   "const all = []; for (let i = 0; i < 5; ++i) { await t.sleep(130); "
                                   "all.push(await s.measureLatency()); } return all");
  std::printf("  touch to picture, ms: %s\n", json::serialize(latency).c_str());
  for (const json::value& each : latency.as_array()) {
    ASSERT_TRUE(each.is_number());
    EXPECT_LT(each.to_number<double>(), 1000);
  }
}

TEST_P(StreamingTest, ANewControllerDisplacesThePreviousOneWithinASecond) {
  stage->start_streamer();
  join("a");
  with("a", "await s.reach('playing'); return true");
  const json::value begin = stage->run("return performance.now()");
  join("b");
  const json::value ended = with("a", "return await s.reach('ended')");
  EXPECT_EQ(ended.at("code").to_number<int>(), 14);
  EXPECT_LT(ended.at("at").to_number<double>() - begin.to_number<double>(), 1000);
  EXPECT_EQ(stage->states["a"], (std::pair(runtime::ClientState::left, errc::link_displaced)));
  with("b", "await s.reach('playing'); await s.see(p => true, 'a picture'); return true");
  EXPECT_EQ(stage->streamer->clients(), 1U);
}

TEST_P(StreamingTest, ClosingSendsAUserInitiatedAbort) {
  stage->start_streamer();
  join("a", "{dataChannels: ['foo']}");
  with("a", R"(
    await s.reach('connected');
    s.causes = [];
    s.channels.foo.onerror = event => s.causes.push([event.error.errorDetail, event.error.sctpCauseCode]);
    return true)");
  stage->streamer->close("a");
  const json::value ended = with("a", "return await s.reach('ended')");
  EXPECT_EQ(ended.at("code").to_number<int>(), 14);
  const json::value causes = with("a", "return s.causes");
  if (GetParam() == Browser::chromium) {
    EXPECT_EQ(causes, json::parse(R"([["sctp-failure", 12]])"));
  } else {
    EXPECT_EQ(causes, json::array());  // Firefox reports no causes
  }
  EXPECT_EQ(stage->states["a"], (std::pair(runtime::ClientState::left, Errc::closed_locally)));
}

TEST_P(StreamingTest, ALeavingClientIsDetectedAtOnce) {
  stage->start_streamer();
  join("a");
  with("a", "await s.reach('connected'); s.close(); return true");
  ASSERT_TRUE(stage->until([&] { return stage->states["a"].first == runtime::ClientState::left; }, 2s));
  EXPECT_EQ(stage->states["a"].second, Errc::dtls_peer_closed);
  EXPECT_EQ(stage->streamer->clients(), 0U);
}

TEST_P(StreamingTest, ViewersSeeTheStreamButCannotControlIt) {
  stage->start_streamer();
  join("a");
  with("a", "await s.reach('playing'); return true");
  join("v-1");
  with("v-1",
       "await s.reach('playing'); await s.see(p => true, 'a picture'); s.send('input::key', {code: 4, pressed: true}); "
       "return true");
  ASSERT_TRUE(stage->until([&] { return stage->streamer->statistics().at("control_ignored").as_uint64() == 1; }));
  EXPECT_EQ(stage->streamer->statistics().at("control_messages").as_uint64(), 0U);
  EXPECT_EQ(stage->streamer->clients(), 2U);
  // Another controller displaces only the controller.
  join("b");
  with("a", "await s.reach('ended'); return true");
  with("b", "await s.reach('playing'); return true");
  with("v-1", "await s.see(p => true, 'a picture'); return true");
  EXPECT_EQ(stage->states["v-1"].first, runtime::ClientState::connected);
}

// A program beside the runtime that returns what it receives.
TEST_P(StreamingTest, AChannelOfTheClientIsAUnixSocketForAProgram) {
  std::string pattern = (std::filesystem::temp_directory_path() / "redan-channels-XXXXXX").string();
  runtime::StreamerConfig config;
  config.channel_directory = ::mkdtemp(pattern.data());
  stage->start_streamer(config);
  join("a", "{video: false, dataChannels: ['foo', 'bar_2']}");
  with("a",
       "await s.reach('connected'); await t.until(() => s.channels.foo.readyState === 'open', 'foo'); return true");
  const auto path = config.channel_directory / "webrtc_data_foo";
  ASSERT_TRUE(stage->until([&] { return std::filesystem::is_socket(path); }));
  asio::local::stream_protocol::socket program(stage->io);
  program.connect(asio::local::stream_protocol::endpoint(path.string()));
  std::array<char, 65536> buffer{};
  std::function<void()> echo = [&] {
    program.async_read_some(asio::buffer(buffer), [&](const boost::system::error_code& error, std::size_t size) {
      if (error) return;
      asio::write(program, asio::buffer(buffer.data(), size));
      echo();
    });
  };
  echo();
  const json::value back = with("a", R"(
    const size = 300000, sent = t.bytes(size, 3);
    for (let at = 0; at < size; at += 50000) s.channels.foo.send(sent.slice(at, at + 50000));
    s.channels.foo.send('and text');
    const total = () => (s.received.foo || []).reduce((sum, data) => sum + data.byteLength, 0);
    await t.until(() => total() === size + 8, 'the echo');
    const joined = new Uint8Array(await new Blob(s.received.foo).arrayBuffer());
    return [t.same(joined.slice(0, size), sent), new TextDecoder().decode(joined.slice(size))])");
  EXPECT_EQ(back, json::parse(R"([true, "and text"])"));
  EXPECT_TRUE(std::filesystem::exists(config.channel_directory / "webrtc_data_bar_2"));
  stage->streamer->close("a");
  EXPECT_FALSE(std::filesystem::exists(path));
  stage->pump(50ms);
  std::filesystem::remove_all(config.channel_directory);
}

TEST_P(StreamingTest, EverySizeOfPictureIsPlayedAndMayChangeWithTheController) {
  stage->start_streamer();
  struct Size {
    int width, height;
  };
  int number = 0;
  for (const auto& [width, height] : {Size{720, 1280}, Size{334, 600}, Size{1920, 1080}}) {
    stage->screen.width = width;
    stage->screen.height = height;
    const std::string name = "s" + std::to_string(++number);
    join(name);
    const json::value seen =
        with(name, "return await s.see(p => p.width === " + std::to_string(width) + ", 'that width')");
    EXPECT_EQ(seen.at("height").to_number<int>(), height);
  }
}

TEST_P(StreamingTest, AFileIsPlayedInALoop) {
  auto encoder = media::Vp8Encoder::open({640, 480, 30, 1'000'000});
  ASSERT_TRUE(encoder);
  media::Picture picture(640, 480);
  std::vector<redan::test::FileBytes> frames;
  media::Scene scene;
  for (scene.frame = 1; frames.size() < 60; ++scene.frame) {
    const auto frame = (*encoder)->encode(picture.draw(scene, {}), TimePoint{} + scene.frame * 33ms, false);
    if (frame && *frame) frames.push_back((*frame)->bytes);
  }
  const std::string path = (std::filesystem::temp_directory_path() / "redan-streaming-test.ivf").string();
  const redan::test::FileBytes file = redan::test::make_ivf(frames);
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(file.data()), static_cast<std::streamsize>(file.size()));
  runtime::StreamerConfig config;
  config.source = path;
  stage->start_streamer(config);
  std::filesystem::remove(path);
  join("a", "{audio: true}");
  with("a", R"(
    await s.reach('playing');
    await s.see(p => p.width === 640 && p.frame > 40, 'the end');
    await s.see(p => p.frame < 20, 'the beginning again');
    await s.see(p => p.frame > 40, 'the end again');
    return true)");
  // Another client begins with a key frame.
  join("v-1");
  with("v-1", "await s.see(p => p.frame > 0, 'a picture'); return true");
}

TEST_P(StreamingTest, TheOutputOfAnotherProgramsEncoderIsForwarded) {
  const std::string ffmpeg = "/usr/bin/ffmpeg";
  if (!std::filesystem::exists(ffmpeg)) GTEST_SKIP() << "skipped: ffmpeg is not installed";
  runtime::StreamerConfig config;
  config.source = "rtp:5004";
  stage->start_streamer(config);
  const redan::test::Child program({ffmpeg,
                                    "-loglevel",
                                    "error",
                                    "-re",
                                    "-f",
                                    "lavfi",
                                    "-i",
                                    "testsrc2=size=320x240:rate=30",
                                    "-re",
                                    "-f",
                                    "lavfi",
                                    "-i",
                                    "sine",
                                    "-map",
                                    "0",
                                    "-c:v",
                                    "libvpx",
                                    "-deadline",
                                    "realtime",
                                    "-g",
                                    "30",
                                    "-f",
                                    "rtp",
                                    "rtp://127.0.0.1:5004",
                                    "-map",
                                    "1",
                                    "-c:a",
                                    "libopus",
                                    "-f",
                                    "rtp",
                                    "rtp://127.0.0.1:5006"},
                                   "/dev/null");
  join("a", "{audio: true}");
  const json::value decoded = with("a", R"(
    await s.reach('playing');
    await t.until(() => s.element.videoWidth === 320, 'its size');
    return t.until(async () => {
      const video = await s.report('inbound-rtp', 'video'), audio = await s.report('inbound-rtp', 'audio');
      return video.framesDecoded > 60 && audio.packetsReceived > 60 && [video.framesDecoded, video.pliCount];
    }, 'two seconds'))");
  std::printf("  decoded, PLIs: %s\n", json::serialize(decoded).c_str());
}

TEST_P(StreamingTest, LostPacketsAreRetransmittedAndThePictureContinues) {
  stage->start_streamer();
  stage->start_relay();
  join("a");
  with("a", "await s.reach('playing'); await s.see(p => true, 'a picture'); return true");
  stage->relay->loss = 0.05;
  const json::value seen = with("a", R"(
    const before = s.readPicture(), decoded = (await s.report('inbound-rtp', 'video')).framesDecoded;
    await s.see(p => p.frame >= before.frame + 150, 'five seconds');
    const report = await s.report('inbound-rtp', 'video');
    return {decoded: report.framesDecoded - decoded, nacks: report.nackCount, freezes: report.freezeCount || 0})");
  EXPECT_GT(stage->relay->lost, 5U);
  EXPECT_GT(stage->figure("nack_count"), 0U);
  EXPECT_GT(stage->figure("retransmitted_packets_sent"), 0U);
  EXPECT_GE(seen.at("decoded").to_number<int>(), 120) << json::serialize(seen);
  std::printf("  lost %d of %d; %s; retransmitted %d\n", static_cast<int>(stage->relay->lost),
              static_cast<int>(stage->relay->passed), json::serialize(seen).c_str(),
              static_cast<int>(stage->figure("retransmitted_packets_sent")));
}

TEST_P(StreamingTest, ABrowserRequestsAKeyFrameAfterHeavyLossAndContinues) {
  stage->start_streamer();
  stage->start_relay();
  join("a");
  with("a", "await s.reach('playing'); await s.see(p => true, 'a picture'); return true");
  const std::uint64_t keys = stage->figure("key_frames_encoded");
  stage->relay->for_good = true;  // so that retransmissions do not help
  stage->relay->loss = 1;
  stage->pump(3s);
  stage->relay->loss = 0;
  const json::value seen = with("a", R"(
    const before = s.readPicture().frame, begin = performance.now();
    await s.see(p => p.frame > before + 60, 'the picture after the gap');
    return Math.round(performance.now() - begin))");
  EXPECT_GT(stage->figure("pli_count") + stage->figure("fir_count"), 0U);
  EXPECT_GT(stage->figure("key_frames_encoded"), keys);
  std::printf("  picture back after %s ms\n", json::serialize(seen).c_str());
}

TEST_P(StreamingTest, TheBitRateFallsOnANarrowPath) {
  stage->start_streamer();
  stage->start_relay();
  join("a");
  with("a", "await s.reach('playing'); await s.see(p => true, 'a picture'); return true");
  const std::uint64_t before = stage->figure("target_bitrate");
  stage->relay->bytes_per_second = 25'000;  // 200 kbit/s
  ASSERT_TRUE(stage->until([&] { return stage->figure("target_bitrate") < 350'000; }, 30s))
      << stage->figure("target_bitrate");
  with(
      "a",
      "const now = s.readPicture() || {frame: 0}; await s.see(p => p.frame > now.frame + 60, 'pictures'); return true");
  std::printf("  target from %d to %d\n", static_cast<int>(before), static_cast<int>(stage->figure("target_bitrate")));
}

INSTANTIATE_TEST_SUITE_P(Browsers, StreamingTest, testing::Values(Browser::chromium, Browser::firefox),
                         [](const auto& suite) { return suite.param == Browser::chromium ? "Chromium" : "Firefox"; });

}  // namespace
}  // namespace redan::cloud
