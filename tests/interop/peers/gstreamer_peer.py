#!/usr/bin/python3
"""GStreamer's webrtcbin as a peer: commands arrive as lines of JSON, events are written as such."""
import json
import re
import sys
import threading

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstSdp', '1.0')
gi.require_version('GstWebRTC', '1.0')
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

from json_lines import payload, say, say_message  # noqa: E402

# Noise, so that packets are full: all except the last of a picture have 1,400 bytes. Larger pictures return
# in bursts that overflow its socket.
RTP = 'application/x-rtp,media=video,encoding-name=VP8,payload=96,clock-rate=90000'
VIDEO = ('videotestsrc pattern=snow is-live=true num-buffers=60 ! video/x-raw,width=320,height=240,framerate=30/1 '
         '! vp8enc deadline=1 ! rtpvp8pay mtu=1400 pt=96 ! capsfilter caps="' + RTP + '"')


class Peer:
    def __init__(self):
        self.pipeline = Gst.Pipeline.new('peer')
        self.webrtc = Gst.ElementFactory.make('webrtcbin')
        self.webrtc.set_property('bundle-policy', GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
        self.pipeline.add(self.webrtc)
        self.channels = {}
        self.port = None
        self.sent = self.received = self.largest = 0
        self.source = None
        self.webrtc.connect('on-data-channel', lambda _, channel: self.watch(channel))
        self.webrtc.connect('pad-added', self.on_pad)
        self.webrtc.connect('notify::connection-state', self.on_state)
        self.webrtc.connect('notify::ice-connection-state', lambda *_: say(
            'ice', state=self.webrtc.get_property('ice-connection-state').value_nick))
        self.pipeline.set_state(Gst.State.PLAYING)

    def on_state(self, *_):
        state = self.webrtc.get_property('connection-state').value_nick
        if state == 'connected':
            say('connected')
        if state in ('closed', 'failed'):
            say('closed', why=state)

    def watch(self, channel):
        label = channel.get_property('label')
        self.channels[label] = channel

        said = []

        def opened(*_):
            if said:
                return
            said.append(True)
            limit = {name: channel.get_property(name) for name in ('max-retransmits', 'max-packet-lifetime')}
            say('opened', label=label, protocol=channel.get_property('protocol') or '', id=channel.get_property('id'),
                ordered=channel.get_property('ordered'),
                maxRetransmits=limit['max-retransmits'] if limit['max-retransmits'] >= 0 else None,
                maxPacketLifeTime=limit['max-packet-lifetime'] if limit['max-packet-lifetime'] >= 0 else None)
        channel.connect('on-message-string', lambda _, text: say_message(label, text or ''))
        channel.connect('on-message-data', lambda _, data: say_message(label, data.get_data() if data else b''))
        channel.connect('on-close', lambda _: say('channel_closed', label=label))
        channel.connect('on-error', lambda _, error: say('error', text=f'{label}: {error.message}'))
        channel.connect('on-open', opened)
        if channel.get_property('ready-state') == GstWebRTC.WebRTCDataChannelState.OPEN:
            opened()

    def on_pad(self, _, pad):
        if pad.direction != Gst.PadDirection.SRC:
            return
        sink = Gst.ElementFactory.make('fakesink')
        sink.set_property('async', False)
        self.pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.add_probe(Gst.PadProbeType.BUFFER, self.count_received)
        pad.link(sink.get_static_pad('sink'))

    def count_received(self, *_):
        self.received += 1
        return Gst.PadProbeReturn.OK

    def count_sent(self, pad, info):
        buffers = info.get_buffer_list() if info.type & Gst.PadProbeType.BUFFER_LIST else None
        sizes = [buffers.get(i).get_size() for i in range(buffers.length())] if buffers else [info.get_buffer().get_size()]
        self.sent += len(sizes)
        self.largest = max(self.largest, *sizes, 0)
        return Gst.PadProbeReturn.OK

    def ask(self, signal, argument):
        """The reply. A description in it lives as long as the reply."""
        promise = Gst.Promise.new()
        self.webrtc.emit(signal, argument, promise)
        promise.wait()
        return promise.get_reply()

    def describe(self, kind):
        created = self.ask(f'create-{kind}', None)
        description = created.get_value(kind)
        if self.port:
            text = re.sub(r'a=sctp-port:\d+', f'a=sctp-port:{self.port}', description.sdp.as_text())
            description = self.parsed(kind, text)
        self.ask('set-local-description', description)
        for _ in range(200):
            if self.webrtc.get_property('ice-gathering-state') == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
                break
            GLib.usleep(20_000)
        say('description', type=kind, sdp=self.webrtc.get_property('local-description').sdp.as_text())

    @staticmethod
    def parsed(kind, text):
        _, sdp = GstSdp.SDPMessage.new_from_text(text)
        kinds = {'offer': GstWebRTC.WebRTCSDPType.OFFER, 'answer': GstWebRTC.WebRTCSDPType.ANSWER}
        return GstWebRTC.WebRTCSessionDescription.new(kinds[kind], sdp)

    def set_remote(self, kind, text):
        self.ask('set-remote-description', self.parsed(kind, text))

    def media(self, command):
        self.source = Gst.parse_bin_from_description(VIDEO, True)
        self.source.set_locked_state(True)
        self.pipeline.add(self.source)
        pad = self.webrtc.request_pad(self.webrtc.get_pad_template('sink_%u'), None, Gst.Caps.from_string(RTP))
        self.source.get_static_pad('src').link(pad)
        pad.add_probe(Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST, self.count_sent)

    def stream(self, command):
        self.source.set_locked_state(False)
        self.source.sync_state_with_parent()
        before = -1
        GLib.usleep(1_000_000)
        while before != self.sent:
            before = self.sent
            GLib.usleep(500_000)
        say('streamed', packets=self.sent, largest=self.largest)
        GLib.timeout_add(100, lambda: say('rtp', packets=self.received) or True)

    def sctp_port(self, command):
        self.port = command['port']

    def offer(self, command):
        self.describe('offer')

    def answer(self, command):
        self.set_remote('offer', command['sdp'])
        self.describe('answer')

    def accept(self, command):
        self.set_remote('answer', command['sdp'])

    def open(self, command):
        options = Gst.Structure.new_empty('options')
        options.set_value('ordered', command.get('ordered', True))
        options.set_value('protocol', command.get('protocol', ''))
        for name, ours in (('maxRetransmits', 'max-retransmits'), ('maxPacketLifeTime', 'max-packet-lifetime')):
            if name in command:
                options.set_value(ours, command[name])
        self.watch(self.webrtc.emit('create-data-channel', command['label'], options))

    def send(self, command):
        data = payload(command)
        channel = self.channels[command['label']]
        if isinstance(data, str):
            channel.emit('send-string', data)
        else:
            channel.emit('send-data', GLib.Bytes.new(data))

    def close_channel(self, command):
        self.channels[command['label']].emit('close')

    def close(self, command):
        self.pipeline.set_state(Gst.State.NULL)
        say('closed', why='stopped')


def obey(peer):
    for line in sys.stdin:
        command = json.loads(line)
        try:
            getattr(peer, command['do'])(command)
        except Exception as error:
            say('error', text=repr(error))


Gst.init(None)
PEER = Peer()
say('ready', version=Gst.version_string())
threading.Thread(target=obey, args=(PEER,), daemon=True).start()
GLib.MainLoop().run()
