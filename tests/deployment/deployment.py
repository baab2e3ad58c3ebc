"""The three machines of docs/OPERATIONS.md, set up step by step as documented."""
import http.client
import json
import os
import pathlib
import shutil
import ssl
import time
import unittest

from machines import FOLDER, Machine, install, make_network, run, wait_for

A, B, C = ADDRESSES = ("192.0.2.1", "192.0.2.2", "192.0.2.3")
RUNTIME, RUNTIMES = "192.0.2.16", "192.0.2.16-192.0.2.31"
ADMINISTRATOR = "192.0.2.100"  # where the certificates are created: the test itself
CLIENT, CLIENTS = "198.51.100.7", "198.51.100.0/24"
PKI = FOLDER / "pki"
CHECK = "/usr/local/share/doc/redan/three-machines/check"


class Deployment:
    def __init__(self, redan):
        self.began = time.monotonic()
        make_network(ADMINISTRATOR)
        install(redan)
        self.kit = FOLDER / "local/share/doc/redan/three-machines"
        self.certificates()
        self.a, self.b, self.c = self.machines = [Machine(name, address) for name, address in zip("abc", ADDRESSES)]
        self.client = Machine("client", CLIENT)
        self.client.route("192.0.2.0/24")
        self.place()
        self.bus_and_store()
        self.units()
        self.trust()
        self.account()

    def step(self, what):
        print(f"{time.monotonic() - self.began:5.1f} s  {what}", flush=True)

    def certificates(self):
        PKI.mkdir(mode=0o700)
        run(self.kit / "certificates", *ADDRESSES, cwd=PKI, timeout=400)
        run(self.kit / "machines", RUNTIMES, *ADDRESSES, cwd=PKI)
        self.step("step 3: secrets, and a folder for each machine")

    def place(self):
        for machine in self.machines:
            machine.route(CLIENTS)
            machine.run("systemd-sysusers")
            self.place_files(machine)
        self.a.run("ip", "addr", "add", f"{RUNTIME}/24", "dev", "eth0")
        self.step("steps 2 and 3: the runtimes' address, files in their places")

    def place_files(self, machine):
        copy = machine.folder / "from-administrator"
        shutil.copytree(PKI / f"machine-{self.machines.index(machine) + 1}", copy)
        machine.run("env", "-C", copy, "./place")
        shutil.rmtree(copy)

    def bus_and_store(self):
        for machine in self.machines:
            for unit in ("etcd", "nats-server"):
                machine.systemctl_start(unit)
        self.c.systemctl_start("coturn")
        for machine, address in zip(self.machines, ADDRESSES):
            machine.services["nats-server"].says("Server is ready")
            wait_for(lambda one=address: "is healthy" in self.etcdctl("endpoint", "health", endpoint=one, check=False).stderr,
                     lambda one=machine: one.services["etcd"].log())
        self.before_units = self.a.run(CHECK, check=False)
        self.before_users = self.doctor(self.a, "gateway", "$STORE")
        run(self.kit / "etcd-users", f"https://{A}:2379", cwd=PKI)
        self.step("step 4: NATS, etcd and its users, coturn")

    def units(self):
        self.a.systemctl_start("redan-ams").says("SHA-256")
        for machine in self.machines:
            machine.run("sed", "-i", f"s/AMS-FINGERPRINT/{self.pin(self.a, 'ams')}/", "/etc/redan/agent/options")
            machine.systemctl_start("redan-gateway")
            machine.systemctl_start("redan-agent")
        for machine in self.machines:
            machine.services["redan-gateway"].says("SHA-256")
            machine.services["redan-agent"].says("SHA-256")
        self.step("steps 5 and 6: AMS, gateways, agents")

    def trust(self):
        for number, machine in enumerate(self.machines, 1):
            certificate = machine.run("openssl", "x509", "-in", "/var/lib/redan-agent/tls.pem").stdout
            self.a.path(f"/etc/agent-{number}.pem").write_text(certificate, encoding="ascii")
            self.a.run("redan", "amc", "identity", "create", f"/etc/agent-{number}.pem", "--name", f"agent-{number}", "--role", "agent")
        self.a.run("redan", "amc", "application", "create", "demo")

    def account(self):
        self.token = self.a.run("redan", "gateway", "account", "create", "web").stdout.strip()
        wait_for(lambda: self.ask(C, "GET", "/1.0/applications", self.token)[1]["metadata"], "the gateways know the application")
        self.step("step 7: what AMS trusts and runs, and an account")

    def stop(self):
        for machine in [*self.machines, self.client]:
            machine.stop()

    # Queries of the tests.

    def etcdctl(self, *arguments, endpoint=A, certificate="root", user=None, **more):
        named = ["--user", user] if user else []
        return run("etcdctl", "--endpoints", f"https://{endpoint}:2379", "--cacert", PKI / "store-ca.pem", "--cert",
                   PKI / f"{certificate}.pem", "--key", PKI / f"{certificate}.key", "--dial-timeout", "5s", *named, *arguments,
                   env={**os.environ, "ETCDCTL_API": "3"}, **more)

    def doctor(self, machine, unit, options):
        """Like `check`."""
        return machine.run("sh", "-c", f". /etc/redan/{unit}/options; runuser -u redan-{unit} -- redan doctor {options}", check=False)

    def pin(self, machine, unit):
        printed = machine.run("openssl", "x509", "-in", f"/var/lib/redan-{unit}/tls.pem", "-noout", "-fingerprint", "-sha256")
        return printed.stdout.strip().partition("=")[2]

    def ask(self, gateway, method, path, token, body=None):
        """Status and answer of a gateway, whose certificate is pinned."""
        machine = self.machines[ADDRESSES.index(gateway)]
        context = ssl.create_default_context(cadata=machine.run("openssl", "x509", "-in", "/var/lib/redan-gateway/tls.pem").stdout)
        connection = http.client.HTTPSConnection(gateway, 4000, context=context, timeout=30)
        connection.request(method, path, json.dumps(body) if body is not None else None, {"Authorization": f"macaroon root={token}"})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, json.loads(text)

    def create_session(self, gateway):
        status, answer = self.ask(gateway, "POST", "/1.0/sessions", self.token, {"app": "demo", "joinable": True})
        if status != 201:
            raise AssertionError(f"{status}: {answer}")
        return answer["metadata"]

    def delete_session(self, gateway, session):
        status, answer = self.ask(gateway, "DELETE", f"/1.0/sessions/{session}", self.token, {"sync": True})
        if status != 200:
            raise AssertionError(f"{status}: {answer}")


class KitTest(unittest.TestCase):
    """The parts that all tests share."""

    kit: Deployment
