#!/usr/bin/python3
"""`redan router` as a program, over raw sockets: its reaction to bad input, slow clients, silence and signals; and what
its command line and its configuration refuse.

    router_test.py path/to/redan
"""
import base64
import json
import os
import pathlib
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from redan_router import EVERYTHING, TLS, RedanRouter, client_context

PROGRAM = None
HELLO = '[1,"realm1",{"roles":{"publisher":{},"subscriber":{},"caller":{},"callee":{}}}]'
REALM = {"name": "realm1", "roles": [{"name": "all", "permissions": EVERYTHING}], "authentication": {"anonymous": {"role": "all"}}}
LIMITS = {"max_message": 65536, "max_buffered": 200000, "authentication_seconds": 1, "idle_seconds": 4, "max_connections_per_address": 20}


class WebSocket:
    """Just enough of RFC 6455."""

    def __init__(self, port, subprotocol="wamp.2.json", tls=None, receive_buffer=None):
        raw = socket.socket()
        if receive_buffer is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.settimeout(20)
        raw.connect(("127.0.0.1", port))
        self.socket = raw if tls is None else tls.wrap_socket(raw)
        self.socket.sendall((f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                             f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {base64.b64encode(bytes(16)).decode()}\r\n"
                             f"Sec-WebSocket-Protocol: {subprotocol}\r\n\r\n").encode())
        answer = b""
        while not answer.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise ConnectionError(answer)
            answer += byte
        assert answer.startswith(b"HTTP/1.1 101"), answer

    def send(self, payload, opcode=1):
        payload = payload.encode() if isinstance(payload, str) else payload
        length = (bytes([0x80 | len(payload)]) if len(payload) < 126 else
                  b"\xfe" + struct.pack(">H", len(payload)) if len(payload) < 65536 else b"\xff" + struct.pack(">Q", len(payload)))
        self.socket.sendall(bytes([0x80 | opcode]) + length + bytes(4) + payload)

    def exactly(self, size):
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                raise ConnectionError("closed")
            data += more
        return data

    def frame(self):
        first, second = self.exactly(2)
        size = second & 127
        if size == 126:
            size = struct.unpack(">H", self.exactly(2))[0]
        elif size == 127:
            size = struct.unpack(">Q", self.exactly(8))[0]
        self.final = first & 128 != 0
        return first & 15, self.exactly(size)

    def message(self):
        """The next one, put together from its fragments; pings are answered."""
        text = b""
        while True:
            opcode, payload = self.frame()
            if opcode in (0, 1):
                text += payload
                if self.final:
                    return json.loads(text)
            if opcode == 8:
                raise ConnectionError("closing handshake")
            if opcode == 9:
                self.send(payload, 10)

    def join(self):
        self.send(HELLO)
        assert self.message()[0] == 2
        return self

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Wire(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.router = RedanRouter(PROGRAM, [REALM], limits=LIMITS)

    @classmethod
    def tearDownClass(cls):
        assert cls.router.stop() == 0, "the router did not end well"

    def expect_abort(self, client, reason):
        abort = client.message()
        self.assertEqual((abort[0], abort[2]), (3, reason))
        with self.assertRaises(ConnectionError):
            client.message()

    def test_an_invalid_message_is_a_protocol_violation(self):
        for said in ("", "[", "{}", "[]", "[999]", "[16]", '[1,"realm1",{},{}]', '[1,"realm1",{"a":1,"a":2}]', '["x"]',
                     "[" * 100 + "]" * 100, '[32,0,{},"com.t"]', '[32,9007199254740993,{},"com.t"]'):
            with self.subTest(said=said[:40]), WebSocket(self.router.websocket) as client:
                client.join().send(said)
                self.expect_abort(client, "wamp.error.protocol_violation")

    def test_a_frame_of_the_wrong_type_is_a_protocol_violation(self):
        with WebSocket(self.router.websocket) as client:
            client.send(HELLO, opcode=2)
            self.expect_abort(client, "wamp.error.protocol_violation")
        with WebSocket(self.router.websocket, "wamp.2.cbor") as client:
            client.send(HELLO, opcode=1)
            opcode, payload = client.frame()
            self.assertEqual((opcode, payload[:2]), (2, b"\x83\x03"))

    def test_an_oversized_message_is_refused(self):
        with WebSocket(self.router.websocket) as client:
            client.join().send(json.dumps([16, 1, {}, "com.t", ["x" * 70000]]))
            self.expect_abort(client, "wamp.error.payload_size_exceeded")
        with WebSocket(self.router.websocket) as client:
            client.join().send(json.dumps([16, 1, {}, "com.t", ["x" * 200000]]))
            opcode, payload = client.frame()
            self.assertEqual((opcode, payload[:2]), (8, struct.pack(">H", 1009)))

    def test_a_client_that_does_not_join_is_disconnected(self):
        with WebSocket(self.router.websocket) as client:
            start = time.monotonic()
            self.expect_abort(client, "wamp.error.timeout")
            self.assertLess(time.monotonic() - start, 10)

    def test_a_slow_client_is_disconnected_and_others_receive_every_event(self):
        slow = WebSocket(self.router.websocket, receive_buffer=4096).join()
        quick = WebSocket(self.router.websocket).join()
        publisher = WebSocket(self.router.websocket).join()
        for client in (slow, quick):
            client.send('[32,1,{},"com.flood"]')
            self.assertEqual(client.message()[0], 33)
        text = "x" * 50000
        for i in range(1, 201):
            publisher.send(json.dumps([16, i, {}, "com.flood", [i, text]]))
            self.assertEqual(quick.message()[4][0], i)
        heard = 0
        with self.assertRaises((ConnectionError, OSError)):
            while True:
                slow.message()
                heard += 1
        self.assertLess(heard, 200)
        publisher.send('[48,201,{},"com.nobody"]')
        self.assertEqual(publisher.message()[4], "wamp.error.no_such_procedure")
        for client in (slow, quick, publisher):
            client.close()

    def test_a_silent_client_is_pinged_and_disconnected_without_a_pong(self):
        with WebSocket(self.router.websocket).join() as client:
            self.assertEqual(client.frame()[0], 9)
            with self.assertRaises((ConnectionError, OSError)):
                while True:
                    client.frame()

    def test_a_silent_rawsocket_is_pinged_and_disconnected(self):
        with socket.create_connection(("127.0.0.1", self.router.rawsocket), 20) as raw:
            raw.sendall(b"\x7f\xf1\x00\x00")
            self.assertEqual(raw.recv(4, socket.MSG_WAITALL), b"\x7f\x71\x00\x00")
            raw.sendall(b"\x00" + len(HELLO).to_bytes(3, "big") + HELLO.encode())
            header = raw.recv(4, socket.MSG_WAITALL)
            raw.recv(int.from_bytes(header[1:], "big"), socket.MSG_WAITALL)
            self.assertEqual(raw.recv(5, socket.MSG_WAITALL), b"\x01\x00\x00\x01?")
            raw.sendall(b"\x02\x00\x00\x01?")
            start = time.monotonic()
            while ping := raw.recv(5, socket.MSG_WAITALL):
                self.assertEqual(ping, b"\x01\x00\x00\x01?")
            self.assertGreater(time.monotonic() - start, 3)
            self.assertLess(time.monotonic() - start, 15)

    def test_an_invalid_rawsocket_frame_is_refused(self):
        for said in (b"\x03\x00\x00\x00", b"\x80\x00\x00\x00", b"\x00\x01\x00\x01"):
            with self.subTest(said=said), socket.create_connection(("127.0.0.1", self.router.rawsocket), 20) as raw:
                raw.sendall(b"\x7f\xf1\x00\x00" + said)
                answer = b""
                while more := raw.recv(4096):
                    answer += more
                too_large = said[0] == 0
                self.assertIn(b"payload_size_exceeded" if too_large else b"protocol_violation", answer)

    def test_a_message_that_a_rawsocket_does_not_accept_leaves_its_session(self):
        large = json.dumps("x" * 4000)
        with socket.create_connection(("127.0.0.1", self.router.rawsocket), 20) as raw, WebSocket(self.router.websocket) as other:
            raw.sendall(b"\x7f\x21\x00\x00")  # at most 2,048 bytes
            raw.recv(4, socket.MSG_WAITALL)

            def say(text):
                raw.sendall(b"\x00" + len(text).to_bytes(3, "big") + text.encode())

            def hear():
                header = raw.recv(4, socket.MSG_WAITALL)
                return json.loads(raw.recv(int.from_bytes(header[1:], "big"), socket.MSG_WAITALL))

            say(HELLO)
            self.assertEqual(hear()[0], 2)
            say('[32,1,{},"com.small.t"]')
            subscription = hear()[2]
            say('[64,2,{},"com.small.p"]')
            self.assertEqual(hear()[0], 65)
            other.join().send(f'[16,1,{{}},"com.small.t",[{large}]]')
            other.send('[16,2,{},"com.small.t",["short"]]')
            event = hear()
            self.assertEqual((event[1], event[4]), (subscription, ["short"]))
            other.send(f'[48,3,{{}},"com.small.p",[{large}]]')
            self.assertEqual(other.message()[:5], [8, 48, 3, {}, "wamp.error.payload_size_exceeded"])
            other.send('[64,4,{},"com.large.p"]')
            self.assertEqual(other.message()[0], 65)
            say('[48,3,{},"com.large.p"]')
            other.send(f"[70,{other.message()[1]},{{}},[{large}]]")
            self.assertEqual(hear()[:5], [8, 48, 3, {}, "wamp.error.payload_size_exceeded"])
            say('[34,4,%d,{"options": true}]' % subscription)
            self.assertEqual(hear(), [35, 4])

    def test_connections_from_one_address_are_limited(self):
        clients = []
        with self.assertRaises(OSError):
            for _ in range(30):
                clients.append(WebSocket(self.router.websocket))
        self.assertLessEqual(len(clients), 20)
        for client in clients:
            client.close()
        time.sleep(0.5)
        WebSocket(self.router.websocket).join().close()

    def test_only_tls_1_3_is_accepted(self):
        with WebSocket(self.router.tls, tls=client_context()) as client:
            client.join()
            self.assertEqual(client.socket.version(), "TLSv1.3")
        old = client_context()
        old.minimum_version = ssl.TLSVersion.TLSv1_2
        old.maximum_version = ssl.TLSVersion.TLSv1_2
        with self.assertRaises(OSError):
            WebSocket(self.router.tls, tls=old)
        with self.assertRaises(OSError):
            WebSocket(self.router.tls)

    def test_plain_http_gets_426(self):
        with socket.create_connection(("127.0.0.1", self.router.websocket), 20) as raw:
            raw.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            self.assertTrue(raw.recv(4096).startswith(b"HTTP/1.1 426 "))


class Signals(unittest.TestCase):
    def test_shutdown_sends_goodbye(self):
        router = RedanRouter(PROGRAM, [REALM])
        clients = [WebSocket(router.websocket).join(), WebSocket(router.tls, tls=client_context()).join()]
        router.process.send_signal(signal.SIGTERM)
        for client in clients:
            self.assertEqual(client.message(), [6, {}, "wamp.close.system_shutdown"])
            client.send('[6,{},"wamp.close.goodbye_and_out"]')
            with self.assertRaises(ConnectionError):
                client.message()
        self.assertEqual(router.process.wait(10), 0)
        router.stop()

    def test_shutdown_does_not_wait_for_silent_clients(self):
        router = RedanRouter(PROGRAM, [REALM])
        with WebSocket(router.websocket).join():
            start = time.monotonic()
            self.assertEqual(router.stop(), 0)
            self.assertLess(time.monotonic() - start, 10)

    def test_sighup_reloads_the_certificate(self):
        router = RedanRouter(PROGRAM, [REALM])
        old = WebSocket(router.tls, tls=client_context()).join()
        (pathlib.Path(router.folder) / "tls.pem").write_text((TLS / "other.key").read_text() + (TLS / "other.pem").read_text())
        router.process.send_signal(signal.SIGHUP)
        wanted = ssl.PEM_cert_to_DER_cert((TLS / "other.pem").read_text())
        for _ in range(100):
            context = ssl._create_unverified_context()
            with context.wrap_socket(socket.create_connection(("127.0.0.1", router.tls), 10)) as fresh:
                shown = fresh.getpeercert(binary_form=True)
            if shown == wanted:
                break
            time.sleep(0.1)
        self.assertEqual(shown, wanted)
        old.send('[48,1,{},"com.nobody"]')
        self.assertEqual(old.message()[0], 8)
        old.close()
        router.stop()


class CommandLine(unittest.TestCase):
    def run_router(self, *arguments):
        return subprocess.run([PROGRAM, "router", *arguments], capture_output=True, text=True, timeout=30, check=False)

    def check(self, config, files=()):
        with tempfile.TemporaryDirectory() as folder:
            for name, (content, mode) in dict(files).items():
                path = pathlib.Path(folder) / name
                path.write_text(content)
                path.chmod(mode)
            path = pathlib.Path(folder) / "router.json"
            path.write_text(config if isinstance(config, str) else json.dumps(config))
            return self.run_router("--config", str(path), "--check")

    def test_the_example_configuration_is_valid(self):
        example = pathlib.Path(__file__).resolve().parents[3] / "contrib" / "router" / "router.json"
        done = self.check(example.read_text(), {"jwt.key": ("0" * 128 + "\n", 0o600)})
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_configuration_errors_are_named(self):
        listen = [{"address": "127.0.0.1:0", "plain": True}]
        done = self.check({"listen": listen, "realms": [dict(REALM, colour=1)]})
        self.assertEqual(done.returncode, 1)
        self.assertIn('realms[0]: there is no member "colour"', done.stderr)
        done = self.check("{")
        self.assertEqual(done.returncode, 1)

    def test_a_world_readable_secret_is_refused(self):
        ticket = {"ticket": {"accounts": [{"authid": "joe", "role": "all", "secret_file": "ticket"}]}}
        config = {"listen": [{"address": "127.0.0.1:0"}], "realms": [dict(REALM, authentication=ticket)]}
        for mode in (0o644, 0o640):
            done = self.check(config, {"ticket": ("T1CKET", mode)})
            self.assertEqual(done.returncode, 1)
            self.assertIn("chmod 600", done.stderr)
            self.assertNotIn("T1CKET", done.stderr + done.stdout)
        self.assertEqual(self.check(config, {"ticket": ("T1CKET", 0o600)}).returncode, 0)

    def test_an_open_realm_requires_loopback(self):
        done = self.run_router("--open-realm", "realm1", "--listen", "0.0.0.0:0", "--plain")
        self.assertEqual(done.returncode, 1)
        self.assertIn("loopback", done.stderr)

    def test_plaintext_listeners_require_loopback(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "router.json"
            path.write_text(json.dumps({"listen": [{"address": "0.0.0.0:0", "plain": True}], "realms": [REALM]}))
            done = self.run_router("--config", str(path))
        self.assertEqual(done.returncode, 4)
        self.assertIn("loopback", done.stderr)

    def test_usage(self):
        self.assertEqual(self.run_router().returncode, 2)
        self.assertEqual(self.run_router("--config", "a", "--open-realm", "b").returncode, 2)
        done = self.run_router("--help")
        self.assertEqual(done.returncode, 0)
        self.assertIn("Examples:", done.stdout)
        self.assertTrue(all(len(line) <= 80 for line in done.stdout.splitlines()), "a line of the help is too long")


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
