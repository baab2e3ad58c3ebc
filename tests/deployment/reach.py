"""What credentials give access to in etcd and NATS, tried like an attacker who stole them."""
import base64
import http.client
import json
import pathlib
import socket
import ssl

REFUSED_BY_TLS = "refused by TLS"
# Messages of etcd, and their short form in a table.
SHORTER = {"permission denied": "denied",
           "CommonName of client sending a request against gateway will be ignored and not used as expected": "has a common name"}


def table(title, header, rows):
    """Prints the table, and returns its rows as {first cell: the others}."""
    every = [header, *rows]
    widths = [max(len(str(row[at])) for row in every) for at in range(len(header))]
    print(f"\n{title}")
    for row in every:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())
    return {row[0]: list(row[1:]) for row in rows}


class Certificate:
    """NAME.pem and NAME.key in a folder, and the authority that signed the server's certificate."""

    def __init__(self, folder, name, authority):
        self.folder, self.name, self.authority = pathlib.Path(folder), name, authority

    def context(self):
        context = ssl.create_default_context(cafile=self.folder / f"{self.authority}.pem")
        if self.name:
            context.load_cert_chain(self.folder / f"{self.name}.pem", self.folder / f"{self.name}.key")
        return context


class Etcd:
    """A client that calls a node over JSON, like the units, with this certificate and optionally as this
    user."""

    def __init__(self, node, certificate, user="", password=""):
        self.node, self.certificate, self.token = node, certificate, ""
        if user:
            answer = self.call("/v3/auth/authenticate", {"name": user, "password": password})
            self.token = answer["token"]

    def call(self, path, body):
        """The answer, or the server's message in `error`."""
        connection = http.client.HTTPSConnection(self.node, 2379, context=self.certificate.context(), timeout=10)
        try:
            connection.request("POST", path, json.dumps(body), {"Authorization": self.token} if self.token else {})
            text = connection.getresponse().read().decode()
            return json.loads(text) if text.startswith("{") else {"error": text.strip()}
        except (ssl.SSLError, ConnectionError, http.client.RemoteDisconnected):
            return {"error": REFUSED_BY_TLS}
        finally:
            connection.close()

    @staticmethod
    def keys(prefix):
        """All keys with this prefix. A zero byte means the first of all keys, and the end of all."""
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1) if prefix else "\0"
        return {"key": encoded(prefix or "\0"), "range_end": encoded(end)}

    def read(self, prefix):
        return self.call("/v3/kv/range", {**self.keys(prefix), "limit": 1})

    def count(self, prefix):
        return int(self.call("/v3/kv/range", {**self.keys(prefix), "count_only": True})["count"])

    def write(self, key):
        """An error, or the key is written, and erased."""
        answer = self.call("/v3/kv/put", {"key": encoded(key), "value": encoded("x")})
        return self.erase(key) if "error" not in answer else answer

    def erase(self, key):
        return self.call("/v3/kv/deleterange", {"key": encoded(key)})

    def may(self, prefix):
        """The permissions below this prefix, for a table."""
        answers = {"read": self.read(prefix), "write": self.write(prefix + "kit-test"), "erase": self.erase(prefix + "kit-test")}
        done = [verb for verb, answer in answers.items() if "error" not in answer]
        refusals = {answer["error"].removeprefix("etcdserver: ") for answer in answers.values() if "error" in answer}
        return ", ".join(done + sorted(SHORTER.get(one, one) for one in refusals))


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def at_nats(node, certificate, user, token):
    """The result for a unit: "PONG" if it is admitted, otherwise the reason."""
    with socket.create_connection((node, 4222), timeout=10) as plain:
        with plain.makefile("rb", buffering=0) as lines:
            lines.readline()  # INFO, in the clear
        try:
            with certificate.context().wrap_socket(plain, server_hostname=node) as secure:
                hello = {"user": user, "pass": token, "auth_token": token, "verbose": False, "protocol": 1}
                secure.sendall(f"CONNECT {json.dumps(hello)}\r\nPING\r\n".encode())
                said = secure.recv(4096).decode()
                while said.startswith("INFO") or "\r\n" not in said:
                    said = said.partition("\r\n")[2] or secure.recv(4096).decode()
                return said.partition("\r\n")[0]
        except (ssl.SSLError, ConnectionError):
            return REFUSED_BY_TLS
