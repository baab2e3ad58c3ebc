"""What the credentials of a unit give access to, tried like an attacker who stole them."""
import base64
import concurrent.futures
import hashlib
import hmac
import json
import re

from deployment import A, B, PKI, KitTest
from machines import run, wait_for
from reach import REFUSED_BY_TLS, Certificate, Etcd, at_nats, encoded, table

AMS_KEYS, GATEWAY_KEYS = "redan/ams/", "redan/gateway/"
SEAL, TOKENS = "/ams/1.0/secrets/seal", "/ams/1.0/secrets/instance-jwt"
ROOT = "/gateway/1.0/secrets/root"


def password(unit):
    return (PKI / f"{unit}.password").read_text(encoding="ascii").strip()


def of_store(name):
    return Certificate(PKI, name, "store-ca")


def of_bus(name):
    return Certificate(PKI, name, "bus-ca")


def opened(record, key_file="secrets.key"):
    """Decrypts what is sealed under this key: AES-256-GCM, whose text is in counter mode from 2 on."""
    key = bytes.fromhex((PKI / key_file).read_text(encoding="ascii"))
    body = base64.b64decode(record.rpartition(b":")[2])
    salt, text = body[:32], body[32:-16]
    record_key = hmac.new(key, b"redan secrets key: record" + salt, hashlib.sha256).hexdigest()
    return run("openssl", "enc", "-d", "-aes-256-ctr", "-K", record_key, "-iv", "0" * 24 + "00000002", binary=True, input=text).stdout


class TheFiles(KitTest):
    FOLDERS = {"/etc/nats": "nats", "/etc/etcd": "etcd", "/etc/redan/gateway": "redan-gateway", "/etc/redan/agent": "redan-agent"}

    def test_are_readable_by_their_service_only(self):
        for machine in self.kit.machines:
            folders = {**self.FOLDERS, **({"/etc/redan/ams": "redan-ams"} if machine is self.kit.a else {})}
            self.assertEqual(machine.run("find", *folders, "-perm", "/077").stdout, "")
            owners = machine.run("find", *folders, "-type", "f", "-printf", "%h %u\n").stdout.split("\n")
            self.assertEqual({*owners} - {""}, {f"{folder} {user}" for folder, user in folders.items()})
        self.assertEqual(self.kit.c.run("stat", "-c", "%a %U %G", "/etc/turnserver.conf").stdout, "640 root turnserver\n")

    def test_give_each_machine_its_own_credentials_only(self):
        def places(name):
            content = (PKI / name).read_bytes()
            return [(machine.name, str(file.relative_to(machine.path("/etc/")))) for machine in self.kit.machines
                    for file in machine.path("/etc/").rglob("*") if file.is_file() and content in file.read_bytes()]

        for name in ("bus-ca.key", "store-ca.key", "root.key"):
            self.assertEqual(places(name), [], name)
        self.assertEqual(places("secrets.key"), [("a", "redan/ams/secrets.key")])
        self.assertEqual(places("gateway-secrets.key"), [(name, "redan/gateway/secrets.key") for name in "abc"])
        self.assertEqual(places("ams.password"), [("a", "redan/ams/ams.password")])
        self.assertEqual(places("store-gateway-2.key"), [("b", "redan/gateway/store.key")])
        self.assertEqual(places("agent-3.key"), [("c", "redan/agent/bus.key")])

    def test_reinstall_keeps_options_that_an_operator_changed(self):
        options, certificate = self.kit.b.path("/etc/redan/agent/options"), self.kit.b.path("/etc/redan/agent/bus.pem")
        before = options.read_bytes(), certificate.read_bytes()
        certificate.write_bytes(b"an old one")
        self.kit.place_files(self.kit.b)
        self.assertEqual((options.read_bytes(), certificate.read_bytes()), before)
        self.assertIn("AMS-FINGERPRINT", options.with_name("options.new").read_text(encoding="utf-8"))


class TheStore(KitTest):
    # Unit, its certificate for etcd, and its own prefix.
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
           ("a stranger, without a certificate", "", "", None)]

    def test_each_reads_and_writes_its_own_prefix_only(self):
        found = [line.split("/")[:2] for line in self.kit.etcdctl("get", "", "--from-key", "--keys-only").stdout.split() if line]
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

    def test_grpc_gives_the_same_result(self):
        cases = [("store-ams-1", f"ams:{password('ams')}", AMS_KEYS), ("store-gateway-1", f"gateway:{password('gateway')}", GATEWAY_KEYS),
                 ("store-gateway-1", None, None), ("etcd-1", None, None)]

        def tried(case):
            certificate, user, _ = case
            return [[self.kit.etcdctl(*words, certificate=certificate, user=user, check=False).returncode == 0
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
            self.assertIn("permission denied", gateway.read(entries + key).get("error", ""))
        self.assertEqual(ams.count(trusted), len(self.kit.machines), "the agents' certificates")
        self.assertIn("permission denied", gateway.write(trusted + "0" * 64).get("error", ""))
        put = {"requestPut": {"key": encoded(trusted + "0" * 64), "value": encoded("x")}}
        self.assertIn("permission denied", gateway.call("/v3/kv/txn", {"success": [put]}).get("error", ""))

    def test_secrets_are_not_stored_in_the_clear(self):
        held = json.loads(self.kit.etcdctl("get", "", "--from-key", "-w", "json").stdout)["kvs"]
        values = {base64.b64decode(one["key"]).decode(): base64.b64decode(one.get("value", "")) for one in held}
        disk = b"".join(file.read_bytes() for machine in self.kit.machines
                        for file in machine.path("/var/lib/etcd/redan").rglob("*") if file.is_file())
        for prefix, name, key in ((AMS_KEYS, SEAL, "secrets.key"), (AMS_KEYS, TOKENS, "secrets.key"),
                                  (GATEWAY_KEYS, ROOT, "gateway-secrets.key")):
            record = values[f"{prefix}entries/{name}"]
            self.assertIn(record, disk, "the test looks where etcd writes")
            self.assertTrue(record.startswith(b"sealed:"), name)
            secret = opened(record, key)
            for form in (secret, base64.b64encode(secret), secret.hex().encode()):
                self.assertFalse(any(form in value for value in values.values()), name)
                self.assertNotIn(form, disk, name)
        # The decrypted value is the secret: instances' tokens are signed with it.
        session = self.kit.create_session(A)
        data = wait_for(lambda: next(self.kit.a.path("/var/lib/redan-ams/instances").glob("*/user-data.json"), None), "an instance")
        token = re.search(r"eyJ[\w-]+\.[\w-]+\.[\w-]+", data.read_text(encoding="utf-8")).group()
        head, _, signature = token.rpartition(".")
        made = hmac.new(opened(values[f"{AMS_KEYS}entries/{TOKENS}"]), head.encode(), hashlib.sha256).digest()
        self.assertEqual(base64.urlsafe_b64encode(made).decode().rstrip("="), signature)
        self.kit.delete_session(A, session["id"])


class TheBus(KitTest):
    def test_rejects_store_certificates_and_foreign_tokens(self):
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
