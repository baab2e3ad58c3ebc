// How a stream between a real browser and a Streamer begins: requested media arrives in both protocol versions; late
// and missing messages.
#include "tests/browser/streaming_stage.hpp"

namespace redan::cloud {
namespace {

TEST_P(StreamingTest, ASessionWithDataOnlyConnects) {
  stage->start_streamer();
  join("a", "{video: false}");
  with("a", "await s.reach('connected'); return true");
  EXPECT_EQ(stage->streamer->statistics().at("frames_encoded").as_uint64(), 0U);  // no client is watching
}

TEST_P(StreamingTest, SoundIsPlayedTogetherWithThePicture) {
  stage->start_streamer();
  for (const std::string api : {"2", "1"}) {
    join("a" + api, "{audio: true, apiVersion: " + api + "}");
    // Without a sound device Firefox has no running AudioContext; Chromium measures no energy of muted sound.
    const std::string tone = GetParam() == Browser::chromium ? "true" : "false";
    const json::value heard = with("a" + api, "const TONE = " + tone + ";" + R"(
      await s.reach('playing');
      await s.see(p => true, 'a picture');
      await t.until(async () => {
        const r = await s.report('inbound-rtp', 'audio');
        return r && r.packetsReceived > 50 && (TONE || r.totalAudioEnergy > 0.0001);
      }, 'sound');
      if (TONE) {
        const context = new AudioContext({sampleRate: 48000});
        context.resume();
        const analyser = context.createAnalyser();
        context.createMediaStreamSource(s.stream).connect(analyser);
        analyser.fftSize = 2048;
        const spectrum = new Float32Array(analyser.frequencyBinCount);
        const bin = hertz => Math.round(hertz * analyser.fftSize / 48000);
        await t.until(() => {
          analyser.getFloatFrequencyData(spectrum);
          return spectrum[bin(440)] > -60 && spectrum[bin(440)] > spectrum[bin(5000)] + 20;
        }, 'the tone');
        context.close();
      }
      const report = await s.report('inbound-rtp', 'audio');
      return {packets: report.packetsReceived, lost: report.packetsLost, tracks: s.stream.getTracks().length})");
    EXPECT_EQ(heard.at("tracks").to_number<int>(), 2);
    EXPECT_EQ(heard.at("lost").to_number<int>(), 0);
  }
}

TEST_P(StreamingTest, ClientsOfVersion1OfferAndGetAnAnswer) {
  stage->start_streamer();
  join("a", "{apiVersion: 1}");
  with("a", "await s.reach('playing'); await s.see(p => true, 'a picture'); return true");
  with(
      "a",
      "s.send('input::touch-start', {id: 0, x: 1, y: 1}); await s.see(p => p.inputs === 1, 'the finger'); return true");
}

// A seal that seals nothing, but runs this code in the page before the client's answer is sent.
std::string seal_that(const std::string& before_the_answer) {
  return R"({
    begin: async () => ({type: 'discover'}),
    receive: async message => ({heard: message}),
    say: async message => {
      const {pc, socket} = t.streams.a;
      if (message.type === 'answer') )" +
         before_the_answer + R"(;
      return message;
    }})";
}

// Sealing takes time, and the runtime's ICE answers before it knows the client's description.
TEST_P(StreamingTest, AnAnswerThatIsReadyOnlyAfterIceIsStillSent) {
  stage->start_streamer();
  join("a",
       "{video: false, seal: " + seal_that("await t.until(() => pc.iceConnectionState === 'connected', 'ICE')") + "}");
  with("a", "await s.reach('connected'); return true");
}

TEST_P(StreamingTest, TheStreamEndsWhenTheSocketClosesBeforeTheAnswer) {
  stage->start_streamer();
  join("a", "{video: false, seal: " + seal_that("socket.close()") + "}");
  const json::value ended = with("a", "return await s.reach('ended')");
  EXPECT_EQ(ended.at("code").to_number<int>(), 2);
}

// A browser may resolve setRemoteDescription() only after the resulting channels are open.
TEST_P(StreamingTest, AChannelThatOpensBeforeTheAnswerIsAppliedIsUsed) {
  stage->start_streamer();
  stage->run("t.join('a', '" + url("a") + R"(', {apiVersion: 1});
    const {pc, channels} = t.streams.a, set = pc.setRemoteDescription.bind(pc);
    pc.setRemoteDescription = async description => {
      await set(description);
      await t.until(() => channels.control.readyState === 'open', 'the control channel');
    };
    return true)");
  const json::value states = with("a", "await s.reach('playing'); return s.states.map(each => each.state)");
  EXPECT_EQ(states, json::value({"signalling", "connected", "playing"}));
}

}  // namespace
}  // namespace redan::cloud
