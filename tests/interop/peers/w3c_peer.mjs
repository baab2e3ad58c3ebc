// A peer with the interface of browsers (W3C WebRTC). `media`: {add(connection), stream(command)}, if supported.
import { payload, say, sayMessage, serve } from './json_lines.mjs';

export function run(version, connection, media = {}) {
  const channels = new Map();

  const watch = (channel) => {
    channel.binaryType = 'arraybuffer';
    channels.set(channel.label, channel);
    const opened = () => {
      say('opened', {
        label: channel.label, protocol: channel.protocol, id: channel.id, ordered: channel.ordered,
        maxRetransmits: channel.maxRetransmits ?? null, maxPacketLifeTime: channel.maxPacketLifeTime ?? null,
      });
    };
    channel.onmessage = ({ data }) => sayMessage(channel.label, data);
    channel.onclose = () => say('channel_closed', { label: channel.label });
    if (channel.readyState === 'open') opened();
    else channel.onopen = opened;
  };
  connection.ondatachannel = ({ channel }) => watch(channel);
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === 'connected') say('connected');
    if (['closed', 'failed'].includes(connection.connectionState)) say('closed', { why: connection.connectionState });
  };
  connection.oniceconnectionstatechange = () => say('ice', { state: connection.iceConnectionState });

  const gathered = async () => {
    for (let i = 0; i < 200 && connection.iceGatheringState !== 'complete'; ++i)
      await new Promise((resolve) => setTimeout(resolve, 20));
    say('description', { type: connection.localDescription.type, sdp: connection.localDescription.sdp });
  };
  serve(version, {
    media: () => media.add(connection),
    offer: async ({ restart }) => {
      await connection.setLocalDescription(await connection.createOffer({ iceRestart: restart ?? false }));
      await gathered();
    },
    answer: async ({ sdp }) => {
      await connection.setRemoteDescription({ type: 'offer', sdp });
      await connection.setLocalDescription(await connection.createAnswer());
      await gathered();
    },
    accept: ({ sdp }) => connection.setRemoteDescription({ type: 'answer', sdp }),
    open: ({ label, protocol, ordered, maxRetransmits, maxPacketLifeTime }) =>
      watch(connection.createDataChannel(label, {
        protocol: protocol ?? '', ordered: ordered ?? true,
        ...(maxRetransmits === undefined ? {} : { maxRetransmits }),
        ...(maxPacketLifeTime === undefined ? {} : { maxPacketLifeTime }),
      })),
    send: (command) => channels.get(command.label).send(payload(command)),
    close_channel: ({ label }) => channels.get(label).close(),
    close: () => connection.close(),
    stream: (command) => media.stream(command),
  });
}
