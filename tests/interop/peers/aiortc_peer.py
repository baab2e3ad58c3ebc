#!/usr/bin/python3
"""aiortc as a peer: commands arrive as lines of JSON, events are written as such."""
import asyncio
import json
import sys

import aiortc
from aiortc.mediastreams import VideoStreamTrack

from json_lines import payload, say, say_message


class Peer:
    def __init__(self):
        self.connection = aiortc.RTCPeerConnection()
        self.channels = {}
        self.connection.on('datachannel', self.watch)
        self.connection.on('connectionstatechange', self.on_state)
        self.connection.on('iceconnectionstatechange', lambda: say('ice', state=self.connection.iceConnectionState))
        self.connection.on('track', lambda track: asyncio.ensure_future(self.consume(track)))

    def on_state(self):
        state = self.connection.connectionState
        if state == 'connected':
            say('connected')
        if state in ('closed', 'failed'):
            say('closed', why=state)

    def watch(self, channel):
        self.channels[channel.label] = channel

        def opened():
            say('opened', label=channel.label, protocol=channel.protocol, id=channel.id, ordered=channel.ordered,
                maxRetransmits=channel.maxRetransmits, maxPacketLifeTime=channel.maxPacketLifeTime)
        channel.on('message', lambda data: say_message(channel.label, data))
        channel.on('close', lambda: say('channel_closed', label=channel.label))
        if channel.readyState == 'open':
            opened()
        else:
            channel.on('open', opened)

    async def consume(self, track):
        try:
            while True:
                await track.recv()
        except aiortc.mediastreams.MediaStreamError:
            pass

    async def describe(self, description):
        await self.connection.setLocalDescription(description)
        local = self.connection.localDescription
        say('description', type=local.type, sdp=local.sdp)

    async def media(self, command):
        self.connection.addTrack(VideoStreamTrack())

    async def sctp_port(self, command):
        self.connection.sctp._local_port = command['port']

    async def offer(self, command):
        await self.describe(await self.connection.createOffer())

    async def answer(self, command):
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(command['sdp'], 'offer'))
        await self.describe(await self.connection.createAnswer())

    async def accept(self, command):
        await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(command['sdp'], 'answer'))

    async def open(self, command):
        self.watch(self.connection.createDataChannel(
            command['label'], protocol=command.get('protocol', ''), ordered=command.get('ordered', True),
            maxRetransmits=command.get('maxRetransmits'), maxPacketLifeTime=command.get('maxPacketLifeTime')))

    async def send(self, command):
        self.channels[command['label']].send(payload(command))

    async def close_channel(self, command):
        self.channels[command['label']].close()

    async def close(self, command):
        await self.connection.close()

    async def packets(self, kind, name):
        return sum(getattr(stats, name) for stats in (await self.connection.getStats()).values() if stats.type == kind)

    async def stream(self, command):
        """Its own pictures, for two seconds; the number of packets is determined by aiortc."""
        await asyncio.sleep(2)
        self.connection.getSenders()[0].replaceTrack(None)
        await asyncio.sleep(0.5)
        say('streamed', packets=await self.packets('outbound-rtp', 'packetsSent'))
        asyncio.ensure_future(self.say_received())

    async def say_received(self):
        while True:
            say('rtp', packets=await self.packets('inbound-rtp', 'packetsReceived'))
            await asyncio.sleep(0.2)


async def main():
    peer = Peer()
    lines = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    say('ready', version=aiortc.__version__)
    while line := await lines.readline():
        command = json.loads(line)
        try:
            await getattr(peer, command['do'])(command)
        except Exception as error:
            say('error', text=repr(error))


asyncio.run(main())
