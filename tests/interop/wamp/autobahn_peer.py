#!/usr/bin/python3
"""An Autobahn|Python client for client_test.cpp: a callee and subscriber and, on calls to ctl.*, a caller and publisher.

    autobahn_peer.py --port N --serializer cbor [--encrypted]       prints {"joined":true} when everything is registered

With --encrypted, com.* is encrypted with the public test keys of tests/vectors/wamp. Ends when it is killed, or when
its standard input is a pipe that closes.
"""
import argparse
import base64
import hashlib
import json

import txaio

txaio.use_asyncio()

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.cryptobox import Key, KeyRing
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import CallOptions, CallResult, PublishOptions, RegisterOptions, SubscribeOptions

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}


def key_ring():
    def private(label):
        return base64.b64encode(hashlib.sha256(label).digest()).decode()

    ring = KeyRing()
    ring.set_key("com.", Key(originator_priv=private(b"wamp-lab originator v1"),
                             responder_priv=private(b"wamp-lab responder v1")))
    return ring


class Peer(ApplicationSession):
    heard = []

    async def onJoin(self, details):
        if self.config.extra["encrypted"]:
            self.set_payload_codec(key_ring())
        with_details = RegisterOptions(details_arg="details")
        await self.register(self.add2, "com.example.add2")
        await self.register(self.echo, "com.example.echo", options=with_details)
        await self.register(self.boom, "com.example.boom")
        await self.register(self.count, "com.example.count", options=with_details)
        await self.subscribe(self.hear, "com.example.topic", options=SubscribeOptions(details_arg="details"))
        await self.register(self.what_was_heard, "ctl.heard")
        await self.register(self.do_publish, "ctl.publish")
        await self.register(self.do_call, "ctl.call")
        print(json.dumps({"joined": True}), flush=True)

    def onDisconnect(self):
        import asyncio
        asyncio.get_event_loop().stop()

    # What it offers.

    def add2(self, a, b):
        return a + b

    def echo(self, *args, details=None, **kwargs):
        return CallResult(*args, enc=details.enc_algo, **kwargs)

    def boom(self):
        raise ApplicationError("com.example.error.boom", "secret detail", code=7)

    def count(self, end, details=None):
        for i in range(end):
            details.progress(i)
        return end

    def hear(self, *args, details=None, **kwargs):
        self.heard.append([details.topic or "com.example.topic", args, kwargs, details.enc_algo])

    # Commands.

    def what_was_heard(self):
        heard, self.heard[:] = list(self.heard), []
        return heard

    async def do_publish(self, topic, args, kwargs):
        await self.publish(topic, *args, options=PublishOptions(acknowledge=True), **kwargs)

    async def do_call(self, procedure, args, kwargs):
        progress = []
        try:
            options = CallOptions(on_progress=lambda *a, **k: progress.append(a[0]))
            result = await self.call(procedure, *args, options=options, **kwargs)
        except ApplicationError as error:
            return ["error", error.error, list(error.args), error.kwargs]
        if isinstance(result, CallResult):
            return ["result", list(result.results), result.kwresults, progress]
        return ["result", [result], {}, progress]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--serializer", choices=SERIALIZERS, default="json")
    parser.add_argument("--encrypted", action="store_true")
    options = parser.parse_args()
    runner = ApplicationRunner(f"ws://127.0.0.1:{options.port}/ws", "realm1", extra={"encrypted": options.encrypted},
                               serializers=[SERIALIZERS[options.serializer]()])
    runner.run(Peer)


if __name__ == "__main__":
    main()
