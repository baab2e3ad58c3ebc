#!/usr/bin/env python3
"""The programs of docs/examples, each against another. Usage: examples_test.py NAME=PROGRAM ..."""
import base64
import json
import pathlib
import queue
import random
import subprocess
import sys
import tempfile
import threading
import unittest

PROGRAMS = dict(argument.split("=", 1) for argument in sys.argv[1:])
del sys.argv[1:]
TIMEOUT = 20


class Example:
    """A running example: what it prints is read by a thread, line by line."""

    def __init__(self, name, *arguments):
        self.process = subprocess.Popen([PROGRAMS[name], *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        with self.process.stdout as output:
            for line in output:
                self.lines.put(line.rstrip("\r\n"))
        self.lines.put(None)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def line(self):
        line = self.lines.get(timeout=TIMEOUT)
        assert line is not None, "the program ended"
        return line

    def description(self):
        lines = []
        while not lines or lines[-1]:
            lines.append(self.line())
        return "\n".join(lines) + "\n"

    def type(self, text):
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def ends(self):
        return self.process.wait(timeout=TIMEOUT)


class Examples(unittest.TestCase):
    def connect(self, caller, callee):
        callee.type(caller.description())
        caller.type(callee.description())
        self.assertEqual(caller.line(), "-- connected")

    def test_two_chats_talk_and_the_end_of_one_ends_the_other(self):
        with Example("chat", "call") as caller, Example("chat", "answer") as callee:
            self.connect(caller, callee)
            self.assertEqual(callee.line(), "-- connected")
            caller.type("how are you?\nsecond line\n")
            self.assertEqual([callee.line(), callee.line()], ["> how are you?", "> second line"])
            callee.type("fine\n")
            self.assertEqual(caller.line(), "> fine")
            callee.process.stdin.close()
            self.assertIn("-- ", caller.line())
            self.assertEqual((caller.ends(), callee.ends()), (0, 0))

    def test_what_is_typed_before_the_channel_opens_is_sent_then(self):
        with Example("chat", "call") as caller, Example("chat", "answer") as callee:
            callee.type(caller.description() + "early\n")
            caller.type(callee.description())
            self.assertEqual([caller.line(), caller.line()], ["-- connected", "> early"])

    def echoes_one_peer(self, name):
        with Example("chat", "call") as caller, Example(name) as echo:
            echo.type(caller.description())
            echo.process.stdin.close()
            answer = []
            while not answer or not answer[-1].startswith("a=max-message-size"):
                answer.append(echo.line())
            caller.type("\n".join(answer) + "\n\n")
            self.assertEqual(caller.line(), "-- connected")
            caller.type("hello\n")
            self.assertEqual(caller.line(), "> hello")
            caller.process.stdin.close()
            self.assertEqual(echo.ends(), 0)

    def test_echo_answers_its_peer_until_it_leaves(self):
        self.echoes_one_peer("echo")

    def test_echo_in_c_answers_its_peer_until_it_leaves(self):
        self.echoes_one_peer("c-echo")

    def serves_two_peers(self, name):
        with Example(name) as server, Example("chat", "call") as first, Example("chat", "call") as second:
            self.connect(first, server)
            self.connect(second, server)
            for peer, text in ((first, "one"), (second, "two"), (first, "three")):
                peer.type(text + "\n")
                self.assertEqual(peer.line(), "> " + text)
            first.process.stdin.close()
            self.assertEqual(first.ends(), 0)
            second.type("four\n")
            self.assertEqual(second.line(), "> four")
            server.process.stdin.close()
            self.assertEqual(server.ends(), 0)

    def test_epoll_serves_many_peers_on_one_port(self):
        self.serves_two_peers("epoll")

    def test_asio_serves_many_peers_on_one_port(self):
        self.serves_two_peers("asio")

    def test_python_serves_many_peers_on_one_port(self):
        self.serves_two_peers("python")

    def test_python_raises_the_error_of_an_offer_and_serves_the_next(self):
        with Example("chat", "call") as caller, Example("python") as server:
            server.type("v=0\nnonsense\n\n")
            self.connect(caller, server)

    def test_a_file_arrives_as_it_was_sent(self):
        for size in (0, 5_000_000):
            with tempfile.TemporaryDirectory() as folder:
                original, copy = pathlib.Path(folder, "original"), pathlib.Path(folder, "copy")
                original.write_bytes(random.Random(1).randbytes(size))
                with Example("file", "send", original) as sender, Example("file", "receive", copy) as receiver:
                    receiver.type(sender.description())
                    sender.type(receiver.description())
                    self.assertEqual((sender.ends(), receiver.ends()), (0, 0))
                self.assertEqual(copy.read_bytes(), original.read_bytes())

    def test_a_file_that_does_not_arrive_whole_is_an_error(self):
        with tempfile.NamedTemporaryFile() as original, Example("chat", "answer") as stranger:
            original.write(bytes(100))
            original.flush()
            with Example("file", "send", original.name) as sender:
                stranger.type(sender.description())
                sender.type(stranger.description())
                self.assertEqual(stranger.line(), "-- connected")
                stranger.process.stdin.close()
                self.assertEqual(sender.ends(), 1)

    def test_a_file_that_cannot_be_opened_is_named(self):
        for arguments in (("send", "/"), ("send", "/no/such"), ("receive", "/no/such")):
            result = subprocess.run([PROGRAMS["file"], *arguments], capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
            self.assertEqual(result.returncode, 1, arguments)
            self.assertIn(": " + arguments[1], result.stderr)

    def test_load_connects_all_its_peers_and_counts_their_messages(self):
        result = subprocess.run([PROGRAMS["load"], "40", "5"], capture_output=True, text=True, check=False, timeout=90)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"^40 of 40 peers connected in \d+ ms; 200 messages echoed, \d+ in a second\n$")

    def test_a_wrong_address_is_named(self):
        for name, arguments in (("echo", ["nonsense"]), ("epoll", ["nonsense"]), ("asio", ["nonsense"]), ("c-echo", ["nonsense"]), ("python", ["256.0.0.1"]), ("chat", ["call", "nonsense"]),
                                ("file", ["send", "x", "nonsense"]), ("load", ["1", "1", "nonsense"])):
            self.assertEqual(subprocess.run([PROGRAMS[name], *arguments], capture_output=True, check=False).returncode, 2, name)


@unittest.skipUnless("redan" in PROGRAMS and "wamp_clock" in PROGRAMS, "the program is not built")
class WampExamples(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        router = subprocess.Popen([PROGRAMS["redan"], "router", "--open-realm", "realm1", "--plain", "--json", "--listen", "127.0.0.1:0"],
                                  stdout=subprocess.PIPE, text=True)
        self.addCleanup(router.stdout.close)
        self.addCleanup(router.wait)
        self.addCleanup(router.kill)
        self.url = json.loads(router.stdout.readline())["urls"][0]

    def ring(self, name, seed):
        keys = {half: base64.b64encode(bytes([seed + at]) * 32).decode() for at, half in enumerate(("originator_private", "responder_private"))}
        path = self.folder / name
        path.write_text(json.dumps({"keys": [{"uri": "com.example.room", **keys}], "required": ["com.example.room"]}))
        return str(path)

    def test_the_clock_answers_itself_and_the_shell(self):
        with Example("wamp_clock", self.url, "realm1") as clock:
            self.assertRegex(clock.line(), "^now [0-9]+$")
            self.assertEqual([clock.line() for _ in range(3)], ["tick 1", "tick 2", "last tick 3"])
            asked = subprocess.run([PROGRAMS["redan"], "wamp", "call", "--router", self.url, "com.example.clock.now"],
                                   capture_output=True, text=True, timeout=TIMEOUT, check=True)
            self.assertGreater(int(asked.stdout), 1_000_000_000)

    def test_a_room_is_read_by_those_who_have_its_key(self):
        ring, other = self.ring("ring.json", 1), self.ring("other.json", 5)
        with Example("wamp_chat", self.url, "realm1", ring) as one, Example("wamp_chat", self.url, "realm1", ring) as two, \
                Example("wamp_chat", self.url, "realm1", other) as stranger:
            self.assertEqual([one.line(), two.line(), stranger.line()], ["-- joined"] * 3)
            one.type("hello\n")
            self.assertEqual(two.line(), "> hello")
            self.assertTrue(stranger.line().startswith("-- "))
            one.process.stdin.close()
            self.assertEqual(one.ends(), 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
