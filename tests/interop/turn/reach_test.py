#!/usr/bin/env python3
"""Which addresses clients reach through a coturn configured as in contrib/three-machines. It runs in its own
network namespace, in which it has the addresses. Usage: reach_test.py REDAN TURNSERVER_CONF"""
import ipaddress
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "support"))
import namespaces  # noqa: E402
import turn_client  # noqa: E402
from turn_client import TCP  # noqa: E402

SECRET = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
SERVER = "192.0.2.3"
RUNTIME = "192.0.2.16"
SERVER6 = "2001:db8::3"
RUNTIME6 = "2001:db8::16"
# The values that contrib/three-machines/machines inserts.
VALUES = {"THIS-ADDRESS": SERVER, "ADDRESS-A": "192.0.2.1", "ADDRESS-B": "192.0.2.2", "ADDRESS-C": SERVER,
          "RUNTIME-ADDRESSES": f"{RUNTIME}-192.0.2.31", "THE-LINE-OF-TURN-SECRET": SECRET}


def filled_in(configuration):
    for word, value in VALUES.items():
        configuration = configuration.replace(word, value)
    return configuration


class Client(turn_client.Client):
    def __init__(self, **more):
        super().__init__(SERVER, turn_client.mint(SECRET), **more)


class Coturn:
    """The real server, with the lines of a configuration and additionally IPv6."""

    def __init__(self, configuration):
        self.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(self.folder.name)
        (folder / "conf").write_text(
            f"{configuration}\nrelay-ip={SERVER6}\nallowed-peer-ip={RUNTIME6}"
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

    def test_special_addresses_and_machines_are_not_reachable(self):
        peers = [peer for ends in turn_client.denied_ranges(CONFIGURATION) for peer in ends] + ["169.254.169.254", "192.0.2.1", SERVER, SERVER6, "::"]
        with Coturn(CONFIGURATION):
            for family in (4, 6):
                ours = [peer for peer in peers if ipaddress.ip_address(peer).version == family]
                self.assertGreater(len(ours), 20)
                self.assertEqual(self.permissions(family, ours), {peer: 403 for peer in ours})

    def test_runtimes_and_public_addresses_are_reachable(self):
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

    def test_doctor_passes_with_the_kit(self):
        with Coturn(CONFIGURATION):
            code, said = self.doctor("--turn-denied", "192.0.2.1:4222")
        self.assertEqual(code, 0, said)
        self.assertIn("does not relay inwards", said)

    def test_doctor_names_every_address_it_can_relay_to(self):
        few = without(CONFIGURATION, ("denied-peer-ip", "allowed-peer-ip")) + (
            "denied-peer-ip=10.0.0.0-10.255.255.255\ndenied-peer-ip=172.16.0.0-172.31.255.255\n"
            "denied-peer-ip=192.168.0.0-192.168.255.255\ndenied-peer-ip=127.0.0.0-127.255.255.255\n")
        with Coturn(few):
            code, said = self.doctor()
            self.assertEqual(code, 1, said)
            for peer in ("169.254.169.254", "100.64.0.1", "198.18.0.1", SERVER, "fd00::1"):
                self.assertIn(peer, said)
            self.assertNotIn("10.0.0.1,", said)

    def test_doctor_tries_the_units_given_as_options(self):
        open_unit = CONFIGURATION + "allowed-peer-ip=192.0.2.2\n"
        with Coturn(open_unit):
            self.assertEqual(self.doctor()[0], 0)
            code, said = self.doctor("--turn-denied", "192.0.2.2:2379")
            self.assertEqual(code, 1)
            self.assertIn("it relays to 192.0.2.2\n", said)

    def test_doctor_reports_an_unreachable_runtime(self):
        with Coturn(CONFIGURATION):
            for runtime in (RUNTIME, RUNTIME6):
                code, said = self.doctor("--turn-allowed", runtime)
                self.assertEqual(code, 0, said)
        with Coturn(without(CONFIGURATION, "allowed-peer-ip")):
            code, said = self.doctor("--turn-allowed", RUNTIME)
        self.assertEqual(code, 1)
        self.assertIn(f"it does not relay to the runtime {RUNTIME}: 403", said)
        self.assertIn(f"put allowed-peer-ip={RUNTIME}", said)

    def test_kit_file_equals_the_program_output(self):
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
    if shutil.which("turnserver") is None:
        namespaces.skip("turnserver is not installed (Debian: coturn)")
    namespaces.enter(__file__, ["--net"], ["--net", "--map-root-user"])
    REDAN = sys.argv.pop(1)
    CONFIGURATION = filled_in(pathlib.Path(sys.argv.pop(1)).read_text(encoding="utf-8"))
    add_addresses()
    unittest.main(verbosity=2)
