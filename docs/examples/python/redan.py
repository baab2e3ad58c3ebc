"""libredan in Python: redan.h through ctypes, without any other package.

Endpoint keeps the shape of the library: bytes and the time go in, outputs come out. Errors are raised as Error. An
Endpoint is used by one thread at a time. The library is found by REDAN_LIBRARY, or as libredan.so.0."""
import ctypes
import ipaddress
import os
import time
from ctypes import POINTER, Structure, Union, byref, c_char, c_char_p, c_int64, c_size_t, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p

LIBRARY = ctypes.CDLL(os.environ.get("REDAN_LIBRARY", "libredan.so.0"))
(WAIT, TRANSMIT, PATH_SELECTED, CONNECTED, CHANNEL_OPENED, MESSAGE, BUFFERED_AMOUNT_LOW, MEDIA_PACKET, CHANNEL_CLOSING,
 CHANNEL_CLOSED, CLOSED) = range(11)
TEXT, BINARY = range(2)
NEVER = 2**63 - 1


class Address(Structure):
    _fields_ = [("family", c_uint8), ("reserved", c_uint8), ("port", c_uint16), ("ip", c_uint8 * 16)]

    @classmethod
    def of(cls, ip, port):
        packed = ipaddress.ip_address(ip).packed
        return cls(4 if len(packed) == 4 else 6, 0, port, (c_uint8 * 16)(*packed))

    def pair(self):
        """For sockets: ("192.0.2.1", 5000)."""
        return str(ipaddress.ip_address(bytes(self.ip[:4 if self.family == 4 else 16]))), self.port


class Path(Structure):
    _fields_ = [("local", Address), ("remote", Address)]


class Sized(Structure):
    """A structure that carries its size."""

    def __init__(self, **members):
        super().__init__(struct_size=ctypes.sizeof(self), **members)


class SelfSignedOptions(Sized):
    _fields_ = [("struct_size", c_size_t), ("not_before", c_int64), ("not_after", c_int64), ("key_type", c_uint32), ("reserved", c_uint32)]


class EndpointConfig(Sized):
    _fields_ = [("struct_size", c_size_t), ("local_addresses", POINTER(Address)), ("local_address_count", c_size_t),
                ("srtp_profiles", POINTER(c_uint16)), ("srtp_profile_count", c_size_t), ("mtu", c_size_t), ("max_media_packet", c_size_t),
                ("max_peers", c_size_t), ("max_message_size", c_size_t), ("receive_window", c_size_t), ("send_buffer", c_size_t),
                ("memory_budget", c_size_t), ("zero_checksum", c_uint8), ("full_ice", c_uint8), ("relay_only", c_uint8), ("public_only", c_uint8)]


class Datagram(Sized):
    _fields_ = [("struct_size", c_size_t), ("path", Path), ("bytes", c_void_p), ("bytes_size", c_size_t), ("ecn", c_uint32), ("reserved", c_uint32)]


class Opened(Structure):
    _fields_ = [("label", c_void_p), ("label_size", c_size_t), ("protocol", c_void_p), ("protocol_size", c_size_t), ("max_retransmits", c_int64),
                ("max_lifetime_ms", c_int64), ("stream", c_uint16), ("priority", c_uint16), ("unordered", c_uint8), ("negotiated", c_uint8),
                ("by_peer", c_uint8)]


class Payload(Structure):
    """Of messages and of media packets."""
    _fields_ = [("bytes", c_void_p), ("size", c_size_t), ("kind", c_uint32)]


class Transmit(Structure):
    _fields_ = [("path", Path), ("bytes", c_void_p), ("size", c_size_t), ("ecn", c_uint32)]


class Reason(Structure):
    _fields_ = [("reason", ctypes.c_int32), ("alert", c_uint32)]


class Variant(Union):
    _fields_ = [("until", c_int64), ("transmit", Transmit), ("path", Path), ("opened", Opened), ("message", Payload), ("closed", Reason)]


class Output(Sized):
    _fields_ = [("struct_size", c_size_t), ("type", c_uint32), ("channel", c_uint32), ("peer", c_uint64), ("of", Variant)]

    def bytes(self):
        """A copy of what the output borrows: the payload of a message or media packet, the datagram of TRANSMIT."""
        part = self.of.transmit if self.type == TRANSMIT else self.of.message
        return ctypes.string_at(part.bytes, part.size)

    def label(self):
        return ctypes.string_at(self.of.opened.label, self.of.opened.label_size).decode()


def function(name, result, *arguments):
    found = LIBRARY["redan_" + name]
    found.restype, found.argtypes = result, arguments
    return found


error_name = function("error_name", c_char_p, ctypes.c_int)
error_text = function("error_text", c_char_p, ctypes.c_int)
error_detail = function("endpoint_error_detail", c_char_p, c_void_p)
free = function("free", None, c_void_p)
FREE = {kind: function(kind + "_free", None, c_void_p) for kind in ("provider", "identity", "endpoint")}


class Error(Exception):
    def __init__(self, number, detail=""):
        super().__init__(f"{error_text(number).decode()}: {detail}" if detail else error_text(number).decode())
        self.number, self.name = number, error_name(number).decode()


def call(name, *arguments, endpoint=None):
    number = LIBRARY["redan_" + name](*arguments)
    if number:
        raise Error(number, error_detail(endpoint).decode() if endpoint else "")


class Handle:
    def __init__(self, kind, name, *arguments):
        self.kind, self.handle = kind, c_void_p()
        call(name, *arguments, byref(self.handle))

    def __del__(self):
        FREE[self.kind](self.handle)


def taken(text):
    """The text that the library allocated."""
    value = ctypes.string_at(text).decode()
    free(text)
    return value


class Endpoint(Handle):
    def __init__(self, addresses, full_ice=False, valid_days=1):
        provider = Handle("provider", "provider_new", None)
        options = SelfSignedOptions(not_after=int(time.time()) + valid_days * 86400)
        identity = Handle("identity", "identity_self_signed", provider.handle, byref(options))
        local = (Address * len(addresses))(*[Address.of(*address) for address in addresses])
        config = EndpointConfig(local_addresses=local, local_address_count=len(addresses), full_ice=full_ice)
        super().__init__("endpoint", "endpoint_new", provider.handle, identity.handle, byref(config))
        size = c_size_t()
        self.call("max_datagram", byref(size))
        self.buffer = (c_char * size.value)()

    def call(self, name, *arguments):
        call("endpoint_" + name, self.handle, *arguments, endpoint=self.handle)

    def accept(self, offer):
        """Returns the peer and the answer."""
        peer, answer, text = c_uint64(), c_void_p(), offer.encode()
        self.call("accept", text, c_size_t(len(text)), None, byref(peer), byref(answer))
        return peer.value, taken(answer)

    def offer(self):
        """Returns the peer and the offer, of data channels."""
        peer, offer = c_uint64(), c_void_p()
        self.call("offer", None, byref(peer), byref(offer))
        return peer.value, taken(offer)

    def complete(self, peer, answer):
        text = answer.encode()
        self.call("complete", c_uint64(peer), text, c_size_t(len(text)))

    def open_channel(self, peer, label):
        channel, text = c_uint32(), label.encode()
        self.call("open_channel", c_uint64(peer), text, c_size_t(len(text)), None, byref(channel))
        return channel.value

    def send(self, peer, channel, payload, kind=None):
        """Text if it is a str, unless `kind` says otherwise."""
        data = payload.encode() if isinstance(payload, str) else payload
        kind = kind if kind is not None else TEXT if isinstance(payload, str) else BINARY
        self.call("send", c_uint64(peer), c_uint32(channel), c_uint32(kind), data, c_size_t(len(data)))

    def close(self, peer):
        self.call("close", c_uint64(peer))

    def handle_input(self, now, data, local, remote):
        copy = ctypes.create_string_buffer(data, len(data))
        datagram = Datagram(path=Path(Address.of(*local), Address.of(*remote)), bytes=ctypes.addressof(copy), bytes_size=len(data))
        self.call("handle_input", c_int64(now), byref(datagram))

    def poll_output(self, now):
        """What the output borrows is valid until the next call."""
        output = Output()
        self.call("poll_output", c_int64(now), self.buffer, c_size_t(len(self.buffer)), byref(output))
        return output
