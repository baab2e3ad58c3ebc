#!/usr/bin/env python3
"""Three machines, set up with contrib/three-machines as docs/OPERATIONS.md says, and what an operator, a client and whoever
took over a unit can do there. Usage: kit_test.py REDAN"""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import os
import pathlib
import re
import shutil
import signal
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))
import namespaces  # noqa: E402
import turn_client  # noqa: E402
from deployment import A, ADDRESSES, B, C, PKI, RUNTIME, Deployment  # noqa: E402
from machines import has_networks, run, wait_for  # noqa: E402
from reach import REFUSED_BY_TLS, Certificate, Etcd, at_nats, encoded, table  # noqa: E402

NEEDED = {"etcd": "etcd-server", "etcdctl": "etcd-client", "nats-server": "nats-server", "turnserver": "coturn", "ip": "iproute2",
          "openssl": "openssl", "systemd-sysusers": "systemd"}
AMS_KEYS, GATEWAY_KEYS = "redan/ams/", "redan/gateway/"
SEAL, TOKENS = "/ams/1.0/secrets/seal", "/ams/1.0/secrets/instance-jwt"
KIT = None


def setUpModule():
    global KIT
    KIT = Deployment(pathlib.Path(REDAN).resolve())


def tearDownModule():
    KIT.stop()


def password(unit):
    return (PKI / f"{unit}.password").read_text(encoding="ascii").strip()


def of_store(name):
    return Certificate(PKI, name, "store-ca")


def of_bus(name):
    return Certificate(PKI, name, "bus-ca")


def on_all(call):
    """At once, for each machine."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        return list(pool.map(call, KIT.machines))


class TheFiles(unittest.TestCase):
    FOLDERS = {"/etc/nats": "nats", "/etc/etcd": "etcd", "/etc/redan/gateway": "redan-gateway", "/etc/redan/agent": "redan-agent"}

    def test_are_for_their_services_alone(self):
        for machine in KIT.machines:
            folders = {**self.FOLDERS, **({"/etc/redan/ams": "redan-ams"} if machine is KIT.a else {})}
            self.assertEqual(machine.run("find", *folders, "-perm", "/077").stdout, "")
            owners = machine.run("find", *folders, "-type", "f", "-printf", "%h %u\n").stdout.split("\n")
            self.assertEqual({*owners} - {""}, {f"{folder} {user}" for folder, user in folders.items()})
        self.assertEqual(KIT.c.run("stat", "-c", "%a %U %G", "/etc/turnserver.conf").stdout, "640 root turnserver\n")

    def test_give_no_machine_what_is_not_its_own(self):
        def places(name):
            content = (PKI / name).read_bytes()
            return [(machine.name, str(file.relative_to(machine.path("/etc/")))) for machine in KIT.machines
                    for file in machine.path("/etc/").rglob("*") if file.is_file() and content in file.read_bytes()]

        for name in ("bus-ca.key", "store-ca.key", "root.key"):
            self.assertEqual(places(name), [], name)
        self.assertEqual(places("secrets.key"), [("a", "redan/ams/secrets.key")])
        self.assertEqual(places("ams.password"), [("a", "redan/ams/ams.password")])
        self.assertEqual(places("store-gateway-2.key"), [("b", "redan/gateway/store.key")])
        self.assertEqual(places("agent-3.key"), [("c", "redan/agent/bus.key")])


class TheDoctor(unittest.TestCase):
    def test_is_content_on_every_machine(self):
        for done in on_all(lambda machine: machine.run("/usr/local/share/doc/redan/three-machines/check", check=False)):
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            self.assertNotRegex(done.stdout, "(?m)^(FAIL|warn)")
            for what in ("gateway", "agent", "nats", "etcd", "turn"):
                self.assertRegex(done.stdout, f"(?m)^ok    {what} ")
            self.assertIn("this unit reads and writes redan/gateway/ alone", done.stdout)
            self.assertIn("does not relay inwards", done.stdout)

    def test_says_that_etcd_keeps_nobody_apart_until_users_are_made(self):
        self.assertEqual(KIT.before_users.returncode, 1)
        self.assertIn("authorisation is off: every holder of a certificate of the store reads and writes everything",
                      KIT.before_users.stdout)
        self.assertIn("etcd-users", KIT.before_users.stdout)

    def test_says_that_a_gateway_reads_what_is_not_its_own(self):
        role = ("role", "grant-permission", "gateway", "--prefix=true", "read", AMS_KEYS)
        KIT.etcdctl(*role)
        try:
            done = KIT.doctor(KIT.a, "gateway", "$STORE")
        finally:
            KIT.etcdctl("role", "revoke-permission", "gateway", "--prefix=true", AMS_KEYS)
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertIn(f"FAIL  etcd {A}:2379: this unit can read {AMS_KEYS}", done.stdout)
        self.assertIn("etcd-users", done.stdout)


class TheStore(unittest.TestCase):
    # Who, what it shows to etcd, and the one prefix that is its own.
    WHO = [("AMS on a", "store-ams-1", "ams", AMS_KEYS),
           ("gateway-1", "store-gateway-1", "gateway", GATEWAY_KEYS),
           ("gateway-2", "store-gateway-2", "gateway", GATEWAY_KEYS),
           ("gateway-3", "store-gateway-3", "gateway", GATEWAY_KEYS),
           ("AMS on a, without its password", "store-ams-1", "", None),
           ("gateway-1, without its password", "store-gateway-1", "", None),
           ("etcd on a", "etcd-1", "", None),
           ("gateway-1, with its certificate of the bus", "gateway-1", "", None),
           ("agent-1, with its certificate of the bus", "agent-1", "", None),
           ("NATS on a", "node-1", "", None),
           ("nobody, without a certificate", "", "", None)]

    def test_each_reads_and_writes_its_own_prefix_alone(self):
        found = [line.split("/")[:2] for line in KIT.etcdctl("get", "", "--from-key", "--keys-only").stdout.split() if line]
        prefixes = sorted({"/".join(parts) + "/" for parts in found} | {"redan/other/", "other/"}) + [""]
        self.assertLessEqual({AMS_KEYS, GATEWAY_KEYS}, set(prefixes))

        def row(one):
            who, certificate, user, _ = one
            caller = Etcd(B, of_store(certificate), user, password(user) if user else "")
            return [who, *(caller.may(prefix) for prefix in prefixes)]

        with concurrent.futures.ThreadPoolExecutor() as pool:
            seen = table("Who may do what in etcd, by prefix", ["", *prefixes[:-1], "everything"], list(pool.map(row, self.WHO)))
        for who, _, _, own in self.WHO:
            for prefix, cell in zip(prefixes, seen[who]):
                if prefix == own:
                    self.assertEqual(cell, "read, write, erase", (who, prefix))
                else:
                    self.assertNotRegex(cell, "read|write|erase", (who, prefix))
        self.assertEqual(set(seen["agent-1, with its certificate of the bus"]), {REFUSED_BY_TLS})
        self.assertEqual(set(seen["gateway-1, with its certificate of the bus"]), {REFUSED_BY_TLS})

    def test_is_the_same_over_grpc(self):
        cases = [("store-ams-1", f"ams:{password('ams')}", AMS_KEYS), ("store-gateway-1", f"gateway:{password('gateway')}", GATEWAY_KEYS),
                 ("store-gateway-1", None, None), ("etcd-1", None, None)]

        def tried(case):
            certificate, user, _ = case
            return [[KIT.etcdctl(*words, certificate=certificate, user=user, check=False).returncode == 0
                     for words in (("get", "--prefix", prefix, "--limit", "1"), ("put", prefix + "kit-test", "x"),
                                   ("del", prefix + "kit-test"))] for prefix in (AMS_KEYS, GATEWAY_KEYS)]

        with concurrent.futures.ThreadPoolExecutor() as pool:
            for (certificate, _, own), done in zip(cases, pool.map(tried, cases)):
                self.assertEqual(done, [[prefix == own] * 3 for prefix in (AMS_KEYS, GATEWAY_KEYS)], certificate)

    def test_a_gateway_does_not_read_secrets_or_write_trust(self):
        entries = f"{AMS_KEYS}entries/"
        gateway = Etcd(A, of_store("store-gateway-1"), "gateway", password("gateway"))
        ams = Etcd(A, of_store("store-ams-1"), "ams", password("ams"))
        trusted = entries + "/ams/1.0/certificates/"
        for key in (SEAL, TOKENS):
            self.assertEqual(len(ams.read(entries + key).get("kvs", [])), 1, f"the test names what is there: {key}")
            self.assertIn("permission denied", gateway.read(entries + key)["error"])
        self.assertEqual(ams.count(trusted), len(KIT.machines), "the agents' certificates")
        self.assertIn("permission denied", gateway.write(trusted + "0" * 64)["error"])
        put = {"requestPut": {"key": encoded(trusted + "0" * 64), "value": encoded("x")}}
        self.assertIn("permission denied", gateway.call("/v3/kv/txn", {"success": [put]})["error"])

    def test_secrets_do_not_lie_there_in_clear(self):
        held = json.loads(KIT.etcdctl("get", "", "--from-key", "-w", "json").stdout)["kvs"]
        values = {base64.b64decode(one["key"]).decode(): base64.b64decode(one.get("value", "")) for one in held}
        disk = b"".join(file.read_bytes() for machine in KIT.machines
                        for file in machine.path("/var/lib/etcd/redan").rglob("*") if file.is_file())
        for name in (SEAL, TOKENS):
            record = values[f"{AMS_KEYS}entries/{name}"]
            self.assertIn(record, disk, "the test looks where etcd writes")
            secret = opened(record)
            for form in (secret, base64.b64encode(secret), secret.hex().encode()):
                self.assertFalse(any(form in value for value in values.values()), name)
                self.assertNotIn(form, disk, name)
        # What was opened is the secret: instances' tokens are signed with it.
        session = KIT.create_session(A)
        data = wait_for(lambda: next(KIT.a.path("/var/lib/redan-ams/instances").glob("*/user-data.json"), None), "an instance")
        token = re.search(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", data.read_text(encoding="utf-8")).group()
        head, _, signature = token.rpartition(".")
        made = hmac.new(opened(values[f"{AMS_KEYS}entries/{TOKENS}"]), head.encode(), hashlib.sha256).digest()
        self.assertEqual(base64.urlsafe_b64encode(made).decode().rstrip("="), signature)
        KIT.delete_session(A, session["id"])


def opened(record):
    """What AMS keeps sealed under its key: AES-256 in GCM, whose text is in counter mode from 2 on."""
    key = bytes.fromhex((PKI / "secrets.key").read_text(encoding="ascii"))
    body = base64.b64decode(record.rpartition(b":")[2])
    salt, text = body[:32], body[32:-16]
    record_key = hmac.new(key, b"redan secrets key: record" + salt, hashlib.sha256).hexdigest()
    return run("openssl", "enc", "-d", "-aes-256-ctr", "-K", record_key, "-iv", "0" * 24 + "00000002", binary=True, input=text).stdout


class TheBus(unittest.TestCase):
    def test_is_closed_to_certificates_of_the_store_and_tokens_of_others(self):
        def token(unit):
            return (PKI / f"{unit}.token").read_text(encoding="ascii").strip()

        cases = [(f"{unit}, {whose} token", of_bus(unit), token(unit if whose == "its own" else other))
                 for unit, other in (("gateway-1", "agent-1"), ("agent-1", "gateway-1"), ("agent-2", "agent-1"))
                 for whose in ("its own", "another's")]
        cases += [(f"{name or 'no certificate'}, with a unit's token", of_bus(name), token("gateway-1"))
                  for name in ("node-1", "store-ams-1", "store-gateway-1", "etcd-1", "root", "")]
        seen = table("Who is let in at NATS", ["certificate", ""],
                     [[who, at_nats(A, certificate, certificate.name, secret)] for who, certificate, secret in cases])
        for who, (said,) in seen.items():
            if who.endswith("its own token"):
                self.assertEqual(said, "PONG", who)
            elif who.endswith("another's token") or who.startswith("node-1"):
                self.assertIn("Authorization Violation", said, who)
            else:
                self.assertEqual(said, REFUSED_BY_TLS, who)


class TheRelay(unittest.TestCase):
    """coturn, with the credentials of a session."""

    @classmethod
    def setUpClass(cls):
        cls.session = KIT.create_session(B)
        server = next(one for one in cls.session["stun_servers"] if one["urls"] == [f"turn:{C}:3478"])
        cls.credential = server["username"], server["password"]

    @classmethod
    def tearDownClass(cls):
        KIT.delete_session(A, cls.session["id"])

    def client(self, **more):
        return turn_client.Client(C, self.credential, **more)

    def test_reaches_no_special_address_and_no_machine(self):
        configuration = KIT.c.path("/etc/turnserver.conf").read_text(encoding="utf-8")
        peers = [("a runtime", RUNTIME, RUNTIME, 4222), ("a cloud's metadata", "169.254.169.254", "169.254.169.254", 80)]
        peers += [(f"{what} at {one}", one, one, port) for what, port in (("NATS", 4222), ("etcd", 2379)) for one in ADDRESSES]
        peers += [(first if first == last else f"{first} to {last}", first, last, 80) for first, last in turn_client.denied_ranges(configuration)]
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
        """What is sent arrives, and the answer comes back."""
        echo = KIT.a.start(sys.executable, "-c", ECHO, RUNTIME)
        self.addCleanup(echo.communicate)
        self.addCleanup(echo.kill)
        port = int(echo.stdout.readline())
        with self.client() as client:
            self.assertEqual((client.allocate(), client.permit(RUNTIME)), (0, 0))
            self.assertEqual(client.exchange(RUNTIME, port, b"over the relay"), b"over the relay")

    def test_reaches_nothing_but_runtimes_where_it_may_go(self):
        """What listens on every address of a machine listens on the runtimes' too."""
        listening = [line.split() for line in KIT.a.run("ss", "-Hltun").stdout.splitlines()]
        tcp = [words[4] for words in listening if words[0] == "tcp"]
        udp = [words[4] for words in listening if words[0] == "udp"]
        self.assertIn(f"{A}:8444", tcp)
        self.assertEqual([one for one in tcp if not one.startswith((f"{A}:", "127."))], [])
        self.assertEqual([one for one in udp if not one.startswith((f"{A}:", f"{RUNTIME}:", "127."))], [])


ECHO = """
import socket, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as echo:
    echo.bind((sys.argv[1], 0))
    print(echo.getsockname()[1], flush=True)
    while True:
        data, sender = echo.recvfrom(2048)
        echo.sendto(data, sender)
"""


class Sessions(unittest.TestCase):
    def connect(self, machine, gateway, *more):
        token = KIT.client.folder / "token"
        token.write_text(KIT.token, encoding="ascii")
        token.chmod(0o600)
        return KIT.client.run("redan", "connect", "--gateway", f"https://{gateway}:4000", "--fingerprint", KIT.pin(machine, "gateway"),
                              "--token-file", token, "--json", *more, check=False)

    def test_a_client_streams_through_each_gateway(self):
        for machine, gateway in zip(KIT.machines, ADDRESSES):
            done = self.connect(machine, gateway, "--app", "demo", "--video", "--packets", "10", "--seconds", "20")
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            said = json.loads(done.stdout)
            self.assertGreaterEqual(said["rtp_packets"], 10)
            path = f"/1.0/sessions/{said['session']}"
            wait_for(lambda one=path: KIT.ask(C, "GET", one, KIT.token)[1]["metadata"]["status"] == "terminated", path)

    def test_a_session_of_one_gateway_is_joined_and_deleted_at_others(self):
        def instances():
            return KIT.a.run("redan", "amc", "instance", "list", "--json").stdout

        session = KIT.create_session(A)["id"]
        done = self.connect(KIT.b, B, "--join", session, "--seconds", "0.5")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(session, instances())
        KIT.delete_session(C, session)
        wait_for(lambda: session not in instances(), "its instance is gone")

    def test_a_stranger_gets_no_session(self):
        self.assertEqual(KIT.ask(A, "POST", "/1.0/sessions", "AgEUYW5ib3g", {"app": "demo"})[0], 401)

    def test_an_operator_joins_with_a_token_and_is_removed(self):
        def amc(*words, **more):
            return KIT.client.run("env", f"REDAN_AMC_DIR={KIT.client.folder}/amc", "redan", "amc", *words, **more)

        token = KIT.a.run("redan", "amc", "token", "create", "alice", "--role", "operator").stdout
        amc("remote", "add", "prod", "--token", input=token)
        self.assertEqual(amc("application", "list", "--json").returncode, 0)
        self.assertNotEqual(amc("trust", "list", check=False).returncode, 0, "an operator decides about nobody's trust")
        self.assertIn("alice", KIT.a.run("redan", "amc", "trust", "list").stdout)
        KIT.a.run("redan", "amc", "trust", "remove", "alice")
        self.assertEqual(amc("application", "list", check=False).returncode, 3)
        self.assertNotEqual(amc("remote", "add", "again", "--token", input=token, check=False).returncode, 0, "the token was for one use")


if __name__ == "__main__":
    if os.geteuid() != 0:
        namespaces.skip("it makes machines with users of their own, which needs root")
    for program, package in NEEDED.items():
        if shutil.which(program) is None:
            namespaces.skip(f"{program} is not installed (Debian: {package})")
    namespaces.enter(__file__, ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"])
    if not has_networks():
        namespaces.skip("the kernel has no bridges or no veth pairs")
    # As the first process of its namespace it has no default actions.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    REDAN = sys.argv.pop(1)
    unittest.main(verbosity=2)
