"""The units of the control plane as running programs, on loopback and free ports, and requests to them."""
import base64
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.parse

NATS = shutil.which("nats-server") or shutil.which("nats-server", path="/usr/sbin:/usr/local/bin")


def wait_for(condition, what, seconds=30):
    """The first true value of condition()."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
    return value


class Answer:
    """Status, headers and body of an answer."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def metadata(self):
        return self.json.get("metadata")

    @property
    def code(self):
        """The stable code of a refusal, or None."""
        try:
            metadata = self.metadata
        except ValueError:
            return None
        return metadata.get("code") if isinstance(metadata, dict) else None

    def __repr__(self):
        return f"{self.status} {self.body[:400]!r}"


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("unit", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Unit:
    """One unit, with its data below a folder. Its log is a file."""

    def __init__(self, redan, name, folder, *options):
        self.data = pathlib.Path(folder) / name
        self.log_file = pathlib.Path(folder) / f"{name}.log"
        self.socket = self.data / f"{name}.socket"
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [redan, name, "--json", "--data-dir", str(self.data), "--listen", "127.0.0.1:0", *map(str, options)],
                stdout=subprocess.PIPE, stderr=log, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"redan {name} did not start: {self.log()}")
        announced = json.loads(line)
        self.url, self.fingerprint = announced["url"], announced["fingerprint"]

    def log(self):
        return self.log_file.read_text(errors="replace")

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def certificate(self):
        """Its own certificate, PEM."""
        return subprocess.run(["openssl", "x509", "-in", str(self.data / "tls.pem")], capture_output=True, text=True, check=True).stdout

    def ask(self, method, path, body=None, headers=None, timeout=60):
        """As an administrator, over the Unix socket. A body that is not bytes is sent as JSON, without a content type."""
        return request(UnixConnection(str(self.socket), timeout), method, path, body, headers)

    def ask_https(self, method, path, body=None, headers=None, certificate=None, timeout=60):
        """Over HTTPS, with a client's certificate if a PEM file is named; the unit's own certificate is pinned."""
        context = ssl.create_default_context(cadata=self.certificate())
        context.check_hostname = False
        if certificate:
            context.load_cert_chain(certificate)
        where = urllib.parse.urlsplit(self.url)
        return request(http.client.HTTPSConnection(where.hostname, where.port, context=context, timeout=timeout), method, path, body, headers)

    def upgrade(self, path, headers=None, timeout=20):
        """Status of a WebSocket's upgrade over the Unix socket, and the connection."""
        return upgrade(UnixConnection(str(self.socket), timeout), path, headers)


def request(connection, method, path, body=None, headers=None):
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


def upgrade(connection, path, headers=None):
    key = base64.b64encode(os.urandom(16)).decode()
    connection.request("GET", path, headers={"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
                                             "Sec-WebSocket-Version": "13", **(headers or {})})
    answer = connection.getresponse()
    return Answer(answer.status, answer.headers, b"" if answer.status == 101 else answer.read()), connection


def end_instance(lock):
    """Kills the processes of a local instance and removes its cgroups."""
    try:
        pid = int(lock.read_text())
        ours = str(lock.parent) in pathlib.Path(f"/proc/{pid}/cmdline").read_text()
        lines = pathlib.Path(f"/proc/{pid}/cgroup").read_text().splitlines()
    except (OSError, ValueError):
        return  # it has ended
    if not ours:
        return
    os.killpg(pid, signal.SIGKILL)
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if lock.parent.name not in path:
            continue
        for mount in (controllers, ".", "unified"):
            cgroup = pathlib.Path("/sys/fs/cgroup") / mount / path.lstrip("/")
            if cgroup.is_dir():
                wait_for(lambda cgroup=cgroup: removed(cgroup), f"{cgroup} is empty", 5)


def removed(cgroup):
    try:
        cgroup.rmdir()
    except OSError:
        return not cgroup.exists()
    return True


class Ams(Unit):
    def __init__(self, redan, folder, *options):
        super().__init__(redan, "ams", folder, *options)
        self.redan = redan

    def identity(self, folder, name, role="admin"):
        """A new client certificate with its key, one PEM file, that AMS trusts."""
        client = pathlib.Path(folder) / name
        amc = {**os.environ, "REDAN_AMC_DIR": str(client)}
        certificate = subprocess.run([self.redan, "amc", "certificate"], env=amc, capture_output=True, text=True, check=True).stdout
        if role:
            file = client / "certificate.pem"
            file.write_text(certificate)
            self.amc("identity", "create", str(file), "--name", name, "--role", role)
        return client / "tls.pem"

    def amc(self, *words, check=True):
        """amc as an administrator, over the Unix socket."""
        return subprocess.run([self.redan, "amc", "--socket", str(self.socket), *words], capture_output=True, text=True, timeout=120,
                              check=check)

    def stop(self):
        """Instances outlive their AMS, but must not outlive the test."""
        super().stop()
        for lock in self.data.glob("instances/*/lock"):
            end_instance(lock)

    def wait(self, answer):
        """The operation that an answer started, when it has ended."""
        if answer.status not in (200, 202) or "operation" not in answer.json:
            return answer.json
        operation = answer.json["operation"]
        return self.ask("GET", f"{operation}/wait?timeout=60").metadata


class Nats:
    """A NATS server that asks for certificates, and the options of a unit that uses it."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder) / "nats"
        self.folder.mkdir(mode=0o700)
        self.make_certificates()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        (self.folder / "nats.conf").write_text(
            f'listen: "127.0.0.1:{self.port}"\n'
            f'tls {{ cert_file: "{self.folder}/node.pem", key_file: "{self.folder}/node.key", ca_file: "{self.folder}/ca.pem", verify: true }}\n')
        with open(self.folder / "log", "wb") as log:
            self.process = subprocess.Popen([NATS, "-c", str(self.folder / "nats.conf")], stdout=log, stderr=log)
        wait_for(lambda: "Server is ready" in (self.folder / "log").read_text(), "the NATS server is ready")

    def make_certificates(self):
        script = """set -e; umask 077
new() { openssl req "$@" -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes; }
new -x509 -keyout ca.key -out ca.pem -subj /CN=ca -days 2
for name in node gateway agent; do
  new -keyout $name.key -out $name.csr -subj /CN=$name
  printf 'subjectAltName=IP:127.0.0.1\\nextendedKeyUsage=serverAuth,clientAuth\\n' > $name.ext
  openssl x509 -req -in $name.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out $name.pem -days 2 -extfile $name.ext
done"""
        subprocess.run(["sh", "-c", script], cwd=self.folder, capture_output=True, check=True)

    def options(self, unit):
        return ["--nats", f"127.0.0.1:{self.port}", "--nats-ca", self.folder / "ca.pem", "--nats-cert", self.folder / f"{unit}.pem",
                "--nats-key", self.folder / f"{unit}.key", "--nats-allow-small-keys"]

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


class ControlPlane:
    """AMS, an agent, a gateway and NATS, with an application and a gateway's account."""

    def __init__(self, redan, folder, ams_options=(), gateway_options=()):
        self.started = []
        try:
            self.nats = self.keep(Nats(folder))
            gateway_socket = pathlib.Path(folder) / "gateway" / "gateway.socket"
            self.ams = self.keep(Ams(redan, folder, "--gateway", gateway_socket, *ams_options))
            self.agent = self.keep(Unit(redan, "agent", folder, "--ams", self.ams.url, "--ams-fingerprint", self.ams.fingerprint,
                                        *self.nats.options("agent")))
            self.gateway = self.keep(Unit(redan, "gateway", folder, *self.nats.options("gateway"), *gateway_options))
            self.trust_agent(folder)
            account = subprocess.run([redan, "gateway", "account", "create", "web", "--allow", "admin", "--socket", str(self.gateway.socket)],
                                     capture_output=True, text=True, check=True)
            self.token = account.stdout.strip()
        except BaseException:
            self.stop()
            raise

    def keep(self, unit):
        self.started.append(unit)
        return unit

    def trust_agent(self, folder):
        file = pathlib.Path(folder) / "agent.pem"
        file.write_text(self.agent.certificate())
        self.ams.amc("identity", "create", str(file), "--name", "agent-1", "--role", "agent")

    def ask_gateway(self, method, path, body=None, headers=None):
        """As a client, with the account's token."""
        return self.gateway.ask_https(method, path, body, {"Authorization": f"macaroon root={self.token}", **(headers or {})})

    def stop(self):
        for unit in reversed(self.started):
            unit.stop()
