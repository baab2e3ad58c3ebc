"""A client of a TURN server (RFC 8656, and RFC 6062 for TCP), as far as tests need it to find out where a
server relays."""
import base64
import hashlib
import hmac
import ipaddress
import os
import socket
import struct
import time

MAGIC_COOKIE = 0x2112A442
ALLOCATE, REFRESH, SEND, DATA, CREATE_PERMISSION, CONNECT = 3, 4, 6, 7, 8, 10
USERNAME, INTEGRITY, ERROR, PEER, DATA_ATTRIBUTE, REALM, NONCE = 6, 8, 9, 0x12, 0x13, 0x14, 0x15
FAMILY, TRANSPORT = 0x17, 0x19
INDICATION = 0x10
UDP, TCP = 17, 6


def mint(secret, user="client", lifetime=600):
    """The user name and the password for a server with use-auth-secret."""
    username = f"{int(time.time()) + lifetime}:{user}"
    digest = hmac.new(secret.encode(), username.encode(), hashlib.sha1).digest()
    return username, base64.b64encode(digest).decode()


def xor_address(text, port, transaction):
    """RFC 8489 section 14.2."""
    address = ipaddress.ip_address(text)
    head = struct.pack(">BBH", 0, 1 if address.version == 4 else 2, port ^ (MAGIC_COOKIE >> 16))
    mask = struct.pack(">I", MAGIC_COOKIE) + transaction
    return head + bytes(a ^ b for a, b in zip(address.packed, mask))


def encode(method, transaction, attributes, more=0):
    body = b"".join(struct.pack(">HH", kind, len(value)) + value + bytes(-len(value) % 4) for kind, value in attributes)
    return struct.pack(">HHI", method, len(body) + more, MAGIC_COOKIE) + transaction + body


class Client:
    """One allocation at the server. Methods that return an int return 0, or the server's error."""

    def __init__(self, server, credential, transport=UDP, family=4):
        self.username, self.password = credential
        self.transport, self.family = transport, family
        kind = socket.SOCK_STREAM if transport == TCP else socket.SOCK_DGRAM
        self.socket = socket.socket(socket.AF_INET, kind)
        self.socket.settimeout(5)
        self.socket.connect((server, 3478))
        self.realm = self.nonce = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def allocate(self):
        family = [(FAMILY, bytes([2, 0, 0, 0]))] if self.family == 6 else []
        return self.ask(ALLOCATE, [(TRANSPORT, bytes([self.transport, 0, 0, 0])), *family])

    def permit(self, peer):
        return self.ask(CREATE_PERMISSION, [], peer)

    def connect(self, peer, port=4222):
        """A connection to the peer over TCP: RFC 6062."""
        return self.ask(CONNECT, [], peer, port)

    def exchange(self, peer, port, data):
        """The data returned from a permitted peer."""
        transaction = os.urandom(12)
        self.socket.sendall(encode(SEND | INDICATION, transaction,
                                   [(PEER, xor_address(peer, port, transaction)), (DATA_ATTRIBUTE, data)]))
        return self.receive().get(DATA_ATTRIBUTE)

    def ask(self, method, attributes, peer=None, port=4222):
        transaction = os.urandom(12)
        address = [(PEER, xor_address(peer, port, transaction))] if peer else []
        self.socket.sendall(self.sign(method, transaction, [*attributes, *address]))
        answer = self.receive()
        error = answer[ERROR][2] * 100 + answer[ERROR][3] if ERROR in answer else 0
        if error in (401, 438) and self.nonce != answer[NONCE]:
            self.realm, self.nonce = answer[REALM], answer[NONCE]
            return self.ask(method, attributes, peer, port)
        return error

    def sign(self, method, transaction, attributes):
        if not self.nonce:
            return encode(method, transaction, attributes)
        attributes = [*attributes, (USERNAME, self.username.encode()), (REALM, self.realm), (NONCE, self.nonce)]
        message = encode(method, transaction, attributes, more=24)
        key = hashlib.md5(f"{self.username}:{self.realm.decode()}:{self.password}".encode()).digest()
        return message + struct.pack(">HH", INTEGRITY, 20) + hmac.new(key, message, hashlib.sha1).digest()

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


def denied_ranges(configuration):
    """The first and the last address of each range that a turnserver.conf denies."""
    for line in configuration.splitlines():
        setting, _, value = line.partition("=")
        if setting == "denied-peer-ip":
            first, _, last = value.partition("-")
            yield first, last or first
