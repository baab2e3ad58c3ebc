#!/usr/bin/python3
"""A client of the sealed channel on unmodified Autobahn|Python: the handshake by hand with PyNaCl, then calls whose
payloads Autobahn's own codec encrypts (docs/protocols/sealed.md, "Over WAMP").

    sealed_peer.py --port N --session S --grant HEX --authority HEX [--serializer cbor] [--attack flip|repeat|clear]

Prints {"answer":"<the runtime's answer to \\"ping\\">"}, or {"error":"<URI, or the error>"}.
"""
import argparse
import asyncio
import base64
import json
import os
import struct

import txaio

txaio.use_asyncio()

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.cryptobox import Key, KeyRing
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from nacl.bindings import crypto_hash_sha256
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey
from nacl.signing import SigningKey, VerifyKey

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
CRYPTOBOX = 2
CLIENT_KEY = SigningKey(bytes([3] * 32))  # known to sealed_autobahn_test.cpp
STEP = 512


def opaque8(data):
    return bytes([len(data)]) + data


def opaque16(data):
    return struct.pack(">H", len(data)) + data


def base64_text(data):
    return base64.b64encode(data).decode()


class Wrong(Exception):
    """The other end is not the runtime, or its messages are invalid."""


class Handshake:
    """The client's end, with suite cryptobox only."""

    def __init__(self, session, grant, authority):
        self.authority = VerifyKey(authority)
        self.ephemeral = PrivateKey.generate()
        self.hello = (bytes([1, 1, 0]) + opaque8(session.encode()) + opaque8(bytes([CRYPTOBOX])) +
                      bytes(self.ephemeral.public_key) + os.urandom(32) + opaque16(grant))

    def read(self, message):
        """Processes the runtime's share; afterwards both ends have the keys."""
        if len(message) < 68 or message[:2] != bytes([2, CRYPTOBOX]):
            raise Wrong("no share")
        size = struct.unpack(">H", message[66:68])[0]
        certificate, signature = message[68:68 + size], message[68 + size:]
        try:
            body = self.authority.verify(b"redan sealed v1 runtime certificate\0" + certificate[:-64], certificate[-64:])
            body = body[len(b"redan sealed v1 runtime certificate\0"):]
            key = VerifyKey(body[1 + body[0]:33 + body[0]])
            key.verify(b"redan sealed v1 runtime\0" + opaque16(self.hello) + opaque16(message[:-64]), signature)
        except (CryptoError, ValueError) as error:
            raise Wrong("certificate or signature") from error
        self.instance = body[1:1 + body[0]].decode()
        self.share = message[2:34]
        self.transcript = crypto_hash_sha256(b"redan sealed v1 transcript\0" + opaque16(self.hello) + opaque16(message))

    def key_ring(self, prefix):
        ring = KeyRing()
        ring.set_key(prefix, Key(originator_priv=base64_text(bytes(self.ephemeral)), responder_pub=base64_text(self.share)))
        return ring

    def proof(self):
        return base64_text(CLIENT_KEY.sign(b"redan sealed v1 client\0" + self.transcript).signature)


class Envelopes:
    """The content of boxes in both directions."""

    def __init__(self, session, transcript):
        self.session, self.transcript = session, base64_text(transcript)
        self.sent = self.received = 0

    def write(self, kind, body, mark=None):
        envelope = {"v": 1, "sid": self.session, "dir": "c", "seq": self.sent, "typ": kind, "re": mark, "body": body}
        if self.sent == 0:
            envelope["th"] = self.transcript
        envelope["pad"] = ""
        size = len(json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode())
        envelope["pad"] = " " * (-size % STEP)
        self.sent += 1
        return envelope

    def read(self, envelope, kind, mark=None):
        wanted = {"v": 1, "sid": self.session, "dir": "r", "seq": self.received, "typ": kind, "re": mark}
        if self.received == 0:
            wanted["th"] = self.transcript
        if not isinstance(envelope, dict) or not wanted.items() <= envelope.items():
            raise Wrong("envelope")
        self.received += 1
        return envelope["body"]


class Hostile:
    """A codec that alters the second box or repeats the first, like a router in between."""

    def __init__(self, codec, attack):
        self.codec, self.attack, self.boxes = codec, attack, []

    def encode(self, is_originating, uri, args=None, kwargs=None):
        encoded = self.codec.encode(is_originating, uri, args, kwargs)
        self.boxes.append(encoded)
        if len(self.boxes) == 3 and self.attack == "flip":
            encoded.payload = encoded.payload[:-1] + bytes([encoded.payload[-1] ^ 1])
        if len(self.boxes) == 3 and self.attack == "repeat":
            return self.boxes[1]
        return encoded

    def decode(self, is_originating, uri, encoded_payload):
        return self.codec.decode(is_originating, uri, encoded_payload)


class Client(ApplicationSession):
    outcome = {"error": "no session"}

    def onConnect(self):
        self.join("realm1", ["ticket"], "client")

    def onChallenge(self, challenge):
        return "client's ticket"

    async def onJoin(self, details):
        options = argparse.Namespace(**self.config.extra)
        prefix = f"anbox.e2e.{options.session}."
        try:
            Client.outcome = {"answer": await self.talk(options, prefix)}
        except ApplicationError as error:
            Client.outcome = {"error": error.error}
        except Wrong as error:
            Client.outcome = {"error": str(error)}
        self.leave()

    async def talk(self, options, prefix):
        handshake = Handshake(options.session, bytes.fromhex(options.grant), bytes.fromhex(options.authority))
        handshake.read(await self.call(prefix + "hello", handshake.hello))
        envelopes = Envelopes(options.session, handshake.transcript)
        self.set_payload_codec(Hostile(handshake.key_ring(prefix), options.attack))
        envelopes.read(await self.call(prefix + "auth", envelopes.write("auth", handshake.proof())), "auth")
        answer = await self.ask(envelopes, prefix, "ping")
        if options.attack == "clear":
            self.set_payload_codec(None)
        if options.attack is not None:
            await self.ask(envelopes, prefix, "ping again")
        return answer

    async def ask(self, envelopes, prefix, question):
        mark = base64_text(os.urandom(16))
        answer = await self.call(prefix + "signalling", envelopes.write("signalling", question, mark))
        return envelopes.read(answer, "signalling", mark)

    def onDisconnect(self):
        asyncio.get_event_loop().stop()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--session", required=True)
    parser.add_argument("--grant", required=True)
    parser.add_argument("--authority", required=True)
    parser.add_argument("--serializer", choices=SERIALIZERS, default="json")
    parser.add_argument("--attack", choices=["flip", "repeat", "clear"])
    options = parser.parse_args()
    runner = ApplicationRunner(f"ws://127.0.0.1:{options.port}/ws", "realm1", extra=vars(options),
                               serializers=[SERIALIZERS[options.serializer]()])
    runner.run(Client)
    print(json.dumps(Client.outcome), flush=True)


if __name__ == "__main__":
    main()
