"""`redan router` for tests: started with a configuration in its own folder, and ended with the test."""
import json
import os
import pathlib
import shutil
import signal
import ssl
import subprocess
import tempfile

TLS = pathlib.Path(__file__).resolve().parents[2] / "vectors" / "tls"

EVERYTHING = [{"uri": "", "match": "prefix", "allow": ["call", "register", "publish", "subscribe"]}]


class RedanRouter:
    """Loopback listeners: WebSocket and RawSocket without TLS, WebSocket with it."""

    def __init__(self, program, realms, files=(), limits=None):
        self.folder = tempfile.mkdtemp()
        tls = pathlib.Path(self.folder) / "tls.pem"
        tls.write_text((TLS / "server.key").read_text() + (TLS / "server.pem").read_text())
        tls.chmod(0o600)
        for name, content in dict(files).items():
            path = pathlib.Path(self.folder) / name
            path.write_text(content)
            path.chmod(0o600)
        config = {
            "listen": [
                {"transport": "websocket", "address": "127.0.0.1:0", "plain": True},
                {"transport": "rawsocket", "address": "127.0.0.1:0", "plain": True},
                {"transport": "websocket", "address": "127.0.0.1:0"},
            ],
            "limits": limits or {},
            "realms": realms,
        }
        path = pathlib.Path(self.folder) / "router.json"
        path.write_text(json.dumps(config))
        self.process = subprocess.Popen(
            [program, "router", "--config", str(path), "--data-dir", self.folder, "--json"],
            stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("redan router did not start")
        said = json.loads(line)
        ports = [int(url.rsplit(":", 1)[1]) for url in said["urls"]]
        self.websocket, self.rawsocket, self.tls = ports
        self.fingerprint = said["fingerprint"]

    def stop(self):
        """Its exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(20)
        finally:
            self.process.kill()
            self.process.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)
        return code

    def memory(self):
        """Resident size in bytes."""
        with open(f"/proc/{self.process.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def client_context(certificate=None):
    """Trusts the test server's own certificate; shows `certificate` if asked."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.load_verify_locations(TLS / "server.pem")
    if certificate is not None:
        context.load_cert_chain(TLS / f"{certificate}.pem", TLS / f"{certificate}.key")
    return context
