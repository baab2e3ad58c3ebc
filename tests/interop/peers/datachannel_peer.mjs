// node-datachannel, which is libdatachannel, libjuice and usrsctp, as a peer.
import { createRequire } from 'node:module';
import { counter, paced, payload, rtpPacket, say, sayMessage, serve } from './json_lines.mjs';

const installed = createRequire(process.env.NODE_PATH + '/');
const { PeerConnection, Video, getLibraryVersion } = installed('node-datachannel');
const iceServers = JSON.parse(process.env.REDAN_ICE_SERVERS ?? '[]').flatMap(({ urls }) => urls);  // of STUN
const connection = new PeerConnection('peer', { iceServers, disableAutoNegotiation: true });
const channels = new Map();
const kSsrc = 4711;
let track;

const watch = (channel) => {
  const label = channel.getLabel();
  channels.set(label, channel);
  channel.onMessage((data) => sayMessage(label, data));
  channel.onClosed(() => say('channel_closed', { label }));
  // It has no API for order and limits of a channel.
  const opened = () => say('opened', { label, protocol: channel.getProtocol?.(), id: channel.getId() });
  if (channel.isOpen()) opened();
  else channel.onOpen(opened);
};
const received = counter();
const watchTrack = (its) => {
  track = its;
  // RTCP also arrives here.
  track.onMessage((packet) => (packet[1] & 127) < 64 || (packet[1] & 127) > 95 ? received.add() : 0);
};

connection.onDataChannel(watch);
connection.onTrack(watchTrack);
connection.onStateChange((state) => {
  if (state === 'connected') say('connected');
  if (['closed', 'failed', 'disconnected'].includes(state)) say('closed', { why: state });
});
connection.onIceStateChange((state) => say('ice', { state }));
let describe;
connection.onGatheringStateChange((state) => {
  if (state === 'complete') describe?.();
});
// Gathers once in its lifetime: a second description is complete at once.
const described = async (type) => {
  const done = new Promise((resolve) => (describe = resolve));
  connection.setLocalDescription(type);
  if (connection.gatheringState() !== 'complete') await done;
  say('description', connection.localDescription());
};
serve(getLibraryVersion(), {
  media: () => {
    const video = new Video('video', 'SendRecv');
    video.addVP8Codec(96);
    video.addSSRC(kSsrc, 'video');
    watchTrack(connection.addTrack(video));
  },
  offer: () => described('offer'),
  answer: async ({ sdp }) => {
    connection.setRemoteDescription(sdp, 'offer');
    await described('answer');
  },
  accept: ({ sdp }) => connection.setRemoteDescription(sdp, 'answer'),
  open: ({ label, protocol, ordered, maxRetransmits, maxPacketLifeTime }) =>
    watch(connection.createDataChannel(label, {
      protocol: protocol ?? '', unordered: ordered === false,
      ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
      ...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime }),
    })),
  send: (command) => {
    const data = payload(command);
    const channel = channels.get(command.label);
    if (typeof data === 'string') channel.sendMessage(data);
    else channel.sendMessageBinary(data);
  },
  close_channel: ({ label }) => channels.get(label).close(),
  close: () => connection.close(),
  stream: async ({ packets, size }) => {
    await paced(packets, (i) => track.sendMessageBinary(rtpPacket(96, kSsrc, i, size)));
    say('streamed', { packets });
  },
});
