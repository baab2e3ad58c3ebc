// werift as a peer.
import { createRequire } from 'node:module';
import { run } from './w3c_peer.mjs';
import { counter, paced, rtpPacket, say } from './json_lines.mjs';

const installed = createRequire(process.env.NODE_PATH + '/');
const werift = installed('werift');
// Without a STUN server it uses a public one, and waits for the resolver.
process.env.RES_OPTIONS = 'timeout:1 attempts:1';
const connection = new werift.RTCPeerConnection({ iceServers: [] });
run('0.24', connection, {
  add() {
    const received = counter();
    this.track = new werift.MediaStreamTrack({ kind: 'video' });
    this.sender = connection.addTransceiver(this.track, { direction: 'sendrecv' }).sender;
    connection.onTrack.subscribe((track) => track.onReceiveRtp.subscribe(received.add));
  },
  async stream({ packets, size }) {
    await paced(packets, (i) => this.track.writeRtp(rtpPacket(this.sender.codec?.payloadType ?? 96, 1, i, size)));
    say('streamed', { packets });
  },
});
