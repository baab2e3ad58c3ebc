#!/usr/bin/env python3
"""Whom clients reach through a coturn that is configured as contrib/three-machines says. It runs in a network namespace
of its own, where it has the addresses. Usage: reach_test.py REDAN TURNSERVER_CONF"""
import base64
import hashlib
import hmac
import ipaddress
import os
import pathlib
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

SKIPPED = 77
INSIDE = "--inside"
SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
SERVER = "192.0.2.3"
RUNTIME = "192.0.2.16"
SERVER6 = "2001:db8::3"
RUNTIME6 = "2001:db8::16"
MAGIC_COOKIE = 0x2112A442
ALLOCATE, REFRESH, CREATE_PERMISSION, CONNECT = 3, 4, 8, 10
USERNAME, INTEGRITY, ERROR, PEER, REALM, NONCE = 6, 8, 9, 0x12, 0x14, 0x15
FAMILY, TRANSPORT = 0x17, 0x19
UDP, TCP = 17, 6


def enter_namespace():
    """Starts this file again in namespaces of its own; does not return unless it is in there."""
    if sys.argv[1] == INSIDE:
        sys.argv.pop(1)
        return
    if shutil.which("turnserver") is None:
        print("SKIPPED: turnserver is not installed (Debian: coturn)")
        sys.exit(SKIPPED)
    for unshare in (["unshare", "--net"], ["unshare", "--net", "--map-root-user"]):
        probe = [*unshare, "ip", "link", "set", "lo", "up"]
        if subprocess.run(probe, check=False, capture_output=True).returncode == 0:
            os.execvp("unshare", [*unshare, sys.executable, __file__, INSIDE, *sys.argv[1:]])
    print("SKIPPED: network namespaces are not permitted here")
    sys.exit(SKIPPED)


def xor_address(text, port):
    address = ipaddress.ip_address(text)
    mask = struct.pack(">I", MAGIC_COOKIE)
    return address, struct.pack(">BBH", 0, 1 if address.version == 4 else 2, port ^ (MAGIC_COOKIE >> 16)), mask


class Client:
    """One allocation at the server."""

    def __init__(self, server=SERVER, transport=UDP, family=4):
        self.transport, self.family = transport, family
        kind = socket.SOCK_STREAM if transport == TCP else socket.SOCK_DGRAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(5)
        self.socket.connect((server, 3478))
        self.username = f"{int(time.time()) + 600}:client"
        digest = hmac.new(SECRET.encode(), self.username.encode(), hashlib.sha1).digest()
        self.password = base64.b64encode(digest).decode()
        self.realm = self.nonce = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def allocate(self):
        """0 or the error."""
        family = [(FAMILY, bytes([2, 0, 0, 0]))] if self.family == 6 else []
        return self.ask(ALLOCATE, [(TRANSPORT, bytes([self.transport, 0, 0, 0])), *family])

    def permit(self, peer):
        return self.ask(CREATE_PERMISSION, [], peer)

    def connect(self, peer):
        return self.ask(CONNECT, [], peer)

    def ask(self, method, attributes, peer=None):
        transaction = os.urandom(12)
        if peer:
            address, head, mask = xor_address(peer, 4222)
            mask += transaction
            attributes = [*attributes, (PEER, head + bytes(a ^ b for a, b in zip(address.packed, mask)))]
        self.socket.sendall(self.message(method, transaction, attributes))
        answer = self.receive()
        error = answer[ERROR][2] * 100 + answer[ERROR][3] if ERROR in answer else 0
        if error in (401, 438) and self.nonce != answer[NONCE]:
            self.realm, self.nonce = answer[REALM], answer[NONCE]
            return self.ask(method, [a for a in attributes if a[0] != PEER], peer)
        return error

    def message(self, method, transaction, attributes):
        if self.nonce:
            attributes = [*attributes, (USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        body = b"".join(struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4)
                        for kind, value in attributes)
        if not self.nonce:
            return struct.pack(">HHI", method, len(body), MAGIC_COOKIE) + transaction + body
        head = struct.pack(">HHI", method, len(body) + 24, MAGIC_COOKIE) + transaction
        key = hashlib.md5(f"{self.username}:{self.realm.decode()}:{self.password}".encode()).digest()
        return head + body + struct.pack(">HH", INTEGRITY, 20) + hmac.new(key, head + body, hashlib.sha1).digest()

    def receive(self):
        data = self.socket.recv(4096)
        while self.transport == TCP and (len(data) < 20 or len(data) < 20 + struct.unpack(">H", data[2:4])[0]):
            data += self.socket.recv(4096)
        found, at = {}, 20
        while at + 4 <= len(data):
            kind, size = struct.unpack(">HH", data[at:at + 4])
            found.setdefault(kind, data[at + 4:at + 4 + size])
            at += 4 + size + -size % 4
        return found


class Coturn:
    """The real server, with the lines of a configuration and IPv6 besides."""

    def __init__(self, configuration):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        (folder / "conf").write_text(
            configuration.replace("THE-LINE-OF-TURN-SECRET", SECRET) + f"\nrelay-ip={SERVER6}\nallowed-peer-ip={RUNTIME6}"
            f"\nlog-file={folder}/log\npidfile={folder}/pid\nuserdb={folder}/db\n", encoding="utf-8")
        self.output = (folder / "output").open("w")
        self.process = subprocess.Popen(["turnserver", "-c", str(folder / "conf")], stdout=self.output,
                                        stderr=subprocess.STDOUT)

    def __enter__(self):
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                with Client() as client:
                    client.socket.settimeout(0.3)
                    client.allocate()
                    return self
            except OSError:
                time.sleep(0.1)
        raise RuntimeError("turnserver does not answer")

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.output.close()
        self.folder.cleanup()


def without(configuration, start):
    return "".join(line for line in configuration.splitlines(keepends=True) if not line.startswith(start))


def denied_ranges():
    for line in CONFIGURATION.splitlines():
        found = re.fullmatch(r"denied-peer-ip=([^-]*)-(.*)", line)
        if found:
            yield found.groups()


class Reach(unittest.TestCase):
    def permissions(self, family, peers):
        with Client(family=family) as client:
            self.assertEqual(client.allocate(), 0)
            return {peer: client.permit(peer) for peer in peers}

    def doctor(self, *more):
        with tempfile.NamedTemporaryFile("w") as secret:
            secret.write(SECRET + "\n")
            secret.flush()
            done = subprocess.run([REDAN, "doctor", "--turn", f"turn:{SERVER}:3478", "--turn-secret-file", secret.name,
                                   *more], capture_output=True, text=True, timeout=60, check=False)
        return done.returncode, done.stdout + done.stderr

    def test_no_special_address_is_relayed_to_and_no_machine(self):
        peers = [peer for ends in denied_ranges() for peer in ends] + ["169.254.169.254", "192.0.2.1", SERVER, SERVER6, "::"]
        with Coturn(CONFIGURATION):
            for family in (4, 6):
                ours = [peer for peer in peers if ipaddress.ip_address(peer).version == family]
                self.assertGreater(len(ours), 20)
                self.assertEqual(self.permissions(family, ours), {peer: 403 for peer in ours})

    def test_runtimes_and_public_addresses_are_relayed_to(self):
        with Coturn(CONFIGURATION):
            peers = [RUNTIME, "192.0.2.31", "8.8.8.8", "11.0.0.0", "100.128.0.0", "223.255.255.255"]
            self.assertEqual(self.permissions(4, peers), {peer: 0 for peer in peers})
            peers = [RUNTIME6, "2606:4700::1", "2001:200::1"]
            self.assertEqual(self.permissions(6, peers), {peer: 0 for peer in peers})

    def test_an_allowed_address_is_denied_without_its_line(self):
        with Coturn(without(CONFIGURATION, "allowed-peer-ip")):
            self.assertEqual(self.permissions(4, [RUNTIME]), {RUNTIME: 403})

    def test_no_client_gets_a_relay_over_tcp(self):
        with Coturn(CONFIGURATION):
            with Client(transport=TCP) as client:
                self.assertNotEqual(client.allocate(), 0)
                self.assertNotEqual(client.connect(RUNTIME), 0)
        with Coturn(without(CONFIGURATION, "no-tcp-relay")):
            with Client(transport=TCP) as client:
                self.assertEqual(client.allocate(), 0, "the test asks as a client would")

    def test_the_doctor_is_content_with_the_kit(self):
        with Coturn(CONFIGURATION):
            code, said = self.doctor("--turn-denied", "192.0.2.1:4222")
        self.assertEqual(code, 0, said)
        self.assertIn("does not relay inwards", said)

    def test_the_doctor_names_what_is_relayed_to(self):
        few = without(CONFIGURATION, ("denied-peer-ip", "allowed-peer-ip")) + (
            "denied-peer-ip=10.0.0.0-10.255.255.255\ndenied-peer-ip=172.16.0.0-172.31.255.255\n"
            "denied-peer-ip=192.168.0.0-192.168.255.255\ndenied-peer-ip=127.0.0.0-127.255.255.255\n")
        with Coturn(few):
            code, said = self.doctor()
            self.assertEqual(code, 1, said)
            for peer in ("169.254.169.254", "100.64.0.1", "198.18.0.1", SERVER, "fd00::1"):
                self.assertIn(peer, said)
            self.assertNotIn("10.0.0.1,", said)

    def test_the_doctor_tries_the_units_that_it_is_told_of(self):
        open_unit = CONFIGURATION + "allowed-peer-ip=192.0.2.2\n"
        with Coturn(open_unit):
            self.assertEqual(self.doctor()[0], 0)
            code, said = self.doctor("--turn-denied", "192.0.2.2:2379")
            self.assertEqual(code, 1)
            self.assertIn("it relays to 192.0.2.2\n", said)

    def test_the_kit_has_what_the_program_prints(self):
        printed = subprocess.run([REDAN, "turn", "coturn-config"], capture_output=True, text=True, check=True).stdout
        self.assertIn("no-tcp-relay\n", printed)
        self.assertIn(printed, CONFIGURATION)


def add_addresses():
    for address in (SERVER, "192.0.2.1", "192.0.2.2", RUNTIME):
        subprocess.run(["ip", "addr", "add", f"{address}/32", "dev", "lo"], check=True)
    for address in (SERVER6, RUNTIME6):
        subprocess.run(["ip", "addr", "add", f"{address}/128", "dev", "lo", "nodad"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


if __name__ == "__main__":
    enter_namespace()
    REDAN = sys.argv.pop(1)
    CONFIGURATION = pathlib.Path(sys.argv.pop(1)).read_text(encoding="utf-8")
    add_addresses()
    unittest.main(verbosity=2)
