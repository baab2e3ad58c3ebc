#!/usr/bin/python3
"""A WAMP router on Autobahn|Python's WebSocket server and message classes: the baseline of our router's figures, and the
base of hostile_router.py.

    autobahn_router.py --port 0        prints {"port":N} when it listens, on 127.0.0.1 only

One realm, under any name; every client is admitted as anonymous. Broker: exact match, acknowledge, exclude_me. Dealer:
one callee per procedure, progressive results, errors, cancel (at once: killnowait). Encrypted payloads pass unchanged.
Ends on SIGTERM, and when its standard input is a pipe that closes.
"""
import argparse
import asyncio
import json
import os
import random
import signal
import stat
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.websocket import WampWebSocketServerFactory
from autobahn.exception import PayloadExceededError
from autobahn.wamp import message, role
from autobahn.wamp.interfaces import ITransportHandler
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer

MAX_ID = 2**53
MAX_MESSAGE = 16 * 1024 * 1024


def random_id():
    return random.randint(1, MAX_ID)


def payload_of(msg):
    """The application's part of a message, for the constructor of another: plaintext, or opaque and not
    inspected."""
    if msg.payload is None:
        return {"args": msg.args, "kwargs": msg.kwargs}
    return {"payload": msg.payload, "enc_algo": msg.enc_algo, "enc_key": msg.enc_key, "enc_serializer": msg.enc_serializer}


class Invocation:
    """A pending call: the caller, the caller's request id, and the callee."""

    def __init__(self, caller, call, callee):
        self.caller, self.call, self.callee = caller, call, callee


class Subscription:
    def __init__(self, topic):
        self.topic, self.id, self.subscribers = topic, random_id(), {}  # a dict keeps the order of joining


class Router:
    """Broker and dealer: the state that the sessions of a router share."""

    FEATURES = {
        "broker": role.RoleBrokerFeatures(payload_transparency=True, payload_encryption_cryptobox=True),
        "dealer": role.RoleDealerFeatures(progressive_call_results=True, call_canceling=True, payload_transparency=True,
                                          payload_encryption_cryptobox=True),
    }

    def __init__(self):
        self.subscriptions = {}  # by topic
        self.subscriptions_by_id = {}
        self.procedures = {}  # URI: (registration, callee)
        self.registrations = {}  # registration: URI

    # Broker.

    def on_subscribe(self, session, msg):
        if msg.match not in (None, "exact"):
            session.refuse(msg, "wamp.error.option_not_allowed", "exact match only")
            return
        subscription = self.subscriptions.get(msg.topic)
        if subscription is None:
            subscription = self.subscriptions[msg.topic] = Subscription(msg.topic)
            self.subscriptions_by_id[subscription.id] = subscription
        subscription.subscribers[session] = True
        session.subscriptions.add(subscription)
        session.send(message.Subscribed(msg.request, subscription.id))

    def on_unsubscribe(self, session, msg):
        subscription = self.subscriptions_by_id.get(msg.subscription)
        if subscription not in session.subscriptions:
            session.refuse(msg, "wamp.error.no_such_subscription", "not subscribed")
            return
        self.remove_subscriber(session, subscription)
        session.send(message.Unsubscribed(msg.request))

    def remove_subscriber(self, session, subscription):
        session.subscriptions.discard(subscription)
        subscription.subscribers.pop(session, None)
        if not subscription.subscribers:
            del self.subscriptions[subscription.topic]
            del self.subscriptions_by_id[subscription.id]

    def on_publish(self, session, msg):
        publication = random_id()
        subscription = self.subscriptions.get(msg.topic)
        if subscription is not None:
            # One message object for all: it caches its bytes, so each serializer works once.
            self.deliver(session, msg, subscription, message.Event(subscription.id, publication, **payload_of(msg)))
        if msg.acknowledge:
            session.send(message.Published(msg.request, publication))

    def deliver(self, publisher, publish, subscription, event):
        exclude_me = publish.exclude_me is not False
        for subscriber in list(subscription.subscribers):
            if subscriber is not publisher or not exclude_me:
                subscriber.send(event)

    # Dealer.

    def on_register(self, session, msg):
        if msg.procedure in self.procedures:
            session.refuse(msg, "wamp.error.procedure_already_exists", "somebody has registered it")
            return
        registration = random_id()
        self.procedures[msg.procedure] = (registration, session)
        self.registrations[registration] = msg.procedure
        session.registrations.add(registration)
        session.send(message.Registered(msg.request, registration))

    def on_unregister(self, session, msg):
        if msg.registration not in session.registrations:
            session.refuse(msg, "wamp.error.no_such_registration", "not registered")
            return
        self.remove_registration(session, msg.registration)
        session.send(message.Unregistered(msg.request))

    def remove_registration(self, session, registration):
        session.registrations.discard(registration)
        del self.procedures[self.registrations.pop(registration)]

    def on_call(self, session, msg):
        registration, callee = self.procedures.get(msg.procedure, (None, None))
        if callee is None:
            session.refuse(msg, "wamp.error.no_such_procedure", "no callee registered")
            return
        callee.last_invocation += 1
        callee.invocations[callee.last_invocation] = Invocation(session, msg, callee)
        session.calls[msg.request] = (callee, callee.last_invocation)
        callee.send(message.Invocation(callee.last_invocation, registration, receive_progress=msg.receive_progress,
                                       timeout=msg.timeout, **payload_of(msg)))

    def on_yield(self, session, msg):
        invocation = session.invocations.get(msg.request)
        if invocation is None:
            return  # cancelled, or the caller has left
        if not msg.progress:
            self.finish(session, msg.request, invocation)
        self.answer(invocation, message.Result(invocation.call.request, progress=msg.progress, **payload_of(msg)))

    def on_error(self, session, msg):
        invocation = session.invocations.get(msg.request)
        if invocation is None:
            return
        self.finish(session, msg.request, invocation)
        self.answer(invocation, message.Error(message.Call.MESSAGE_TYPE, invocation.call.request, msg.error, **payload_of(msg)))

    def answer(self, invocation, msg):
        invocation.caller.send(msg)

    def on_cancel(self, session, msg):
        callee, request = session.calls.get(msg.request, (None, None))
        if callee is None:
            return
        self.finish(callee, request, callee.invocations[request])
        callee.send(message.Interrupt(request, mode="killnowait"))
        session.send(message.Error(message.Call.MESSAGE_TYPE, msg.request, "wamp.error.canceled"))

    @staticmethod
    def finish(callee, request, invocation):
        del callee.invocations[request]
        invocation.caller.calls.pop(invocation.call.request, None)

    def on_gone(self, session):
        for subscription in list(session.subscriptions):
            self.remove_subscriber(session, subscription)
        for registration in list(session.registrations):
            self.remove_registration(session, registration)
        for request, invocation in list(session.invocations.items()):
            self.finish(session, request, invocation)
            invocation.caller.send(message.Error(message.Call.MESSAGE_TYPE, invocation.call.request, "wamp.error.canceled",
                                                 args=["the callee is gone"]))
        for callee, request in list(session.calls.values()):
            del callee.invocations[request]
        session.calls.clear()


class RouterSession:
    """One client's session: from HELLO to GOODBYE it passes messages to the router."""

    _authid = None  # both are read by Autobahn's transport
    _session_id = None

    def __init__(self, router):
        self.router = router
        self.transport = None
        self.subscriptions, self.registrations = set(), set()
        self.invocations, self.calls = {}, {}
        self.last_invocation = 0
        self.handlers = {
            message.Publish: router.on_publish, message.Subscribe: router.on_subscribe,
            message.Unsubscribe: router.on_unsubscribe, message.Call: router.on_call, message.Yield: router.on_yield,
            message.Register: router.on_register, message.Unregister: router.on_unregister,
            message.Error: router.on_error, message.Cancel: router.on_cancel,
        }

    def onOpen(self, transport):
        self.transport = transport

    def onMessage(self, msg):
        handler = self.handlers.get(type(msg))
        if self._session_id is not None and handler is not None:
            handler(self, msg)
        elif self._session_id is None and isinstance(msg, message.Hello):
            self._session_id, self._authid = random_id(), "anonymous"
            self.send(message.Welcome(self._session_id, self.router.FEATURES, realm=msg.realm, authid=self._authid,
                                      authrole="anonymous", authmethod="anonymous"))
        elif self._session_id is not None and isinstance(msg, message.Goodbye):
            self.leave()
            self.send(message.Goodbye("wamp.close.goodbye_and_out"))
        elif not isinstance(msg, message.Abort):
            self.send(message.Abort("wamp.error.protocol_violation", f"{type(msg).__name__} does not belong here"))
            self.transport.close()

    def leave(self):
        if self._session_id is not None:
            self._session_id = None
            self.router.on_gone(self)

    def onClose(self, was_clean):
        self.leave()
        self.transport = None

    def send(self, msg):
        if self.transport is None or not self.transport.isOpen():
            return
        try:
            self.transport.send(msg)
        except PayloadExceededError:
            self.transport.abort()

    def refuse(self, request, error, why):
        self.send(message.Error(request.MESSAGE_TYPE, request.request, error, args=[why]))


ITransportHandler.register(RouterSession)


def say(thing):
    """Writes one line of JSON to standard output."""
    print(json.dumps(thing, separators=(",", ":")), flush=True)


def stop_with_standard_input(loop, done):
    if not stat.S_ISFIFO(os.fstat(sys.stdin.fileno()).st_mode):
        return

    def readable():
        if not os.read(sys.stdin.fileno(), 4096):
            loop.remove_reader(sys.stdin.fileno())
            done.set()

    loop.add_reader(sys.stdin.fileno(), readable)


async def serve(router, port):
    loop, done = asyncio.get_running_loop(), asyncio.Event()
    factory = WampWebSocketServerFactory(lambda: RouterSession(router),
                                         serializers=[CBORSerializer(), MsgPackSerializer(), JsonSerializer()])
    factory.setProtocolOptions(maxFramePayloadSize=MAX_MESSAGE, maxMessagePayloadSize=MAX_MESSAGE, failByDrop=False)
    server = await loop.create_server(factory, "127.0.0.1", port, backlog=1024)
    loop.add_signal_handler(signal.SIGTERM, done.set)
    stop_with_standard_input(loop, done)
    say({"port": server.sockets[0].getsockname()[1]})
    await done.wait()
    server.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=0)
    asyncio.run(serve(Router(), parser.parse_args().port))


if __name__ == "__main__":
    main()
