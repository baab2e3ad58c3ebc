#!/usr/bin/env python3
"""`redan ice-check` with a real coturn, in a network namespace of their own. Usage: ice_check_test.py REDAN"""
import hashlib
import json
import pathlib
import shutil
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import namespaces  # noqa: E402

TLS = pathlib.Path(__file__).resolve().parents[2] / "vectors/tls"
SERVER, SECOND, CLIENT, NOBODY = "192.0.2.3", "192.0.2.4", "192.0.2.1", "192.0.2.9"


class Check(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        der = ssl.PEM_cert_to_DER_cert((TLS / "server.pem").read_text(encoding="utf-8"))
        cls.pin = hashlib.sha256(der).hexdigest()
        cls.folder = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        (cls.folder / "conf").write_text(
            f"listening-ip={SERVER}\nlistening-ip={SECOND}\nrelay-ip={SERVER}\nlt-cred-mech\nuser=alice:the-password\n"
            f"realm=example.org\ncert={TLS}/server.pem\npkey={TLS}/server.key\nno-dtls\nno-cli\nlog-file={cls.folder}/log\npidfile={cls.folder}/pid\n"
            f"userdb={cls.folder}/db\n", encoding="utf-8")
        output = cls.enterClassContext((cls.folder / "output").open("w"))
        server = subprocess.Popen(["turnserver", "-c", str(cls.folder / "conf")], stdout=output, stderr=output)
        cls.addClassCleanup(server.wait)
        cls.addClassCleanup(server.kill)
        cls.password("the-password")
        deadline = time.monotonic() + 20
        while cls.check(f"stun:{SERVER}")[0] != 0:
            if time.monotonic() > deadline:
                raise RuntimeError("turnserver does not answer")

    @classmethod
    def password(cls, text):
        path = cls.folder / "password"
        path.write_text(text + "\n", encoding="utf-8")
        path.chmod(0o600)
        return path

    @classmethod
    def check(cls, *servers, more=()):
        options = [word for server in servers for word in ("--ice-server", server)]
        done = subprocess.run([REDAN, "ice-check", "--bind", CLIENT, "--json", *options, "--ice-user", "alice",
                               "--ice-password-file", str(cls.folder / "password"), *more],
                              capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else done.stderr

    def test_a_turn_server_gives_a_relayed_candidate(self):
        code, said = self.check(f"turn:{SERVER}", f"stun:{SECOND}")
        self.assertEqual(code, 0, said)
        self.assertEqual([each["type"] for each in said["candidates"]], ["host", "relay"])
        self.assertTrue(said["candidates"][1]["address"].startswith(SERVER + ":"))
        self.assertEqual(said["candidates"][1]["server"], f"turn:{SERVER}:3478")
        self.assertGreater(said["candidates"][1]["rtt_ms"], 0)
        self.assertEqual(said["nat"], "none")

    def test_a_turn_server_is_asked_over_tcp_and_tls(self):
        for url, more in ((f"turn:{SERVER}?transport=tcp", ()), (f"turns:{SERVER}:5349", ("--ice-fingerprint", self.pin))):
            code, said = self.check(url, more=more)
            self.assertEqual(code, 0, said)
            self.assertEqual([each["type"] for each in said["candidates"]], ["host", "relay"])

    def test_a_turn_server_with_another_certificate_is_refused(self):
        for more in ((), ("--ice-fingerprint", "0" * 64), ("--ice-ca-file", str(TLS / "ca.pem"))):
            code, said = self.check(f"turns:{SERVER}:5349", more=more)
            self.assertEqual(code, 1)
            self.assertIn(said["failures"][0]["error"], ("tls_untrusted", "tls_pin_mismatch"), said)

    def test_wrong_credentials_are_named(self):
        self.addCleanup(self.password, "the-password")
        self.password("another")
        code, said = self.check(f"turn:{SERVER}")
        self.assertEqual(code, 1)
        self.assertEqual(said["failures"][0]["error"], "turn_credentials")
        self.assertEqual(said["nat"], "unknown")

    def test_a_server_that_does_not_answer_is_named(self):
        code, said = self.check(f"stun:{NOBODY}", f"stun:{SERVER}")
        self.assertEqual(code, 1)
        self.assertEqual([each["server"] for each in said["failures"]], [f"stun:{NOBODY}:3478"])

    def test_a_password_that_others_can_read_is_refused(self):
        self.addCleanup(self.password, "the-password")
        self.password("the-password").chmod(0o644)
        code, said = self.check(f"turn:{SERVER}")
        self.assertNotEqual(code, 0)
        self.assertIsInstance(said, str)

    def test_other_urls_are_wrong_usage(self):
        for url in ("stuns:a", "http:a", "turn:a?transport=sctp"):
            self.assertEqual(self.check(url)[0], 2)


def add_addresses():
    for address in (SERVER, SECOND, CLIENT, NOBODY):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


if __name__ == "__main__":
    if shutil.which("turnserver") is None:
        namespaces.skip("turnserver is not installed (Debian: coturn)")
    namespaces.enter(__file__, ["--net"], ["--net", "--map-root-user"])
    REDAN = sys.argv.pop(1)
    add_addresses()
    unittest.main(verbosity=2)
