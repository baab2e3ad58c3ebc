#!/usr/bin/python3
"""`redan wamp`, the shell's client, against `redan router`: JSON in and out, exit codes, secrets in files, encryption.

    shell_test.py path/to/redan
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from redan_router import EVERYTHING, RedanRouter

PROGRAM = None
TIMEOUT = 20
REALM = {"name": "realm1", "roles": [{"name": "all", "permissions": EVERYTHING}],
         "authentication": {"anonymous": {"role": "all"}, "ticket": {"accounts": [{"authid": "alice", "role": "all", "sid": "s1", "secret_file": "ticket"}]}}}


class ShellTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.router = RedanRouter(PROGRAM, [REALM], files={"ticket": "T1CKET\n"})
        self.addCleanup(self.router.stop)
        self.ws, self.rs = f"ws://127.0.0.1:{self.router.websocket}", f"rs://127.0.0.1:{self.router.rawsocket}"

    def ask(self, *words, url=None, typed=None):
        return subprocess.run([PROGRAM, "wamp", *words, *(["--router", url or self.ws] if words[0] != "keys" else [])], input=typed,
                              capture_output=True, text=True, timeout=TIMEOUT, check=False)

    def begin(self, *words, ready, url=None):
        process = subprocess.Popen([PROGRAM, "wamp", *words, "--router", url or self.ws], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True, bufsize=1)
        self.addCleanup(self.end, process)
        self.assertEqual(process.stderr.readline().strip(), ready)
        return process

    @staticmethod
    def end(process):
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()

    def test_a_call_is_answered_by_lines_on_standard_input(self):
        callee = self.begin("register", "com.add", ready="registered", url=self.rs)
        call = subprocess.Popen([PROGRAM, "wamp", "call", "com.add", "1", "two", "--kwargs", '{"k": [1.5]}', "--progress", "--json", "--router", self.ws],
                                stdout=subprocess.PIPE, text=True)
        asked = json.loads(callee.stdout.readline())
        self.assertEqual(asked, {"id": 1, "procedure": "com.add", "args": [1, "two"], "kwargs": {"k": [1.5]}, "encrypted": False})
        callee.stdin.write('{"id": 1, "args": ["half"], "progress": true}\n{"id": 1, "args": [3], "kwargs": {"done": true}}\n')
        lines = call.communicate(timeout=TIMEOUT)[0].splitlines()
        self.assertEqual([json.loads(line) for line in lines],
                         [{"progress": True, "args": ["half"], "kwargs": {}}, {"args": [3], "kwargs": {"done": True}}])
        self.assertEqual(call.returncode, 0)
        callee.stdin.close()
        self.assertEqual(callee.wait(timeout=TIMEOUT), 0)

    def test_errors_have_exit_codes_and_the_uri(self):
        callee = self.begin("register", "com.fail", ready="registered")
        callee.stdin.write('{"id": 1, "error": "com.example.bad", "args": ["why"]}\n')  # too early: no call has this id
        call = subprocess.Popen([PROGRAM, "wamp", "call", "com.fail", "--json", "--router", self.ws], stdout=subprocess.PIPE, text=True)
        callee.stdout.readline()
        callee.stdin.write('{"id": 1, "error": "com.example.bad", "args": ["why"]}\n')
        error = json.loads(call.communicate(timeout=TIMEOUT)[0])["error"]
        self.assertEqual((error["name"], error["code"], error["uri"], error["args"]), ("wamp_error", 4003, "com.example.bad", ["why"]))
        self.assertEqual(call.returncode, 1)
        missing = self.ask("call", "com.missing")
        self.assertEqual(missing.returncode, 1)
        self.assertIn("wamp.error.no_such_procedure", missing.stderr)
        self.assertEqual(self.ask("call", "com.add", "--realm", "elsewhere").returncode, 1)
        self.assertEqual(self.ask("call", "com..", url=self.ws).returncode, 2)
        self.assertEqual(self.ask("call", "com.add", url="ws://192.0.2.1:1").returncode, 2)
        self.assertEqual(self.ask("call", "com.add", url="ws://127.0.0.1:1").returncode, 4)
        self.assertEqual(self.ask("call", "com.add", "--auth", "ticket").returncode, 1)

    def test_a_ticket_opens_a_router_with_a_pinned_certificate(self):
        self.begin("register", "com.ping", "--answer", "{}", ready="registered")
        ticket = self.folder / "ticket"
        for content, code in (("T1CKET", 0), ("wrong", 3)):
            ticket.write_text(content)
            ticket.chmod(0o600)
            call = self.ask("call", "com.ping", "--pin", self.router.fingerprint, "--auth", "ticket", "--authid", "alice",
                            "--secret-file", str(ticket), url=f"wss://127.0.0.1:{self.router.tls}")
            self.assertEqual(call.returncode, code, call.stderr)
        other = self.ask("call", "com.ping", "--pin", "00" * 32, url=f"wss://127.0.0.1:{self.router.tls}")
        self.assertEqual(other.returncode, 4)

    def test_a_timeout_ends_a_call(self):
        self.begin("register", "com.slow", ready="registered")
        late = self.ask("call", "com.slow", "--timeout", "0.2", "--json")
        self.assertEqual(late.returncode, 1)
        self.assertIn(json.loads(late.stdout)["error"]["name"], ("wamp_timeout", "wamp_error"))

    def test_events_come_as_lines_and_patterns_match(self):
        subscriber = self.begin("subscribe", "com.news.", "--match", "prefix", "--count", "2", ready="subscribed")
        self.assertEqual(self.ask("publish", "com.news.rain", "--stdin", typed='{"args": [1], "kwargs": {"a": null}}', url=self.rs).returncode, 0)
        self.assertEqual(self.ask("publish", "com.other", "x").returncode, 0)
        self.assertEqual(self.ask("publish", "com.news.sun", "--stdin", typed='[1]').returncode, 1)
        self.assertEqual(self.ask("publish", "com.news.sun", '"7"', "seven").returncode, 0)
        events = [json.loads(line) for line in subscriber.communicate(timeout=TIMEOUT)[0].splitlines()]
        self.assertEqual(events, [{"topic": "com.news.rain", "args": [1], "kwargs": {"a": None}, "encrypted": False},
                                  {"topic": "com.news.sun", "args": ["7", "seven"], "kwargs": {}, "encrypted": False}])
        self.assertEqual(subscriber.returncode, 0)

    def test_generated_keys_encrypt_between_their_two_ends(self):
        one, other = self.folder / "one.json", self.folder / "other.json"
        words = ("keys", "generate", "--uri", "com.secret.", "--originator", str(one), "--responder", str(other))
        self.assertEqual(self.ask(*words).returncode, 0)
        self.assertEqual(self.ask(*words).returncode, 1, "existing keys are not overwritten")
        self.assertEqual(os.stat(one).st_mode & 0o777, 0o600)
        shown = json.loads(self.ask("keys", "show", str(one)).stdout)
        self.assertEqual((shown["required"], shown["keys"][0]["originator_private"]), (["com.secret."], "hidden"))
        self.begin("register", "com.secret.ping", "--answer", '{"args": ["pong"]}', "--key-ring", str(other), ready="registered")
        self.assertEqual(self.ask("call", "com.secret.ping", "--key-ring", str(one)).stdout, '"pong"\n')
        clear = self.ask("call", "com.secret.ping")
        self.assertEqual(clear.returncode, 1)
        self.assertIn("wamp.error.encryption.decrypt_error", clear.stderr)
        os.chmod(one, 0o644)
        readable = self.ask("call", "com.secret.ping", "--key-ring", str(one))
        self.assertEqual((readable.returncode, "chmod 600" in readable.stderr), (1, True))

    def test_help_fits_80_columns_and_has_examples(self):
        for command in ("call", "publish", "subscribe", "register", "keys"):
            text = subprocess.run([PROGRAM, "wamp", command, "--help"], capture_output=True, text=True, check=True).stdout
            self.assertIn("Examples:", text)
            self.assertLessEqual(max(map(len, text.splitlines())), 80, command)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main()
