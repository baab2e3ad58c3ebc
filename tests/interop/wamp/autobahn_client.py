"""Sessions of Autobahn|Python on one asyncio loop, with any transport, serializer and authentication method."""
import asyncio

import txaio

txaio.use_asyncio()

from autobahn.asyncio.rawsocket import WampRawSocketClientFactory, WampRawSocketClientProtocol
from autobahn.asyncio.wamp import ApplicationSession
from autobahn.asyncio.websocket import WampWebSocketClientFactory
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import ComponentConfig

# Sessions read it from their transport, and Autobahn 22.7.1 omits it in this one.
if not hasattr(WampRawSocketClientProtocol, "transport_details"):
    WampRawSocketClientProtocol.transport_details = property(lambda self: self._transport_details)

SERIALIZERS = {"json": JsonSerializer, "msgpack": MsgPackSerializer, "cbor": CBORSerializer}
PATIENCE = 20


class Refused(Exception):
    """The router did not welcome the session."""

    def __init__(self, reason):
        super().__init__(reason)
        self.reason = reason


class Session(ApplicationSession):
    """Joins according to its `login` and reports the result."""

    def __init__(self, realm, login, keyring):
        super().__init__(ComponentConfig(realm, {}))
        self.login = login
        self.keyring = keyring
        self.joined = asyncio.get_running_loop().create_future()
        self.left = asyncio.get_running_loop().create_future()
        self.welcome = None

    def onConnect(self):
        if self.keyring is not None:
            self.set_payload_codec(self.keyring)
        hello = dict(self.login)
        self.answer = hello.pop("answer", None)
        self.join(self.config.realm, **hello)

    def onChallenge(self, challenge):
        return self.answer(self, challenge)

    def onJoin(self, details):
        self.welcome = details
        self.joined.set_result(self)

    def onLeave(self, details):
        if not self.joined.done():
            self.joined.set_exception(Refused(details.reason))
        if not self.left.done():
            self.left.set_result(details.reason)
        self.disconnect()

    def onDisconnect(self):
        if not self.joined.done():
            self.joined.set_exception(Refused("disconnected"))
        if not self.left.done():
            self.left.set_result("disconnected")


async def connect(port, realm="realm1", serializer="json", login=None, keyring=None, rawsocket=False, tls=None):
    """A session that has joined; otherwise raises Refused."""
    session = Session(realm, login or {}, keyring)
    loop = asyncio.get_running_loop()
    chosen = SERIALIZERS[serializer]()
    if rawsocket:
        factory = WampRawSocketClientFactory(lambda: session, serializer=chosen)
    else:
        url = f"{'ws' if tls is None else 'wss'}://127.0.0.1:{port}/"
        factory = WampWebSocketClientFactory(lambda: session, url=url, serializers=[chosen])
    await loop.create_connection(factory, "127.0.0.1", port, ssl=tls)
    return await asyncio.wait_for(session.joined, PATIENCE)


async def leave(*sessions):
    """Sends GOODBYE in each session; returns the reasons of the answers."""
    for session in sessions:
        session.leave()
    return [await asyncio.wait_for(session.left, PATIENCE) for session in sessions]
