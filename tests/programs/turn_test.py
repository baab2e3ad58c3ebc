#!/usr/bin/env python3
"""Runs `redan turn credential` like a user. Usage: turn_test.py REDAN"""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

REDAN = sys.argv.pop(1)
SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"


def turn(*arguments):
    return subprocess.run([REDAN, "turn", *arguments], capture_output=True, text=True, timeout=30, check=False)


class Credential(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.file = pathlib.Path(self.directory.name) / "turn.secret"
        self.keep(SECRET + "\n")

    def keep(self, text, mode=0o600):
        self.file.write_text(text, encoding="utf-8")
        self.file.chmod(mode)

    def mint(self, *arguments):
        result = turn("credential", "--secret-file", str(self.file), *arguments)
        self.assertNotIn(SECRET, result.stdout + result.stderr)
        return result

    def check(self, username, password):
        digest = hmac.new(SECRET.encode(), username.encode(), hashlib.sha1).digest()
        self.assertEqual(password, base64.b64encode(digest).decode())

    def test_prints_lines(self):
        result = self.mint("--user", "alice", "--ttl", "600", "--uri", "turn:192.0.2.1:3478")
        self.assertEqual(result.returncode, 0, result.stderr)
        lines = dict(line.split(maxsplit=1) for line in result.stdout.splitlines())
        expiry, user = lines["username"].split(":")
        self.assertEqual(user, "alice")
        self.assertAlmostEqual(int(expiry), time.time() + 600, delta=30)
        self.assertEqual(lines["expires"], time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(expiry))))
        self.assertEqual(lines["uri"], "turn:192.0.2.1:3478")
        self.check(lines["username"], lines["password"])

    def test_prints_json(self):
        result = self.mint("--json", "--uri", "turn:192.0.2.1:3478", "--uri", "turns:192.0.2.1:5349")
        self.assertEqual(result.returncode, 0, result.stderr)
        server = json.loads(result.stdout)
        self.assertEqual(server["urls"], ["turn:192.0.2.1:3478", "turns:192.0.2.1:5349"])
        self.assertAlmostEqual(int(server["username"].split(":")[0]), time.time() + 3600, delta=30)
        self.check(server["username"], server["credential"])

    def test_two_credentials_have_different_users(self):
        users = {json.loads(self.mint("--json").stdout)["username"].split(":")[1] for _ in range(2)}
        self.assertEqual(len(users), 2)

    def test_refuses_a_world_readable_secret(self):
        for mode in (0o644, 0o604, 0o602):
            self.keep(SECRET, mode)
            result = self.mint()
            self.assertEqual(result.returncode, 1)
            self.assertIn("chmod", result.stderr)

    def test_refuses_other_secrets(self):
        for text in ("", "\n", SECRET[:-1], SECRET + "0", SECRET + "\n\n", SECRET + "\nmore", SECRET[:-1] + "\t",
                     SECRET[:-1] + "\n"):
            self.keep(text)
            result = self.mint()
            self.assertEqual((result.returncode, result.stdout), (1, ""), text)
            self.assertTrue(result.stderr.startswith("redan: "), result.stderr)
        self.file.unlink()
        self.assertEqual(self.mint().returncode, 1)

    def test_refuses_wrong_usage(self):
        self.assertEqual(turn().returncode, 2)
        self.assertEqual(turn("credential").returncode, 2)
        self.assertEqual(turn("credential", "--secret", SECRET).returncode, 2)
        for arguments in (["--user", "a:b"], ["--user", "a b"], ["--user", "x" * 129], ["--ttl", "0"], ["--ttl", "-1"],
                          ["--ttl", "604801"], ["--ttl", "x"], ["--uri", "https://example.org"]):
            result = self.mint(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""), arguments)

    def test_help_has_examples(self):
        result = turn("credential", "--help")
        self.assertEqual(result.returncode, 0)
        self.assertIn("Examples:", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
