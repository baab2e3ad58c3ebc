#!/usr/bin/env python3
"""Three machines, set up with contrib/three-machines as docs/OPERATIONS.md describes, and what an operator, a client and
an attacker who took over a unit can do there. Usage: kit_test.py REDAN"""
import concurrent.futures
import json
import os
import pathlib
import shutil
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import namespaces  # noqa: E402
import turn_client  # noqa: E402
from credentials import AMS_KEYS, TheBus, TheFiles, TheStore  # noqa: E402, F401
from deployment import A, ADDRESSES, B, C, CHECK, RUNTIME, Deployment, KitTest  # noqa: E402
from machines import has_networks, wait_for  # noqa: E402
from reach import table  # noqa: E402

NEEDED = {"etcd": "etcd-server", "etcdctl": "etcd-client", "nats-server": "nats-server", "turnserver": "coturn", "ip": "iproute2",
          "openssl": "openssl", "systemd-sysusers": "systemd"}


class TheDoctor(KitTest):
    def check_all(self):
        """Runs functions in parallel."""
        with concurrent.futures.ThreadPoolExecutor() as pool:
            return list(pool.map(self.check, self.kit.machines))

    @staticmethod
    def check(machine):
        """Repeats if a busy etcd took longer than a unit's timeout of two seconds."""
        for _ in range(5):
            done = machine.run(CHECK, check=False)
            if "no answer in time" not in done.stdout:
                break
        return done

    def test_doctor_passes_on_every_machine(self):
        for done in self.check_all():
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotRegex(done.stdout, "(?m)^(FAIL|warn)")
            for what in ("gateway", "agent", "nats", "etcd", "turn"):
                self.assertRegex(done.stdout, f"(?m)^ok    {what} ")
            self.assertIn("this unit reads and writes redan/gateway/ alone", done.stdout)
            self.assertIn("does not relay inwards", done.stdout)

    def test_reports_units_that_were_not_started(self):
        self.assertEqual(self.kit.before_units.returncode, 1)
        self.assertEqual(self.kit.before_units.stdout.count("FAIL  it has not been started"), 3, self.kit.before_units.stdout)

    def test_reports_missing_etcd_users(self):
        self.assertEqual(self.kit.before_users.returncode, 1)
        self.assertIn("authorisation is off: every holder of a certificate of the store reads and writes everything",
                      self.kit.before_users.stdout)
        self.assertIn("etcd-users", self.kit.before_users.stdout)

    def test_reports_a_gateway_that_reads_foreign_keys(self):
        role = ("role", "grant-permission", "gateway", "--prefix=true", "read", AMS_KEYS)
        self.kit.etcdctl(*role)
        try:
            done = self.kit.doctor(self.kit.a, "gateway", "$STORE")
        finally:
            self.kit.etcdctl("role", "revoke-permission", "gateway", "--prefix=true", AMS_KEYS)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"FAIL  etcd {A}:2379: this unit can read {AMS_KEYS}", done.stdout)
        self.assertIn("etcd-users", done.stdout)


ECHO = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
    echo.bind((sys.argv[1], 0))
    print(echo.getsockname()[1], flush=True)
    while True:
        data, sender = echo.recvfrom(2048)
        echo.sendto(data, sender)
"""


class TheRelay(KitTest):
    """coturn, with the credentials of a session."""

    @classmethod
    def setUpClass(cls):
        cls.session = cls.kit.create_session(B)
        server = next(one for one in cls.session["stun_servers"] if one["urls"] == [f"turn:{C}:3478"])
        cls.credential = server["username"], server["password"]

    @classmethod
    def tearDownClass(cls):
        cls.kit.delete_session(A, cls.session["id"])

    def client(self, **more):
        return turn_client.Client(C, self.credential, **more)

    def test_reaches_no_special_address_and_no_machine(self):
        configuration = self.kit.c.path("/etc/turnserver.conf").read_text(encoding="utf-8")
        peers = [("a runtime", RUNTIME, RUNTIME, 4222)]
        peers += [("a cloud's metadata", "169.254.169.254", "169.254.169.254", 80)]
        peers += [(f"{what} at {one}", one, one, port) for what, port in (("NATS", 4222), ("etcd", 2379)) for one in ADDRESSES]
        peers += [(first if first == last else f"{first} to {last}", first, last, 80)
                  for first, last in turn_client.denied_ranges(configuration)]
        with self.client() as udp, self.client(family=6) as udp6, self.client(transport=turn_client.TCP) as tcp:
            self.assertEqual(udp.allocate(), 0)
            no_ipv6, no_tcp = udp6.allocate(), tcp.allocate()
            rows = []
            for what, first, last, port in peers:
                over_udp = no_ipv6 if ":" in first else udp.permit(first) and udp.permit(last)
                over_tcp = no_tcp and tcp.connect(first, port) and tcp.connect(last, port)
                rows.append([what, over_udp or "relayed", over_tcp or "relayed"])
        seen = table(f"What coturn answers a session's client; for an allocation of IPv6 {no_ipv6}, for one of TCP {no_tcp}",
                     ["peer", "UDP", "TCP (RFC 6062)"], rows)
        self.assertGreater(len(seen), 28 + len(ADDRESSES))
        self.assertEqual(seen.pop("a runtime"), ["relayed", 403])
        self.assertEqual({tuple(answers) for what, answers in seen.items() if ":" not in what}, {(403, 403)})
        self.assertEqual({tuple(answers) for what, answers in seen.items() if ":" in what}, {(440, 403)})

    def test_reaches_a_runtime(self):
        """Data sent arrives, and the answer returns."""
        echo = self.kit.a.start_on_network(sys.executable, "-c", ECHO, RUNTIME)
        self.addCleanup(echo.communicate)
        self.addCleanup(echo.kill)
        port = int(echo.stdout.readline())
        with self.client() as client:
            self.assertEqual((client.allocate(), client.permit(RUNTIME)), (0, 0))
            self.assertEqual(client.exchange(RUNTIME, port, b"over the relay"), b"over the relay")

    def test_reaches_only_runtimes(self):
        """A service that listens on every address of a machine also listens on the runtimes' addresses."""
        listening = [line.split() for line in self.kit.a.run("ss", "-Hltun").stdout.splitlines()]
        tcp = [words[4] for words in listening if words[0] == "tcp"]
        udp = [words[4] for words in listening if words[0] == "udp"]
        self.assertIn(f"{A}:8444", tcp)
        self.assertEqual([one for one in tcp if not one.startswith((f"{A}:", "127."))], [])
        self.assertEqual([one for one in udp if not one.startswith((f"{A}:", f"{RUNTIME}:", "127."))], [])


class Sessions(KitTest):
    def connect(self, machine, gateway, *more):
        token = self.kit.client.folder / "token"
        token.write_text(self.kit.token, encoding="ascii")
        token.chmod(0o600)
        return self.kit.client.run("redan", "connect", "--gateway", f"https://{gateway}:4000", "--token-file", token,
                                   "--fingerprint", self.kit.pin(machine, "gateway"), "--json", *more, check=False)

    def test_a_client_streams_through_each_gateway(self):
        for machine, gateway in zip(self.kit.machines, ADDRESSES):
            done = self.connect(machine, gateway, "--app", "demo", "--video", "--packets", "10", "--seconds", "20")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            said = json.loads(done.stdout)
            self.assertGreaterEqual(said["rtp_packets"], 10)
            path = f"/1.0/sessions/{said['session']}"
            wait_for(lambda one=path: self.kit.ask(C, "GET", one, self.kit.token)[1]["metadata"]["status"] == "terminated", path)

    def test_a_session_of_one_gateway_is_joined_and_deleted_at_others(self):
        def instances():
            return self.kit.a.run("redan", "amc", "instance", "list", "--json").stdout

        session = self.kit.create_session(A)["id"]
        done = self.connect(self.kit.b, B, "--join", session, "--seconds", "0.5")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(session, instances())
        self.kit.delete_session(C, session)
        wait_for(lambda: session not in instances(), "its instance is gone")

    def test_an_unauthenticated_client_gets_no_session(self):
        self.assertEqual(self.kit.ask(A, "POST", "/1.0/sessions", "AgEUYW5ib3g", {"app": "demo"})[0], 401)

    def test_an_operator_joins_with_a_token_and_is_removed(self):
        def amc(*words, **more):
            return self.kit.client.run("env", f"REDAN_AMC_DIR={self.kit.client.folder}/amc", "redan", "amc", *words, **more)

        token = self.kit.a.run("redan", "amc", "token", "create", "alice", "--role", "operator").stdout
        amc("remote", "add", "prod", "--token", input=token)
        self.assertEqual(amc("application", "list", "--json").returncode, 0)
        self.assertNotEqual(amc("trust", "list", check=False).returncode, 0, "an operator may not see or change trust")
        self.assertIn("alice", self.kit.a.run("redan", "amc", "trust", "list").stdout)
        self.kit.a.run("redan", "amc", "trust", "remove", "alice")
        self.assertEqual(amc("application", "list", check=False).returncode, 3)
        self.assertNotEqual(amc("remote", "add", "again", "--token", input=token, check=False).returncode, 0, "the token was for one use")


def check_needs():
    if os.geteuid() != 0:
        namespaces.skip("it makes machines with users of their own, which needs root")
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            namespaces.skip(f"{program} is not installed (Debian: {package})")


if __name__ == "__main__":
    check_needs()
    namespaces.enter(__file__, ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
    if not has_networks():
        namespaces.skip("the kernel has no bridges or no veth pairs")
    # As the first process of its namespace it has no default signal actions.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    KitTest.kit = Deployment(pathlib.Path(sys.argv.pop(1)).resolve())
    try:
        unittest.main(verbosity=2)
    finally:
        KitTest.kit.stop()
