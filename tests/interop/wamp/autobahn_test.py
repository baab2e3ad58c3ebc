#!/usr/bin/python3
"""Autobahn|Python with `redan router`: every serializer with every other, in plaintext and with cryptobox, publish and
subscribe, calls, errors, progress, patterns, authentication, RawSocket.

    autobahn_test.py path/to/redan
"""
import asyncio
import hashlib
import itertools
import pathlib
import socket
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from autobahn_client import SERIALIZERS, Refused, connect, leave
from redan_router import EVERYTHING, TLS, RedanRouter, client_context

from autobahn.wamp import auth
from autobahn.wamp.cryptobox import Key, KeyRing
from autobahn.wamp.cryptosign import CryptosignKey
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.types import CallOptions, PublishOptions, RegisterOptions, SubscribeOptions
from nacl.public import PrivateKey
from nacl.encoding import Base64Encoder

PROGRAM = None
PAIRS = list(itertools.product(SERIALIZERS, repeat=2))
SEED = "11" * 32
ARGS = [1, "zwölf €", None, True, -2.5, [1, [2, {"x": []}]], b"\x00\x01\xff", 2**53 - 1, ""]
KWARGS = {"name": "ü", "list": [1, 2], "bytes": b"\xfe"}


def sha256_of(name):
    import ssl
    der = ssl.PEM_cert_to_DER_cert((TLS / f"{name}.pem").read_text())
    return hashlib.sha256(der).hexdigest()


def realms():
    key = CryptosignKey.from_bytes(bytes.fromhex(SEED)).public_key()
    return [
        {
            "name": "realm1",
            "disclosure": True,
            "history": {"events_per_topic": 2},
            "roles": [{"name": "all", "permissions": EVERYTHING}],
            "authentication": {"anonymous": {"role": "all"}},
            "types": [{"uri": "com.typed", "traffic": ["call"], "args": {"items": {"type": "integer"}}}],
        },
        {
            "name": "realm2",
            "roles": [{"name": "user", "permissions": [{"uri": "com.open", "allow": ["call", "register"]},
                                                       {"uri": "anbox.e2e.{sid}.", "match": "prefix",
                                                        "allow": ["publish", "subscribe"]}]}],
            "authentication": {
                "ticket": {"accounts": [{"authid": "joe", "role": "user", "sid": "s1", "secret_file": "ticket"}]},
                "wampcra": {"accounts": [{"authid": "joe", "role": "user", "secret_file": "cra",
                                          "salting": {"salt": "salt123", "iterations": 1000}}]},
                "cryptosign": {"accounts": [{"authid": "joe", "role": "user", "authorized_keys": [key]}]},
                "tls": {"accounts": [{"authid": "joe", "role": "user", "certificates": [sha256_of("client")]}]},
            },
        },
        {
            "name": "realm3",
            "roles": [{"name": "user", "permissions": []}],
            "authentication": {"wampcra": {"accounts": [{"authid": "joe", "role": "user", "secret_file": "plain"}]}},
        },
    ]


class Case(unittest.IsolatedAsyncioTestCase):
    @classmethod
    def setUpClass(cls):
        files = {"ticket": "T1CKET\n", "cra": auth.derive_key("secret123", "salt123", 1000, 32).decode(), "plain": "secret123"}
        cls.router = RedanRouter(PROGRAM, realms(), files)

    @classmethod
    def tearDownClass(cls):
        assert cls.router.stop() == 0, "the router did not end well"

    async def pair(self, first, second, **more):
        return (await connect(self.router.websocket, serializer=first, **more),
                await connect(self.router.websocket, serializer=second, **more))

    async def error_of(self, awaitable):
        with self.assertRaises(ApplicationError) as caught:
            await awaitable
        return caught.exception


class Clear(Case):
    async def test_events_pass_between_serialisers(self):
        for one, other in PAIRS:
            with self.subTest(publisher=one, subscriber=other):
                publisher, subscriber = await self.pair(one, other)
                heard = asyncio.Queue()
                await subscriber.subscribe(lambda *a, **k: heard.put_nowait((list(a), k)), "com.topic")
                await publisher.publish("com.topic", *ARGS, options=PublishOptions(acknowledge=True), **KWARGS)
                self.assertEqual(await asyncio.wait_for(heard.get(), 10), (ARGS, KWARGS))
                await leave(publisher, subscriber)

    async def test_calls_pass_between_serialisers(self):
        for one, other in PAIRS:
            with self.subTest(caller=one, callee=other):
                caller, callee = await self.pair(one, other)
                await callee.register(lambda *a, **k: [list(a), k], "com.echo")
                self.assertEqual(await caller.call("com.echo", *ARGS, **KWARGS), [ARGS, KWARGS])
                await callee.register(lambda: None, "com.nothing")
                self.assertIsNone(await caller.call("com.nothing"))
                await leave(caller, callee)

    async def test_errors_come_back_with_their_payload(self):
        for one, other in PAIRS:
            with self.subTest(caller=one, callee=other):
                caller, callee = await self.pair(one, other)

                def fail():
                    raise ApplicationError("com.error.boom", "why", 7, extra={"a": 1})

                await callee.register(fail, "com.fail")
                error = await self.error_of(caller.call("com.fail"))
                self.assertEqual((error.error, error.args, error.kwargs), ("com.error.boom", ("why", 7), {"extra": {"a": 1}}))
                self.assertEqual((await self.error_of(caller.call("com.nobody"))).error, "wamp.error.no_such_procedure")
                await leave(caller, callee)

    async def test_progress_comes_in_order(self):
        for one, other in PAIRS:
            with self.subTest(caller=one, callee=other):
                caller, callee = await self.pair(one, other)

                async def count(n, details=None):
                    for i in range(n):
                        details.progress(i)
                        await asyncio.sleep(0)
                    return n

                await callee.register(count, "com.count", RegisterOptions(details_arg="details"))
                progress = []
                options = CallOptions(on_progress=progress.append)
                self.assertEqual(await caller.call("com.count", 5, options=options), 5)
                self.assertEqual(progress, list(range(5)))
                await leave(caller, callee)

    async def test_patterns_match_and_name_the_topic(self):
        publisher, subscriber = await self.pair("cbor", "json")
        heard = asyncio.Queue()

        def handler(kind):
            return lambda details=None: heard.put_nowait((kind, details.topic))

        for kind, pattern in (("prefix", "com.a."), ("wildcard", "com..x")):
            await subscriber.subscribe(handler(kind), pattern, SubscribeOptions(match=kind, details_arg="details"))
        for topic in ("com.a.y", "com.b.x", "com.b.y", "com.a.x"):
            await publisher.publish(topic, options=PublishOptions(acknowledge=True))
        got = sorted([await asyncio.wait_for(heard.get(), 10) for _ in range(4)])
        self.assertEqual(got, [("prefix", "com.a.x"), ("prefix", "com.a.y"), ("wildcard", "com.a.x"), ("wildcard", "com.b.x")])
        await leave(publisher, subscriber)

    async def test_lists_of_receivers_are_obeyed(self):
        publisher, one = await self.pair("json", "msgpack")
        other = await connect(self.router.websocket, serializer="cbor")
        heard = {"one": [], "other": [], "publisher": []}
        for name, session in (("one", one), ("other", other), ("publisher", publisher)):
            await session.subscribe(heard[name].append, "com.lists")
        acknowledge = {"acknowledge": True}
        await publisher.publish("com.lists", 1, options=PublishOptions(exclude=[one._session_id], **acknowledge))
        await publisher.publish("com.lists", 2, options=PublishOptions(eligible=[one._session_id], **acknowledge))
        await publisher.publish("com.lists", 3, options=PublishOptions(exclude_me=False, **acknowledge))
        await publisher.publish("com.lists", 4, options=PublishOptions(eligible_authrole=["nobody"], **acknowledge))
        for session in (one, other, publisher):  # a pending message has arrived once an answer has
            await session.subscribe(lambda: None, "com.other")
        self.assertEqual(heard, {"one": [2, 3], "other": [1, 3], "publisher": [3]})
        await leave(publisher, one, other)

    async def test_shared_registrations_take_turns(self):
        callees = [await connect(self.router.websocket, serializer=name) for name in SERIALIZERS]
        caller = await connect(self.router.websocket)
        for i, callee in enumerate(callees):
            await callee.register(lambda i=i: i, "com.shared", RegisterOptions(invoke="roundrobin"))
        self.assertEqual([await caller.call("com.shared") for _ in range(6)], [0, 1, 2, 0, 1, 2])
        error = await self.error_of(caller.register(lambda: 9, "com.shared"))
        self.assertIn("policy", error.error)
        await leave(caller, *callees)

    async def test_calls_end_in_time(self):
        caller, callee = await self.pair("json", "cbor")

        async def slow():
            await asyncio.sleep(30)

        await callee.register(slow, "com.slow")
        error = await self.error_of(caller.call("com.slow", options=CallOptions(timeout=200)))
        self.assertEqual(error.error, "wamp.error.timeout")
        waiting = asyncio.ensure_future(caller.call("com.slow"))
        await asyncio.sleep(0.1)
        callee._transport.abort()
        self.assertEqual((await self.error_of(waiting)).error, "wamp.error.canceled")
        await leave(caller)

    async def test_types_and_reserved_uris_are_kept(self):
        caller, callee = await self.pair("msgpack", "json")
        await callee.register(lambda x: x, "com.typed")
        self.assertEqual(await caller.call("com.typed", 3), 3)
        self.assertEqual((await self.error_of(caller.call("com.typed", "x"))).error, "wamp.error.invalid_argument")
        self.assertEqual((await self.error_of(callee.register(lambda: 1, "wamp.x"))).error, "wamp.error.invalid_uri")
        await leave(caller, callee)

    async def test_history_can_be_asked_for(self):
        publisher, subscriber = await self.pair("json", "cbor")
        for i in range(3):
            await publisher.publish("com.past", i, options=PublishOptions(acknowledge=True))
        subscription = await subscriber.subscribe(lambda *_: None, "com.past")
        events = await subscriber.call("wamp.subscription.get_events", subscription.id, 10)
        self.assertEqual([event["args"] for event in events], [[1], [2]])
        await leave(publisher, subscriber)

    async def test_goodbye_is_answered(self):
        session = await connect(self.router.websocket)
        self.assertEqual(await leave(session), ["wamp.close.goodbye_and_out"])


class RawSocket(Case):
    async def test_sessions_meet_those_of_websockets(self):
        for serializer in SERIALIZERS:
            with self.subTest(serializer=serializer):
                raw = await connect(self.router.rawsocket, serializer=serializer, rawsocket=True)
                web = await connect(self.router.websocket, serializer="json")
                await raw.register(lambda *a, **k: [list(a), k], "com.echo")
                self.assertEqual(await web.call("com.echo", *ARGS, **KWARGS), [ARGS, KWARGS])
                await leave(raw, web)

    async def test_a_ping_is_answered_and_a_wrong_handshake_is_not(self):
        with socket.create_connection(("127.0.0.1", self.router.rawsocket), 10) as raw:
            raw.sendall(b"\x7f\xf1\x00\x00")
            self.assertEqual(raw.recv(4), b"\x7f\xb1\x00\x00")
            raw.sendall(b"\x01\x00\x00\x03abc")
            self.assertEqual(raw.recv(7, socket.MSG_WAITALL), b"\x02\x00\x00\x03abc")
        for said, answer in ((b"\x7f\xf0\x00\x00", b"\x7f\x10\x00\x00"), (b"\x7f\xf1\x00\x01", b"\x7f\x30\x00\x00"), (b"GET ", b"")):
            with socket.create_connection(("127.0.0.1", self.router.rawsocket), 10) as raw:
                raw.sendall(said)
                self.assertEqual(raw.recv(4), answer)
                self.assertEqual(raw.recv(4), b"")


class Cryptobox(Case):
    def rings(self):
        """The keys of the originator and of the responder."""
        originator, responder = PrivateKey.generate(), PrivateKey.generate()

        def text(k):
            return k.encode(Base64Encoder).decode("ascii")

        ours, theirs = KeyRing(), KeyRing()
        for uri in ("com.", "wamp.error."):
            ours.set_key(uri, Key(originator_priv=text(originator), responder_pub=text(responder.public_key)))
            theirs.set_key(uri, Key(originator_pub=text(originator.public_key), responder_priv=text(responder)))
        return ours, theirs

    async def pair(self, first, second):
        ours, theirs = self.rings()
        return (await connect(self.router.websocket, serializer=first, keyring=ours),
                await connect(self.router.websocket, serializer=second, keyring=theirs))

    async def test_sealed_events_pass_between_serialisers(self):
        for one, other in PAIRS:
            with self.subTest(publisher=one, subscriber=other):
                publisher, subscriber = await self.pair(one, other)
                heard = asyncio.Queue()

                def handler(*args, details=None, **kwargs):
                    heard.put_nowait((list(args), kwargs, details.enc_algo))

                await subscriber.subscribe(handler, "com.topic", SubscribeOptions(details_arg="details"))
                await publisher.publish("com.topic", 1, "zwei", options=PublishOptions(acknowledge=True), three=[3])
                self.assertEqual(await asyncio.wait_for(heard.get(), 10), ([1, "zwei"], {"three": [3]}, "cryptobox"))
                await leave(publisher, subscriber)

    async def test_sealed_calls_results_progress_and_errors_pass(self):
        for one, other in PAIRS:
            with self.subTest(caller=one, callee=other):
                caller, callee = await self.pair(one, other)

                async def work(n, details=None):
                    if n < 0:
                        raise ApplicationError("com.error.negative", n)
                    for i in range(n):
                        if details.progress:
                            details.progress(i)
                    return [n, details.enc_algo]

                await callee.register(work, "com.work", RegisterOptions(details_arg="details"))
                self.assertEqual(await caller.call("com.work", 2), [2, "cryptobox"])
                progress = []
                await caller.call("com.work", 3, options=CallOptions(on_progress=progress.append))
                self.assertEqual(progress, [0, 1, 2])
                error = await self.error_of(caller.call("com.work", -1))
                self.assertEqual((error.error, error.args), ("com.error.negative", (-1,)))
                await leave(caller, callee)

    async def test_the_router_hands_on_a_box_that_others_cannot_read(self):
        publisher, _ = await self.pair("json", "json")
        stranger = await connect(self.router.websocket, serializer="cbor")
        seen = asyncio.Queue()
        stranger.onMessage = self.spy(stranger, seen)
        await stranger.subscribe(lambda *_: None, "com.topic")
        publisher.publish("com.topic", "secret words")
        event = await asyncio.wait_for(seen.get(), 10)
        self.assertEqual(event.enc_algo, "cryptobox")
        self.assertEqual(event.enc_serializer, "json")
        self.assertIsNone(event.args)
        self.assertNotIn(b"secret", event.payload)
        await leave(publisher, _, stranger)

    @staticmethod
    def spy(session, seen):
        from autobahn.wamp.message import Event
        original = session.onMessage

        def on_message(message):
            if isinstance(message, Event):
                return seen.put_nowait(message)
            return original(message)

        return on_message


def ticket_login(ticket, authid="joe"):
    return {"authmethods": ["ticket"], "authid": authid, "answer": lambda session, challenge: ticket}


def wampcra_login(secret):
    def answer(session, challenge):
        sign_with = secret.encode()
        if "salt" in challenge.extra:
            sign_with = auth.derive_key(sign_with, challenge.extra["salt"], challenge.extra["iterations"],
                                        challenge.extra["keylen"])
        return auth.compute_wcs(sign_with, challenge.extra["challenge"].encode()).decode("ascii")

    return {"authmethods": ["wampcra"], "authid": "joe", "answer": answer}


def cryptosign_login(seed):
    key = CryptosignKey.from_bytes(bytes.fromhex(seed))
    return {"authmethods": ["cryptosign"], "authid": "joe", "authextra": {"pubkey": key.public_key()},
            "answer": lambda session, challenge: key.sign_challenge(challenge)}


class Authentication(Case):
    async def joined(self, method, login, realm="realm2", **more):
        session = await connect(more.pop("port", self.router.websocket), realm=realm, login=login, **more)
        self.assertEqual((session.welcome.authid, session.welcome.authrole, session.welcome.authmethod), ("joe", "user", method))
        return session

    async def refused(self, login, realm="realm2", **more):
        with self.assertRaises(Refused) as caught:
            await connect(more.pop("port", self.router.websocket), realm=realm, login=login, **more)
        return caught.exception.reason

    async def test_ticket(self):
        await leave(await self.joined("ticket", ticket_login("T1CKET")))
        self.assertEqual(await self.refused(ticket_login("T1CKEU")), "wamp.error.authentication_failed")
        self.assertEqual(await self.refused(ticket_login("T1CKET", "eve")), "wamp.error.authentication_failed")

    async def test_wampcra_salted_and_not(self):
        await leave(await self.joined("wampcra", wampcra_login("secret123")))
        self.assertEqual(await self.refused(wampcra_login("secret124")), "wamp.error.authentication_failed")
        await leave(await self.joined("wampcra", wampcra_login("secret123"), realm="realm3"))
        self.assertEqual(await self.refused(wampcra_login("secret124"), realm="realm3"), "wamp.error.authentication_failed")

    async def test_cryptosign(self):
        await leave(await self.joined("cryptosign", cryptosign_login(SEED)))
        self.assertEqual(await self.refused(cryptosign_login("22" * 32)), "wamp.error.authentication_failed")

    async def test_tls_certificate(self):
        login = {"authmethods": ["tls"]}
        await leave(await self.joined("tls", login, port=self.router.tls, tls=client_context("client")))
        refused = "wamp.error.authentication_failed"
        self.assertEqual(await self.refused(login, port=self.router.tls, tls=client_context("other")), refused)
        self.assertEqual(await self.refused(login, port=self.router.tls, tls=client_context()), refused)
        self.assertEqual(await self.refused(login), refused)

    async def test_methods_and_realms_that_there_are_not(self):
        self.assertEqual(await self.refused({"authmethods": ["anonymous"]}), "wamp.error.no_matching_auth_method")
        self.assertEqual(await self.refused({}, realm="realm9"), "wamp.error.no_such_realm")

    async def test_what_no_permission_allows_is_denied(self):
        session = await self.joined("ticket", ticket_login("T1CKET"))
        await session.register(lambda: 1, "com.open")
        await session.subscribe(lambda: None, "anbox.e2e.s1.trickle")
        for denied in (session.register(lambda: 1, "com.other"), session.call("com.other"),
                       session.subscribe(lambda: None, "anbox.e2e.s2.trickle"),
                       session.subscribe(lambda: None, "anbox.e2e.", SubscribeOptions(match="prefix"))):
            self.assertEqual((await self.error_of(denied)).error, "wamp.error.not_authorized")
        await leave(session)


class Handshake(Case):
    def upgrade(self, subprotocols, origin=None):
        lines = ["GET / HTTP/1.1", "Host: 127.0.0.1", "Connection: Upgrade", "Upgrade: websocket",
                 "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        lines += [f"Sec-WebSocket-Protocol: {subprotocols}"] if subprotocols else []
        lines += [f"Origin: {origin}"] if origin else []
        with socket.create_connection(("127.0.0.1", self.router.websocket), 10) as connection:
            connection.sendall("\r\n".join(lines + ["", ""]).encode())
            return connection.recv(4096).decode()

    async def test_a_subprotocol_has_to_fit(self):
        self.assertIn("Sec-WebSocket-Protocol: wamp.2.cbor", self.upgrade("wamp.2.cbor.batched, wamp.2.cbor"))
        for offered in ("", "chat", "wamp.2.flatbuffers", "wamp.2.json.batched"):
            self.assertTrue(self.upgrade(offered).startswith("HTTP/1.1 400 "), offered)

    async def test_a_page_from_elsewhere_is_refused(self):
        self.assertTrue(self.upgrade("wamp.2.json", "https://evil.example").startswith("HTTP/1.1 403 "))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1)
    unittest.main(verbosity=2)
