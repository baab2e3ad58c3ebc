// @roamhq/wrtc, which is libwebrtc, as a peer.
import { createRequire } from 'node:module';
import { run } from './w3c_peer.mjs';
import { say } from './json_lines.mjs';

const wrtc = createRequire(process.env.NODE_PATH + '/')('@roamhq/wrtc');
const version = createRequire(process.env.NODE_PATH + '/')('@roamhq/wrtc/package.json').version;
const iceServers = JSON.parse(process.env.REDAN_ICE_SERVERS ?? '[]');
const connection = new wrtc.RTCPeerConnection({ iceServers });
const packets = async (type, name) => {
  let sum = 0;
  for (const stats of (await connection.getStats()).values()) if (stats.type === type) sum += stats[name];
  return sum;
};
run(version, connection, {
  add() {
    const source = new wrtc.nonstandard.RTCVideoSource();
    connection.addTrack(source.createTrack(), new wrtc.MediaStream());
    this.source = source;
  },
  // Pictures of noise. The number of packets is determined by libwebrtc.
  async stream() {
    const width = 640, height = 480;
    for (let i = 0; i < 60; ++i) {
      const data = Uint8ClampedArray.from({ length: (width * height * 3) / 2 }, (_, at) => (at * 2654435761 * (i + 1)) >>> 24);
      this.source.onFrame({ width, height, data });
      await new Promise((resolve) => setTimeout(resolve, 33));
    }
    for (let before = -1, now = 0; now !== before; before = now, now = await packets('outbound-rtp', 'packetsSent'))
      await new Promise((resolve) => setTimeout(resolve, 500));
    say('streamed', { packets: await packets('outbound-rtp', 'packetsSent') });
    setInterval(async () => say('rtp', { packets: await packets('inbound-rtp', 'packetsReceived') }), 200);
  },
});
