#!/usr/bin/python3
"""Every attack of hostile_router.py on real Autobahn|Python clients, without encryption and with cryptobox.

Autobahn is the control: the documented properties of WAMP and of cryptobox are measured here, and the columns "clear"
and "Autobahn" of docs/protocols/attacks.md are compared with the results. Each scenario also runs through an honest
router, where its attack must not succeed.
"""
import asyncio
import contextlib
import json
import pathlib
import re
import sys

import txaio

txaio.use_asyncio()

from autobahn.asyncio.wamp import ApplicationRunner, ApplicationSession
from autobahn.wamp.cryptobox import Key, KeyRing
from autobahn.wamp.exception import ApplicationError
from autobahn.wamp.serializer import CBORSerializer, JsonSerializer, MsgPackSerializer
from autobahn.wamp.types import PublishOptions
from hostile_router import ATTACKS, FORGED

HERE = pathlib.Path(__file__).resolve().parent
TABLE = HERE.parents[2] / "docs/protocols/attacks.md"
PREFIX = "com.example."
ACKNOWLEDGE = PublishOptions(acknowledge=True)
SDP = "v=0\r\na=fingerprint:sha-256 " + ":".join(["AA"] * 32) + "\r\n"
SCENARIOS = {}


def scenario(function):
    SCENARIOS[function.__name__] = function
    return function


def key_rings():
    """The keys of the originator and of the responder: each has only its own private key."""
    originator, responder = KeyRing(), KeyRing()
    own, own_public = originator.generate_key()
    other, other_public = responder.generate_key()
    originator.set_key(PREFIX, Key(originator_priv=own, responder_pub=other_public))
    responder.set_key(PREFIX, Key(originator_pub=own_public, responder_priv=other))
    return originator, responder


async def join(port, serializer, key_ring):
    joined = asyncio.get_running_loop().create_future()

    class Session(ApplicationSession):
        def onConnect(self):
            if key_ring is not None:
                self.set_payload_codec(key_ring)
            self.join("realm1")

        def onJoin(self, details):
            joined.set_result(self)

        def onUserError(self, failure, text):
            pass  # exceptions of a handler are checked where they arrive

    runner = ApplicationRunner(f"ws://127.0.0.1:{port}/", "realm1", serializers=[serializer])
    await runner.run(Session, start_loop=False)
    return await asyncio.wait_for(joined, 10)


class Heard:
    """The router's lines of standard output."""

    def __init__(self, stream):
        self.lines = []
        self.task = asyncio.ensure_future(self.listen(stream))

    async def listen(self, stream):
        async for line in stream:
            self.lines.append(json.loads(line))

    async def has(self, **wanted):
        for _ in range(100):
            if any(wanted.items() <= line.items() for line in self.lines):
                return True
            await asyncio.sleep(0.01)
        return False


@contextlib.asynccontextmanager
async def router(attack):
    process = await asyncio.create_subprocess_exec(HERE / "hostile_router.py", "--attack", attack,
                                                   stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE)
    try:
        port = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))["port"]
        yield port, Heard(process.stdout)
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), 10)


class Ends:
    """The two ends of one scenario and what they observe."""

    def __init__(self, originator, responder, heard):
        self.originator, self.responder, self.heard = originator, responder, heard
        self.invoked, self.events = [], []
        self.refusal = "no effect"  # or the URI of the last error, while asking

    async def serve(self, answer, name="ask"):
        def procedure(*arguments):
            self.invoked.append(arguments)
            return answer(*arguments)
        await self.responder.register(procedure, PREFIX + name)

    async def ask(self, *arguments, name="ask"):
        """The answer, or the error."""
        try:
            return await asyncio.wait_for(self.originator.call(PREFIX + name, *arguments), 5)
        except ApplicationError as error:
            self.refusal = error.error
            return error

    async def listen(self, topic="topic"):
        await self.responder.subscribe(lambda *arguments: self.events.append((topic, *arguments)), PREFIX + topic)

    async def publish(self, *texts, topic="topic"):
        for text in texts:
            await self.originator.publish(PREFIX + topic, text, options=ACKNOWLEDGE)

    async def settled(self):
        """The events. The router's answer comes after everything that it has sent before."""
        await self.responder.subscribe(lambda: None, PREFIX + "settled")
        await asyncio.sleep(0)
        return [event[1:] for event in self.events]


@scenario
async def reflection(ends):
    await ends.serve(lambda text: "answer to " + text)
    return await ends.ask("question") == "question" and not ends.invoked


@scenario
async def replay(ends):
    await ends.listen()
    await ends.publish("one", "two")
    return await ends.settled() == [("one",), ("two",), ("one",)]


@scenario
async def stale(ends):
    await ends.serve(lambda text: "answer to " + text)
    return [await ends.ask("one"), await ends.ask("two")] == ["answer to one"] * 2


@scenario
async def downgrade_event(ends):
    await ends.listen()
    await ends.publish("one")
    return await ends.settled() == [(FORGED,)]


@scenario
async def downgrade_invocation(ends):
    await ends.serve(lambda text: "answer to " + text)
    return await ends.heard.has(called="answer to " + FORGED) and ends.invoked == [(FORGED,)]


@scenario
async def downgrade_result(ends):
    await ends.serve(lambda text: "answer to " + text)
    return await ends.ask("question") == FORGED


@scenario
async def downgrade_error(ends):
    await ends.serve(lambda text: "answer to " + text)
    error = await ends.ask("question")
    return isinstance(error, ApplicationError) and error.args == (FORGED,)


@scenario
async def cross_subscription(ends):
    await ends.listen("one")
    await ends.listen("two")
    await ends.publish("text", topic="one")
    await ends.settled()
    return ("two", "text") in ends.events


@scenario
async def plaintext_error(ends):
    def fail():
        raise RuntimeError("a secret detail")
    await ends.serve(fail)
    return isinstance(await ends.ask(), ApplicationError) and await ends.heard.has(read="a secret detail")


@scenario
async def swap_fingerprint(ends):
    await ends.serve(lambda: SDP)
    answer = await ends.ask()
    return isinstance(answer, str) and "EE:EE" in answer and "AA:AA" not in answer


@scenario
async def answer_in_place(ends):
    await ends.serve(lambda text: "answer to " + text)
    return await ends.ask("question") == FORGED


@scenario
async def strip(ends):
    await ends.serve(lambda text: "answer to " + text)
    return isinstance(await ends.ask("question"), bytes)


@scenario
async def mix_sessions(ends):
    await ends.serve(lambda text: "answer to " + text)
    answers = await asyncio.gather(ends.ask("one"), ends.ask("two"))
    return answers == ["answer to two", "answer to one"]


@scenario
async def truncate(ends):
    await ends.listen()
    await ends.publish("one", "two", "three")
    return await ends.settled() == [("one",), ("two",)]


async def verdict(attack, address, encrypted, serializers):
    """"succeeds", or why it failed."""
    port, heard = address
    rings = key_rings() if encrypted else (None, None)
    sessions = [await join(port, serializer(), ring) for serializer, ring in zip(serializers, rings)]
    ends = Ends(*sessions, heard)
    succeeded = await SCENARIOS[attack](ends)
    for session in sessions:
        if session.is_attached():
            await session.leave()
    return "succeeds" if succeeded else ends.refusal


def documented():
    """{attack: [clear, Autobahn]}"""
    rows = re.findall(r"^\| `(\w+)` \|([^|]*)\|([^|]*)\|", TABLE.read_text(), re.M)
    return {name: [cell.strip(" *`") for cell in cells] for name, *cells in rows}


async def measure(attack, number):
    # Every pairing of serializers is used in turn.
    all_three = [JsonSerializer, MsgPackSerializer, CBORSerializer]
    serializers = (all_three[number % 3], all_three[number // 3 % 3])

    async def one(encrypted):
        async with router(attack) as address:
            return await verdict(attack, address, encrypted, serializers)

    return await asyncio.gather(one(False), one(True))


async def wrong_verdicts_of_an_honest_router():
    """Only the ERROR that Autobahn itself sends in plaintext, which needs no attack."""
    async with router("none") as address:
        for attack in SCENARIOS:
            for encrypted in (False, True):
                seen = await verdict(attack, address, encrypted, (CBORSerializer, JsonSerializer)) == "succeeds"
                if seen != (attack == "plaintext_error"):
                    yield f"{attack}: seen through an honest router: {seen}, encrypted: {encrypted}"


async def main():
    assert set(SCENARIOS) == set(ATTACKS) - {"none"}, "an attack without a scenario"
    problems = [problem async for problem in wrong_verdicts_of_an_honest_router()]
    says = documented()
    for number, attack in enumerate(SCENARIOS):
        measured = await measure(attack, number)
        print(f"{attack:22} clear: {measured[0]:10} Autobahn with cryptobox: {measured[1]}")
        if says.get(attack) != measured:
            problems.append(f"{attack}: {TABLE.name} says {says.get(attack)}, measured {measured}")
    print("\n".join(problems) or "as documented")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
