#!/usr/bin/env python3
"""Checks the layering table of docs/ARCHITECTURE.md: permitted includes, and what is forbidden below net."""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# Public headers, by the room they belong to.
PUBLIC = {
    "base": {"export.hpp", "types.hpp", "error.hpp", "random.hpp", "channel.hpp", "ice.hpp", "media.hpp", "secret.hpp", "srtp_profile.hpp"},
    "crypto": {"crypto.hpp"},
    "rtc/peer": {"endpoint.hpp", "statistics.hpp", "version.hpp"},
    "capi": {"redan.h"},
    "net": {"udp_socket.hpp", "asio.hpp"},
    "wamp": {"wamp_types.hpp"},
    "wamp/client": {"wamp.hpp"},
}

# Room: what it may include. The longest matching room counts. Every room may include itself and the standard
# library.
RULES = {
    "base": {"tl/expected.hpp"},
    "crypto": {"base", "tl/expected.hpp"},
    "crypto/mbedtls": {"base", "crypto", "mbedtls/"},
    "crypto/openssl": {"base", "crypto", "openssl/"},
    "rtc/stun": {"base", "crypto"},
    "rtc/turn": {"base", "crypto", "rtc/stun"},
    "rtc/dtls": {"base", "crypto", "rtc/dtls/"},
    "rtc/dtls/record": {"base", "crypto"},
    "rtc/dtls/hello": {"base", "crypto", "rtc/dtls/record"},
    "rtc/dtls/handshake": {"base", "crypto", "rtc/dtls/record", "rtc/dtls/hello"},
    "rtc/dtls/v12": {"base", "crypto", "rtc/dtls/record", "rtc/dtls/hello", "rtc/dtls/handshake"},
    "rtc/dtls/v13": {"base", "crypto", "rtc/dtls/record", "rtc/dtls/hello", "rtc/dtls/handshake"},
    "rtc/ice": {"base", "crypto", "rtc/stun", "rtc/turn"},
    "rtc/srtp": {"base", "crypto", "srtp2/"},
    "rtc/rtp": {"base"},
    "rtc/sctp": {"base"},
    "rtc/sdp": {"base", "crypto"},
    "rtc/datachannel": {"base", "rtc/sctp"},
    "rtc/peer": {"base", "crypto", "rtc/"},
    "capi": {"base", "crypto", "rtc/peer:public", "rtc/turn", "redan.h"},
    "net": {"base", "crypto", "rtc/peer:public", "tl/expected.hpp", "boost/", "openssl/", "sys/", "net/if.h", "netinet/",
            "arpa/", "system"},
    "cloud": {"base"},
    "cloud/token": {"base", "crypto", "boost/json/"},
    "cloud/trust": {"base", "crypto", "cloud/token", "boost/json/"},
    "cloud/store": {"base", "crypto", "net", "sqlite3.h", "boost/asio/", "boost/json/"},
    "cloud/api": {"base", "boost/json/", "cloud/token"},
    "cloud/package": {"base", "net", "cloud/api", "archive.h", "archive_entry.h", "yaml.h", "boost/json/"},
    "cloud/bus": {"base", "crypto", "net", "cloud/api", "boost/asio/", "boost/json/"},
    "wamp": {"base", "crypto", "boost/json/", "sodium.h"},
    "wamp/transport": {"base", "net", "wamp", "boost/asio/"},
    "wamp/router": {"base", "crypto", "net", "cloud/token", "wamp", "wamp/transport", "boost/asio/", "boost/json/"},
    "wamp/client": {"base", "crypto", "net", "wamp", "wamp/transport", "boost/asio/"},
    "sealed": {"base", "crypto", "wamp", "sodium.h"},
    "media": {"base", "crypto", "net", "rtc/rtp", "boost/asio/", "vpx/", "opus/"},
    "cloud/unit": {"base", "crypto", "net", "cloud/api", "cloud/store", "boost/asio/", "boost/json/"},
    "cloud/isolation": {"base", "net", "boost/json/", "seccomp.h", "tl/expected.hpp"},
    "cloud/ams": {"base", "crypto", "net", "sealed", "cloud/token", "cloud/trust", "cloud/store", "cloud/api", "cloud/unit",
                  "cloud/package", "cloud/isolation", "boost/asio/", "boost/json/"},
    "cloud/gateway": {"base", "crypto", "net", "cloud/token", "cloud/trust", "cloud/store", "cloud/bus", "cloud/api",
                      "cloud/unit", "boost/asio/", "boost/json/"},
    "cloud/agent": {"base", "crypto", "net", "cloud/token", "cloud/trust", "cloud/bus", "cloud/api", "cloud/unit",
                    "boost/asio/", "boost/json/"},
    "cloud/runtime": {"base", "crypto", "net", "media", "sealed", "rtc/peer:public", "rtc/rtp", "cloud/bus", "cloud/api",
                      "boost/asio/", "boost/json/"},
    "cmd": {"*"},
}

SYSTEM = {"unistd.h", "fcntl.h", "poll.h", "ifaddrs.h", "signal.h"}
SSE = {"nmmintrin.h"}
# System headers that a single room needs: for processes, and for the peer of a Unix socket.
SYSTEM_OF = {
    "cloud/unit": {"fcntl.h", "unistd.h"},
    "cloud/ams": {"fcntl.h", "poll.h", "signal.h", "sys/file.h", "sys/ioctl.h", "sys/socket.h", "sys/stat.h", "sys/syscall.h",
                  "sys/types.h", "sys/un.h", "sys/wait.h", "unistd.h"},
    "cloud/isolation": {"dirent.h", "fcntl.h", "grp.h", "linux/capability.h", "linux/netlink.h", "poll.h", "sched.h", "signal.h", "sys/ioctl.h", "sys/mman.h",
                        "sys/prctl.h", "sys/resource.h", "sys/signalfd.h", "sys/socket.h", "sys/stat.h", "sys/syscall.h",
                        "sys/types.h", "sys/wait.h", "unistd.h"},
    "cloud/package": {"fcntl.h", "sys/stat.h", "unistd.h"},
    "cloud/runtime": {"sys/un.h"},
    "cloud/store": {"fcntl.h", "sys/stat.h", "unistd.h"},
}
# Allowed in one file only.
ONLY_IN = {"srtp2/": "src/rtc/srtp/session.cpp"}

FORBIDDEN_BELOW_NET = [
    (r"#include <(thread|mutex|atomic|iostream|fstream|shared_mutex|condition_variable)>", "threads and streams stay above"),
    (r"#include <(sys/socket|netinet/in|unistd)\.h>", "sockets stay in net"),
    (r"\b(malloc|calloc|realloc|free)\(", "no manual memory"),
    (r"\bnew\s+[A-Z(]", "no naked new"),
    (r"\bthrow\b|\btry\s*\{|\bcatch\s*\(", "no exceptions"),
    (r"\bgoto\b", "no goto"),
    (r"(steady|system|high_resolution)_clock|\bgettimeofday\(|\bclock_gettime\(", "time is an argument"),
    (r"\bstd::(make_)?shared_ptr\b|\bstd::make_shared\b", "one owner each"),
]
# Exceptions to the rules above, with the reason.
ALLOWED = {
    ("include/redan/crypto.hpp", "one owner each"): "an Identity is shared by many endpoints",
    ("src/capi/handles.hpp", "one owner each"): "handles keep alive what they were made of",
    ("src/capi/identity.cpp", "one owner each"): "loads an Identity",
    ("src/crypto/self_signed.cpp", "one owner each"): "makes Identities",
}


def room_of(path):
    """The room of a file below src/ or include/redan/."""
    if path.parts[0] == "include":
        for room, headers in PUBLIC.items():
            if path.name in headers:
                return room
        return None
    inside = path.parts[1:-1]
    for depth in range(len(inside), 0, -1):
        room = "/".join(inside[:depth])
        if room in RULES:
            return room
    return None


def target_of(include, system):
    """The room or outside header that an include names."""
    if include.startswith("redan/"):
        for room, headers in PUBLIC.items():
            if include[len("redan/"):] in headers:
                return room + ":public" if room == "rtc/peer" else room
    if not system:
        parts = include.split("/")[:-1]
        for depth in range(len(parts), 0, -1):
            room = "/".join(parts[:depth])
            if room in RULES:
                return room
    return include


def allowed(room, target, include):
    rules = RULES[room]
    if "*" in rules or target == room or target == room + ":public" or target in rules:
        return True
    if include == room.split("/")[0] + "/errors.hpp":
        return True  # of the library that the room belongs to
    if "/" not in include and not include.endswith(".h"):
        return True  # the standard library
    if include in SSE or include in SYSTEM_OF.get(room, ()) or ("system" in rules and include in SYSTEM):
        return True
    return any(rule.endswith("/") and target.startswith(rule) for rule in rules)


def strip_comments(text):
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.S)


def main():
    problems = []
    files = sorted(ROOT.glob("src/**/*.[ch]pp")) + sorted(ROOT.glob("include/redan/*.hpp"))
    for file in files:
        path = file.relative_to(ROOT)
        room = room_of(path)
        if room is None:
            problems.append(f"{path}: belongs to no room of the table")
            continue
        text = file.read_text()
        for number, line in enumerate(text.splitlines(), 1):
            match = re.match(r'#include ([<"])([^>"]+)[>"]', line)
            if not match:
                continue
            include = match.group(2)
            target = target_of(include, match.group(1) == "<")
            if not allowed(room, target, include):
                problems.append(f"{path}:{number}: {room} must not include {include}")
            for prefix, only in ONLY_IN.items():
                if include.startswith(prefix) and str(path) != only:
                    problems.append(f"{path}:{number}: {include} belongs into {only} alone")
        if room.split("/")[0] in ("net", "cmd", "cloud", "media", "sealed", "wamp"):
            continue
        for number, line in enumerate(strip_comments(text).splitlines(), 1):
            for pattern, reason in FORBIDDEN_BELOW_NET:
                if re.search(pattern, line) and (str(path), reason) not in ALLOWED:
                    problems.append(f"{path}: '{line.strip()}': {reason}")
    print("\n".join(problems) or f"layers: {len(files)} files in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
