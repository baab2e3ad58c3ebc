#!/usr/bin/python3
"""A router that attacks the sessions it serves: autobahn_router.py with one attack.

    hostile_router.py --attack reflection --port 0

It reports what it reads or achieves on standard output, one line of JSON each: {"read":"<text>"} for an application's
plaintext data, {"called":"<text>"} for a callee's answer to a call that no client made. docs/protocols/attacks.md lists
the attacks and their results.
"""
import argparse
import asyncio
import os
import re

from autobahn_router import Router, message, payload_of, random_id, say, serve
from nacl.public import Box, PrivateKey

FORGED = "forged by the router"
FINGERPRINT = re.compile(r"(a=fingerprint:sha-256 )[0-9A-F:]+")
OWN_FINGERPRINT = r"\g<1>" + ":".join(["EE"] * 32)


def texts_of(value):
    """All texts and bytes inside."""
    if isinstance(value, (str, bytes)):
        yield value if isinstance(value, str) else value.decode(errors="replace")
    elif isinstance(value, (list, tuple)):
        for element in value:
            yield from texts_of(element)
    elif isinstance(value, dict):
        for element in value.values():
            yield from texts_of(element)


def rewritten(value, change):
    if isinstance(value, (str, bytes)):
        return change(value)
    if isinstance(value, (list, tuple)):
        return [rewritten(element, change) for element in value]
    if isinstance(value, dict):
        return {key: rewritten(element, change) for key, element in value.items()}
    return value


def flipped(data):
    """Flips its last bit."""
    return data[:-1] + bytes([data[-1] ^ 1])


def sealed_instead(msg, payload):
    """Other bytes under the attributes of the original message."""
    return {**payload_of(msg), "payload": payload}


class Eavesdropper(Router):
    """Forwards everything, and reports what it can read."""

    ATTACK = "none"

    def listen(self, msg):
        if msg.payload is None:
            for text in texts_of([msg.args, msg.kwargs]):
                say({"read": text})

    def on_publish(self, session, msg):
        self.listen(msg)
        super().on_publish(session, msg)

    def on_call(self, session, msg):
        self.listen(msg)
        super().on_call(session, msg)

    def on_yield(self, session, msg):
        self.listen(msg)
        super().on_yield(session, msg)

    def on_error(self, session, msg):
        self.listen(msg)
        super().on_error(session, msg)


class Reflection(Eavesdropper):
    """Answers a call with its own question; the callee never receives it."""

    ATTACK = "reflection"

    def on_call(self, session, msg):
        session.send(message.Result(msg.request, **payload_of(msg)))


class Replay(Eavesdropper):
    """Delivers the first event of a topic again after each later one, as if it were new."""

    ATTACK = "replay"

    def __init__(self):
        super().__init__()
        self.first = {}

    def deliver(self, publisher, publish, subscription, event):
        super().deliver(publisher, publish, subscription, event)
        old = self.first.setdefault(subscription.topic, payload_of(publish))
        if old != payload_of(publish):
            super().deliver(publisher, publish, subscription, message.Event(subscription.id, random_id(), **old))


class Stale(Eavesdropper):
    """Answers every later call of a procedure with the answer of the first."""

    ATTACK = "stale"

    def __init__(self):
        super().__init__()
        self.first = {}

    def answer(self, invocation, msg):
        old = self.first.setdefault(invocation.call.procedure, payload_of(msg))
        super().answer(invocation, message.Result(invocation.call.request, **old))


class DowngradeEvent(Eavesdropper):
    """Delivers its own plaintext where an encrypted event was published."""

    ATTACK = "downgrade_event"

    def deliver(self, publisher, publish, subscription, event):
        super().deliver(publisher, publish, subscription, message.Event(subscription.id, event.publication, args=[FORGED]))


class Nobody:
    """The caller of a call that no client made."""

    def __init__(self):
        self.calls = {}

    def send(self, msg):
        clear = getattr(msg, "payload", None) is None
        say({"called": " ".join(texts_of([msg.args, msg.kwargs])) if clear else "sealed",
             "by": type(msg).__name__.lower(), "error": getattr(msg, "error", None)})


class DowngradeInvocation(Eavesdropper):
    """Calls each procedure itself, in plaintext, as soon as it is registered."""

    ATTACK = "downgrade_invocation"

    def on_register(self, session, msg):
        super().on_register(session, msg)
        self.on_call(Nobody(), message.Call(random_id(), msg.procedure, args=[FORGED]))

    def listen(self, msg):
        pass  # no client is informed


class DowngradeResult(Eavesdropper):
    """Replaces an encrypted answer with a plaintext one."""

    ATTACK = "downgrade_result"

    def answer(self, invocation, msg):
        super().answer(invocation, message.Result(invocation.call.request, args=[FORGED]))


class DowngradeError(Eavesdropper):
    """Replaces an encrypted answer with a plaintext ERROR that looks like the callee's."""

    ATTACK = "downgrade_error"

    def answer(self, invocation, msg):
        super().answer(invocation, message.Error(message.Call.MESSAGE_TYPE, invocation.call.request,
                                                 "com.example.error.forged", args=[FORGED]))


class CrossSubscription(Eavesdropper):
    """Delivers an event to the subscriptions of all other topics as well; an encrypted one with the topic
    inside the box."""

    ATTACK = "cross_subscription"

    def deliver(self, publisher, publish, subscription, event):
        topic = publish.topic if publish.payload is not None else None
        for other in list(self.subscriptions.values()):
            super().deliver(publisher, publish, other,
                            message.Event(other.id, event.publication, topic=topic, **payload_of(publish)))


class PlaintextError(Eavesdropper):
    """Only listens: it waits for a plaintext ERROR."""

    ATTACK = "plaintext_error"

    def listen(self, msg):
        if isinstance(msg, message.Error):
            super().listen(msg)


class SwapFingerprint(Eavesdropper):
    """Puts its own DTLS fingerprint into every description that it can read; in others it flips a bit."""

    ATTACK = "swap_fingerprint"

    def altered(self, msg):
        if msg.payload is None:
            return {"args": rewritten(msg.args, self.swap), "kwargs": rewritten(msg.kwargs, self.swap)}
        return sealed_instead(msg, flipped(msg.payload))

    @staticmethod
    def swap(value):
        return flipped(value) if isinstance(value, bytes) else FINGERPRINT.sub(OWN_FINGERPRINT, value)

    def answer(self, invocation, msg):
        super().answer(invocation, message.Result(invocation.call.request, **self.altered(msg)))

    def deliver(self, publisher, publish, subscription, event):
        super().deliver(publisher, publish, subscription,
                        message.Event(subscription.id, event.publication, **self.altered(publish)))


class AnswerInPlace(Eavesdropper):
    """Answers a call itself; an encrypted one under its own key, because it has no other."""

    ATTACK = "answer_in_place"

    def on_call(self, session, msg):
        if msg.payload is None:
            session.send(message.Result(msg.request, args=[FORGED]))
            return
        box = Box(PrivateKey.generate(), PrivateKey.generate().public_key)
        text = f'{{"uri":"{msg.procedure}","args":["{FORGED}"],"kwargs":null}}'
        payload = bytes(box.encrypt(text.encode(), os.urandom(Box.NONCE_SIZE)))
        session.send(message.Result(msg.request, **sealed_instead(msg, payload)))


class Strip(Eavesdropper):
    """Removes the encryption's attributes: ciphertext arrives as an ordinary binary argument."""

    ATTACK = "strip"

    @staticmethod
    def stripped(msg):
        return {"args": msg.args, "kwargs": msg.kwargs} if msg.payload is None else {"args": [msg.payload]}

    def answer(self, invocation, msg):
        super().answer(invocation, message.Result(invocation.call.request, **self.stripped(msg)))

    def deliver(self, publisher, publish, subscription, event):
        super().deliver(publisher, publish, subscription,
                        message.Event(subscription.id, event.publication, **self.stripped(publish)))


class MixSessions(Eavesdropper):
    """Waits for the answers to two calls of one procedure and exchanges them."""

    ATTACK = "mix_sessions"

    def __init__(self):
        super().__init__()
        self.waiting = {}

    def answer(self, invocation, msg):
        other = self.waiting.pop(invocation.call.procedure, None)
        if other is None:
            self.waiting[invocation.call.procedure] = (invocation, payload_of(msg))
            return
        first, payload = other
        super().answer(first, message.Result(first.call.request, **payload_of(msg)))
        super().answer(invocation, message.Result(invocation.call.request, **payload))


class Truncate(Eavesdropper):
    """Delivers the first two events of a topic and withholds the rest, but acknowledges all."""

    ATTACK = "truncate"

    def __init__(self):
        super().__init__()
        self.delivered = {}

    def deliver(self, publisher, publish, subscription, event):
        self.delivered[subscription.topic] = self.delivered.get(subscription.topic, 0) + 1
        if self.delivered[subscription.topic] <= 2:
            super().deliver(publisher, publish, subscription, event)


ATTACKS = {attack.ATTACK: attack for attack in [
    Eavesdropper, Reflection, Replay, Stale, DowngradeEvent, DowngradeInvocation, DowngradeResult, DowngradeError,
    CrossSubscription, PlaintextError, SwapFingerprint, AnswerInPlace, Strip, MixSessions, Truncate]}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--attack", choices=sorted(ATTACKS), default="none")
    arguments = parser.parse_args()
    asyncio.run(serve(ATTACKS[arguments.attack](), arguments.port))


if __name__ == "__main__":
    main()
