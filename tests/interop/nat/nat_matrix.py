#!/usr/bin/env python3
"""Redan behind NATs, each in network namespaces of its own: who connects to whom, by which pair of candidates, and after
what time. What must connect follows from RFC 4787 and RFC 8445, see direct().

  nat_matrix.py REDAN_PEER short             a few pairs
  nat_matrix.py REDAN_PEER full [STACK=PROGRAM ...]   all, also with other WebRTC stacks
"""
import dataclasses
import itertools
import json
import os
import pathlib
import queue
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import time

TESTS = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS / "support"))
import namespaces  # noqa: E402

SERVER = "203.0.113.10"
KINDS = ["none", "full-cone", "address-restricted", "port-restricted", "symmetric", "two-levels", "udp-blocked"]
DIES_WITH_US = ["setpriv", "--pdeathsig", "KILL"]
LIMIT = 20  # seconds until a pair that must connect has connected
SILENCE = 8  # seconds in which a pair that cannot connect must not

# In each table the outside of the NAT is the device "wan", the inside "lan". Linux' masquerade keeps the port, and one
# mapping serves all destinations (endpoint-independent) unless it is random. What comes from outside unasked is dropped,
# because a connection that the kernel tracks for it would take the port.
MASQUERADE = """
table ip nat {{
  chain out {{ type nat hook postrouting priority srcnat; oifname "wan" masquerade {how}; }}
  chain in {{ type nat hook prerouting priority dstnat; {dnat} }}
  {more}
}}
table ip filter {{
  chain input {{ type filter hook input priority filter; iifname "wan" meta l4proto udp drop; }}
  chain forward {{ type filter hook forward priority filter; {forward} }}
}}
"""
CONTACTED = "set contacted { type ipv4_addr; flags dynamic; timeout 2m; }"
REMEMBER = """chain remember { type filter hook forward priority mangle; iifname "lan" update @contacted { ip daddr }; }"""


def rules(kind, inside):
    """nftables for a NAT whose only host is `inside`."""
    fill = {"how": "", "dnat": "", "forward": "", "more": ""}
    if kind == "full-cone":
        fill["dnat"] = f'iifname "wan" meta l4proto udp dnat to {inside};'
    elif kind == "address-restricted":
        fill["dnat"] = f'iifname "wan" ip saddr @contacted meta l4proto udp dnat to {inside};'
        fill["more"] = CONTACTED + "\n" + REMEMBER
    elif kind == "symmetric":
        fill["how"] = "random,fully-random"
    elif kind == "udp-blocked":
        fill["forward"] = "meta l4proto udp drop;"
    return MASQUERADE.format(**fill)


def direct(one, other):
    """Whether the two connect without a relay. Two levels of port-restricted NATs are one such NAT; a symmetric one has
    a new port for each address, which the other side learns from a check, if its NAT lets that in."""
    if "udp-blocked" in (one, other):
        return False
    if "symmetric" not in (one, other):
        return True
    partner = other if one == "symmetric" else one
    return partner in ("none", "full-cone", "address-restricted")


def run(*words, **more):
    subprocess.run([str(word) for word in words], check=True, **more)


class Namespace:
    """A network namespace, held by a process that sleeps."""

    def __init__(self):
        self.holder = subprocess.Popen([*DIES_WITH_US, "unshare", "--net", "sh", "-c", "echo; exec sleep 3600"], stdout=subprocess.PIPE)
        self.holder.stdout.readline()
        self.run("ip", "link", "set", "lo", "up")

    def words(self, *words):
        return [*DIES_WITH_US, "nsenter", "--target", str(self.holder.pid), "--net", *[str(word) for word in words]]

    def run(self, *words, **more):
        run(*self.words(*words), **more)

    def close(self):
        self.holder.kill()
        self.holder.wait()


def link(one, one_name, one_address, other, other_name, other_address=None):
    """A cable: from `one`, with an address, to `other`, with an address or into its bridge."""
    run("ip", "link", "add", "cable0", "type", "veth", "peer", "name", "cable1")
    for space, name, device in ((one, one_name, "cable0"), (other, other_name, "cable1")):
        run("ip", "link", "set", device, "netns", space.holder.pid)
        space.run("ip", "link", "set", device, "name", name)
    one.run("ip", "addr", "add", one_address, "dev", one_name)
    if other_address:
        other.run("ip", "addr", "add", other_address, "dev", other_name)
    else:
        other.run("ip", "link", "set", other_name, "master", "bridge")
    one.run("ip", "link", "set", one_name, "up")
    other.run("ip", "link", "set", other_name, "up")


class Internet:
    """A bridge that all public addresses are on, with a STUN and TURN server."""

    def __init__(self, folder):
        self.space = Namespace()
        self.space.run("ip", "link", "add", "bridge", "type", "bridge")
        self.space.run("ip", "addr", "add", f"{SERVER}/24", "dev", "bridge")
        self.space.run("ip", "link", "set", "bridge", "up")
        # What is sent to private addresses gets lost, without an error.
        self.space.run("ip", "link", "add", "nowhere", "type", "veth", "peer", "name", "end")
        for device in ("nowhere", "end"):
            self.space.run("ip", "link", "set", device, "up")
        self.space.run("ip", "addr", "add", "198.51.100.1/24", "dev", "nowhere")
        self.space.run("ip", "neigh", "add", "198.51.100.2", "lladdr", "02:00:00:00:00:01", "dev", "nowhere")
        self.space.run("ip", "route", "add", "default", "via", "198.51.100.2")
        (folder / "conf").write_text(
            f"listening-ip={SERVER}\nrelay-ip={SERVER}\nlt-cred-mech\nuser=user:secret\nrealm=example.org\n"
            f"cert={TESTS}/vectors/tls/server.pem\npkey={TESTS}/vectors/tls/server.key\nno-dtls\nno-cli\n"
            f"log-file={folder}/log\npidfile={folder}/pid\nuserdb={folder}/db\n", encoding="utf-8")
        self.log = (folder / "output").open("w")
        self.turn = subprocess.Popen(self.space.words("turnserver", "-c", folder / "conf"), stdout=self.log, stderr=self.log)
        for _ in range(100):
            if "turnserver" in subprocess.run(self.space.words("ss", "-lntp"), capture_output=True, text=True).stdout:
                break
            time.sleep(0.1)
        self.count = 0

    def host(self, kind):
        """A host behind a NAT of this kind, and its public address for display."""
        self.count = self.count % 100 + 1
        public = f"203.0.113.{100 + self.count}"
        if kind == "none":
            host = Namespace()
            link(host, "eth", f"{public}/24", self.space, f"port{self.count}")
            return Host([host], host, public)
        spaces = [Namespace() for _ in range(3 if kind == "two-levels" else 2)]
        address = public
        outer, prefix = self.space, 24
        for level, (nat, inner) in enumerate(itertools.pairwise(reversed(spaces))):
            subnet = f"10.{self.count}.{level}"
            if level == 0:
                link(nat, "wan", f"{public}/{prefix}", outer, f"port{self.count}")
            link(inner, "wan" if inner is not spaces[0] else "eth", f"{subnet}.2/24", nat, "lan", f"{subnet}.1/24")
            inner.run("ip", "route", "add", "default", "via", f"{subnet}.1")
            nat.run("sysctl", "-qw", "net.ipv4.ip_forward=1")
            nat.run("nft", "-f", "-", input=rules(kind, f"{subnet}.2").encode())
            address = f"{subnet}.2"
        return Host(spaces, spaces[0], address)

    def close(self):
        self.turn.kill()
        self.turn.wait()
        self.space.close()


@dataclasses.dataclass
class Host:
    spaces: list
    space: Namespace
    address: str

    def close(self):
        for space in self.spaces:
            space.close()


class Peer:
    """A program that speaks the lines of tests/interop/peers."""

    def __init__(self, host, program, urls):
        servers = [{"urls": [url], "username": "user", "credential": "secret"} for url in urls]
        words = [word.replace("ADDRESS", host.address) for word in program]
        if "ADDRESS" in program:
            words += urls
        self.process = subprocess.Popen(host.space.words(*words), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                                        stderr=subprocess.DEVNULL, env=os.environ | {"REDAN_ICE_SERVERS": json.dumps(servers)})
        self.events = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                self.events.put(json.loads(line))
        self.events.put({"event": "exited"})

    def tell(self, what, **more):
        self.process.stdin.write(json.dumps({"do": what, **more}) + "\n")
        self.process.stdin.flush()

    def expect(self, event, limit):
        """The next such event, with all of another kind before it; None if it does not come."""
        end = time.monotonic() + limit
        self.seen = getattr(self, "seen", [])
        while (left := end - time.monotonic()) > 0:
            try:
                got = self.events.get(timeout=left)
            except queue.Empty:
                break
            self.seen.append(got)
            if got["event"] == event:
                return got
            if got["event"] in ("error", "exited"):
                raise RuntimeError(f"{self.process.args}: {got}")
        return None

    def close(self):
        self.process.kill()
        self.process.wait()


@dataclasses.dataclass
class Result:
    first: str
    second: str
    stack: str
    relay: str
    expected: bool
    connected: bool
    pair: str = ""
    ms: int = 0

    def ok(self):
        return self.connected == self.expected and not (self.connected and self.relay and not self.direct_ok())

    def direct_ok(self):
        return direct(self.first, self.second) or "relay" in self.pair

    def row(self):
        how = f"{self.pair}, {self.ms} ms" if self.connected else "no"
        return f"| {self.first} | {self.second} | {self.stack} | {self.relay or 'none'} | {how} |"


def attempt(internet, programs, first, second, stack="redan", relay=""):
    """Redan behind `first` offers to `stack` behind `second`; `relay`: the first side's TURN server."""
    stun = [f"stun:{SERVER}:3478"]
    turn = {"": [], "udp": [f"turn:{SERVER}:3478"], "tcp": [f"turn:{SERVER}:3478?transport=tcp"],
            "tls": [f"turns:{SERVER}:5349"]}[relay]
    expected = direct(first, second) or (bool(relay) and (first != "udp-blocked" or relay != "udp")
                                         and second != "udp-blocked")
    hosts = [internet.host(first), internet.host(second)]
    peers = []
    try:
        peers.append(Peer(hosts[0], programs["redan"], stun + turn))
        peers.append(Peer(hosts[1], programs[stack], stun))
        for peer in peers:
            if not peer.expect("ready", 30):
                raise RuntimeError("a peer is not ready")
        one, other = peers
        one.tell("open", label="test")
        one.tell("offer")
        other.tell("answer", sdp=one.expect("description", 15)["sdp"])
        one.tell("accept", sdp=other.expect("description", 15)["sdp"])
        done = one.expect("connected", LIMIT if expected else SILENCE)
        result = Result(first, second, stack, relay, expected, bool(done))
        if done:
            selected = [each for each in one.seen if each["event"] == "selected"] or [one.expect("selected", LIMIT)]
            result.pair, result.ms = selected[-1]["pair"], done["ms"]
        return result
    finally:
        for each in peers + hosts:
            each.close()


SHORT = [("port-restricted", "port-restricted", "redan", ""), ("full-cone", "symmetric", "redan", ""),
         ("symmetric", "symmetric", "redan", "udp"), ("udp-blocked", "port-restricted", "redan", "tls"),
         ("port-restricted", "symmetric", "redan", "")]


def full(stacks):
    for first, second in itertools.combinations_with_replacement(KINDS, 2):
        yield first, second, "redan", ""
        if not direct(first, second) and second != "udp-blocked":
            yield first, second, "redan", "udp"
    for second in ("none", "port-restricted", "symmetric"):
        for relay in ("tcp", "tls"):
            yield "udp-blocked", second, "redan", relay
    for stack in stacks:
        for first, second in (("none", "symmetric"), ("port-restricted", "port-restricted"), ("symmetric", "full-cone"),
                              ("port-restricted", "two-levels")):
            yield first, second, stack, ""
        yield "symmetric", "symmetric", stack, "udp"
        yield "udp-blocked", "port-restricted", stack, "tls"


def main(program, form, *more):
    programs = {"redan": [program, "ADDRESS"]}
    programs |= {name: shlex.split(words) for name, words in (each.split("=", 1) for each in more)}
    rows = SHORT if form == "short" else full([name for name in programs if name != "redan"])
    results = []
    with tempfile.TemporaryDirectory() as folder:
        internet = Internet(pathlib.Path(folder))
        try:
            print("| Redan behind | the other behind | which is | relay of the first | connects |\n|---|---|---|---|---|")
            for row in rows:
                results.append(attempt(internet, programs, *row))
                print(results[-1].row() + ("" if results[-1].ok() else "  <-- WRONG"), flush=True)
        finally:
            internet.close()
    wrong = [result for result in results if not result.ok()]
    for result in wrong:
        print(f"{result}: expected to {'connect' if result.expected else 'fail'}")
    return 1 if wrong or not results else 0


if __name__ == "__main__":
    for needed in ("nft", "turnserver", "nsenter"):
        if shutil.which(needed, path=os.environ["PATH"] + ":/usr/sbin") is None:
            namespaces.skip(f"{needed} is not installed (Debian: nftables, coturn, util-linux)")
    os.environ["PATH"] += ":/usr/sbin:/sbin"
    namespaces.enter(__file__, ["--net"], ["--net", "--map-root-user"])
    sys.exit(main(*sys.argv[1:]))
