#!/usr/bin/python3
"""Payload passthru mode between `redan wamp` and a second implementation of it, made of PyNaCl, PyCA and cbor2, through
`redan router`: both ciphers, both directions, every payload; and peers without the feature.

    ppt_test.py path/to/redan
"""
import base64
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

import cbor2
import nacl.secret
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from redan_router import EVERYTHING, RedanRouter

PROGRAM = None
TIMEOUT = 20
KEY = bytes(range(32))
REALM = {"name": "realm1", "roles": [{"name": "all", "permissions": EVERYTHING}], "authentication": {"anonymous": {"role": "all"}}}
FEATURES = {"features": {"payload_passthru_mode": True}}


def seal(cipher, key, args, kwargs):
    text = cbor2.dumps({"args": args, "kwargs": kwargs})
    if cipher == "xsalsa20poly1305":
        return bytes(nacl.secret.SecretBox(key).encrypt(text))
    nonce = os.urandom(12)
    return nonce + AESGCM(key).encrypt(nonce, text, b"")


def unseal(cipher, key, sealed):
    if cipher == "xsalsa20poly1305":
        return cbor2.loads(nacl.secret.SecretBox(key).decrypt(sealed))
    return cbor2.loads(AESGCM(key).decrypt(sealed[:12], sealed[12:], b""))


class Peer:
    """A WAMP session on a RawSocket, with CBOR."""

    def __init__(self, port, features):
        self.socket = socket.create_connection(("127.0.0.1", port), TIMEOUT)
        self.socket.sendall(bytes([0x7F, 0xF3, 0, 0]))
        self.exactly(4)
        self.send([1, "realm1", {"roles": {role: features for role in ("caller", "callee", "publisher", "subscriber")}}])
        assert self.receive()[0] == 2

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def send(self, message):
        data = cbor2.dumps(message)
        self.socket.sendall(struct.pack(">I", len(data)) + data)

    def receive(self):
        return cbor2.loads(self.exactly(struct.unpack(">I", self.exactly(4))[0]))


class PptTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.router = RedanRouter(PROGRAM, [REALM])
        self.addCleanup(self.router.stop)
        self.url = f"ws://127.0.0.1:{self.router.websocket}"

    def peer(self, features=None):
        peer = Peer(self.router.rawsocket, FEATURES if features is None else features)
        self.addCleanup(peer.socket.close)
        return peer

    def ring(self, cipher, key=KEY):
        path = self.folder / f"{cipher}{key[0]}.json"
        path.write_text(json.dumps({"keys": [{"uri": "com.", "id": "k1", "cipher": cipher, "secret": base64.b64encode(key).decode()}],
                                    "required": ["com."]}))
        path.chmod(0o600)
        return str(path)

    def shell(self, *words, ring):
        process = subprocess.Popen([PROGRAM, "wamp", *words, "--router", self.url, "--key-ring", ring, "--json"], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1)
        def end():
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
        self.addCleanup(end)
        return process

    @staticmethod
    def attributes(cipher):
        return {"ppt_scheme": "wamp", "ppt_serializer": "cbor", "ppt_cipher": cipher, "ppt_keyid": "k1"}

    def test_our_call_is_read_there_and_its_result_here(self):
        for cipher in ("xsalsa20poly1305", "aes256gcm"):
            with self.subTest(cipher=cipher):
                peer = self.peer()
                peer.send([64, 1, {}, f"com.{cipher}"])
                self.assertEqual(peer.receive()[0], 65)
                call = self.shell("call", f"com.{cipher}", "1", "two", "--kwargs", '{"k": null}', ring=self.ring(cipher))
                kind, request, _, details, args = peer.receive()
                self.assertEqual((kind, details), (68, self.attributes(cipher)))
                self.assertEqual(unseal(cipher, KEY, args[0]), {"args": [1, "two"], "kwargs": {"k": None}})
                peer.send([70, request, self.attributes(cipher), [seal(cipher, KEY, ["done"], {"x": 1.5})]])
                self.assertEqual(json.loads(call.communicate(timeout=TIMEOUT)[0]), {"args": ["done"], "kwargs": {"x": 1.5}})
                peer.socket.close()

    def test_an_error_is_encrypted_too(self):
        peer = self.peer()
        self.shell_register("com.f", ring=self.ring("aes256gcm"))
        peer.send([48, 1, self.attributes("aes256gcm"), "com.f", [seal("aes256gcm", KEY, [7], {})]])
        asked = json.loads(self.callee.stdout.readline())
        self.assertEqual((asked["args"], asked["encrypted"]), ([7], True))
        self.callee.stdin.write(json.dumps({"id": asked["id"], "error": "com.error", "args": ["why"]}) + "\n")
        kind, call, request, details, error, args = peer.receive()
        self.assertEqual((kind, call, request, error, details), (8, 48, 1, "com.error", self.attributes("aes256gcm")))
        self.assertEqual(unseal("aes256gcm", KEY, args[0]), {"args": ["why"], "kwargs": {}})

    def shell_register(self, procedure, ring):
        self.callee = self.shell("register", procedure, ring=ring)
        self.assertEqual(self.callee.stderr.readline().strip(), "registered")

    def test_what_does_not_open_is_refused(self):
        peer = self.peer()
        self.shell_register("com.f", ring=self.ring("xsalsa20poly1305"))
        good = self.attributes("xsalsa20poly1305")
        sealed = seal("xsalsa20poly1305", KEY, [1], {})
        wrong = [(good, [seal("xsalsa20poly1305", KEY[::-1], [1], {})]), (good, [sealed[:-1]]), (good, [sealed, 1]), (good, []), ({}, [1]),
                 (dict(good, ppt_cipher="aes256gcm"), [sealed]), (dict(good, ppt_serializer="json"), [sealed]),
                 (dict(good, ppt_keyid="k2"), [sealed]), (dict(good, ppt_scheme="x_other"), [sealed])]
        for request, (attributes, args) in enumerate(wrong, 1):
            peer.send([48, request, attributes, "com.f", args])
            answer = peer.receive()
            self.assertEqual((answer[0], answer[2]), (8, request), attributes)
            self.assertIn(answer[4], ("wamp.error.encryption.decrypt_error", "wamp.error.no_payload_codec"), attributes)
        peer.send([48, len(wrong) + 1, good, "com.f", [sealed]])
        self.assertEqual(json.loads(self.callee.stdout.readline())["args"], [1])
        peer.send([48, len(wrong) + 2, good, "com.f", [sealed]])
        self.assertEqual(peer.receive()[4], "wamp.error.encryption.decrypt_error", "the same ciphertext twice")

    def test_events_go_both_ways(self):
        for cipher in ("xsalsa20poly1305", "aes256gcm"):
            with self.subTest(cipher=cipher):
                peer = self.peer()
                subscriber = self.shell("subscribe", "com.t", "--count", "1", ring=self.ring(cipher))
                self.assertEqual(subscriber.stderr.readline().strip(), "subscribed")
                peer.send([16, 1, self.attributes(cipher), "com.t", [seal(cipher, KEY, ["in"], {})]])
                event = json.loads(subscriber.stdout.readline())
                self.assertEqual((event["args"], event["encrypted"]), (["in"], True))
                peer.send([32, 2, {}, "com.t"])
                self.assertEqual(peer.receive()[0], 33)
                self.assertEqual(self.shell("publish", "com.t", "out", ring=self.ring(cipher)).wait(TIMEOUT), 0)
                *_, details, args = peer.receive()
                self.assertEqual(details, self.attributes(cipher))
                self.assertEqual(unseal(cipher, KEY, args[0]), {"args": ["out"], "kwargs": {}})

    def test_a_callee_without_the_feature_does_not_get_ciphertext(self):
        peer = self.peer(features={})
        peer.send([64, 1, {}, "com.f"])
        self.assertEqual(peer.receive()[0], 65)
        call = self.shell("call", "com.f", "1", ring=self.ring("aes256gcm"))
        error = json.loads(call.communicate(timeout=TIMEOUT)[0])["error"]
        self.assertEqual((call.returncode, error["uri"]), (1, "wamp.error.feature_not_supported"))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
