#!/usr/bin/env python3
"""Walks docs/compatibility.md against running units: each row holds. Usage: compatibility_test.py REDAN [words that a row
must have]"""
import http.client
import pathlib
import shlex
import ssl
import subprocess
import sys
import tempfile
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import compatibility_table  # noqa: E402
import control_plane  # noqa: E402
import shapes  # noqa: E402
from ams_requests import AmsRequests, Unprepared  # noqa: E402
from gateway_requests import GatewayRequests  # noqa: E402

SHAPES = shapes.Shapes()
ENVELOPES = {"ams": ("AmsSync", "AmsAsync"), "gateway": ("GatewaySync", "GatewayAsync")}


def judge(section, entry, row, answer):
    """What is wrong with an answer to a valid request, of an entry that the table gives this row."""
    state, note = row[2], row[3]
    if state == "refused":
        if answer.status != 501 or answer.code != "not_implemented":
            return [f"it is not refused as not implemented: {answer}"]
        feature = compatibility_table.feature(note)
        return [] if feature in answer.json["error"] else [f"the refusal does not name {feature!r}: {answer}"]
    if answer.status not in entry["statuses"]:
        return [f"the status is {answer.status}, not {entry['statuses']}: {answer}"]
    return judge_body(section, entry, state, answer)


def judge_body(section, entry, state, answer):
    expected = entry["answer"]
    if expected == "socket":
        return []
    if expected in ("text", "file"):
        return [] if answer.body and not answer.body.startswith(b'{"type":') else [f"the body is no {expected}: {answer}"]
    sync, asynchronous = ENVELOPES[section]
    is_operation = expected == "operation" or answer.status == 202 and section == "gateway"
    found = SHAPES.differences("answer", answer.json, asynchronous if is_operation else sync)
    if state == "works" and not is_operation and expected != "any":
        found += SHAPES.differences("metadata", answer.metadata, expected)
        if isinstance(expected, list) and answer.metadata == []:
            found.append("the list is empty, so the shape of its elements is not seen")
    return found


def expansion(section, entry, row, ask, recursion):
    """A list that has no row of its own for its expanded form."""
    if "expanded" not in entry or row[2] == "refused":
        return []
    return judge(section, {**entry, "answer": entry["expanded"]}, row, ask("GET", f"{entry['path']}?recursion={recursion}"))


class AmsWalk:
    section = "ams"

    def __init__(self, plane, folder):
        self.ams = plane.ams
        self.requests = AmsRequests(plane.ams, folder, has_agent=True)

    def check(self, entry, row):
        request = self.requests.request(entry["method"], entry["path"])
        if entry["answer"] == "socket":
            answer, connection = self.ams.upgrade(request.path)
            connection.close()
        else:
            answer = self.ams.ask(entry["method"], request.path, request.body, request.headers)
        return judge("ams", entry, row, answer) + self.outcome(entry, answer) + expansion("ams", entry, row, self.ams.ask, "1")

    def outcome(self, entry, answer):
        """An operation that was started must succeed; a command waits for sockets."""
        if entry["answer"] != "operation" or answer.status not in (200, 202):
            return []
        operation = answer.metadata
        if operation.get("class") == "websocket":
            self.ams.ask("DELETE", f"/1.0/operations/{operation['id']}")
            return []
        ended = self.ams.wait(answer)
        return [] if ended.get("status_code") == 200 else [f"the operation failed: {ended.get('err') or ended}"]


class GatewayWalk:
    section = "gateway"

    def __init__(self, plane, _):
        self.plane = plane
        plane.ams.amc("application", "create", "demo")
        control_plane.wait_for(lambda: plane.ask_gateway("GET", "/1.0/applications").metadata, "the gateway knows the application")
        self.requests = GatewayRequests(plane.ask_gateway)

    def check(self, entry, row):
        request = self.requests.request(entry["method"], entry["path"])
        if entry["answer"] != "socket":
            answer = self.plane.ask_gateway(entry["method"], request.path, request.body, request.headers)
            return judge("gateway", entry, row, answer) + expansion("gateway", entry, row, self.plane.ask_gateway, "true")
        where = urllib.parse.urlsplit(self.plane.gateway.url)
        context = ssl.create_default_context(cadata=self.plane.gateway.certificate())
        context.check_hostname = False
        answer, connection = control_plane.upgrade(http.client.HTTPSConnection(where.hostname, where.port, context=context, timeout=20), request.path)
        connection.close()
        return judge("gateway", entry, row, answer)


class AmcWalk:
    section = "amc"

    def __init__(self, redan, plane, _):
        self.redan, self.plane = redan, plane

    def check(self, entry, row):
        words = shlex.split(entry["command"])
        if row[2] == "refused":
            return self.refused(words, row)
        done = subprocess.run([self.redan, "amc", *words, "--help"], capture_output=True, text=True, timeout=30, check=False)
        if done.returncode or "Usage" not in done.stdout:
            return [f"there is no help: {done.stderr.strip() or done.returncode}"]
        return [f"the help does not name {flag}" for flag in entry.get("flags", {}) if flag not in done.stdout]

    def refused(self, words, row):
        done = self.plane.ams.amc(*words, "something", check=False)
        feature = compatibility_table.feature(row[3])
        printed = done.stdout + done.stderr
        if done.returncode == 0 or feature not in printed:
            return [f"it is not refused with {feature!r}: {done.returncode} {printed.strip()}"]
        return []


def walk(walker, rows, only):
    """The failures of one table; prints one line for each row."""
    documented = {compatibility_table.key(entry): entry for entry in SHAPES.file[walker.section]}
    failures = 0
    for row in rows:
        name = " ".join(row[:2])
        if only not in name:
            continue
        try:
            found = walker.check(documented[tuple(row[:2])], row)
        except (Unprepared, OSError, ValueError, KeyError, TypeError, subprocess.SubprocessError) as error:
            found = [f"{type(error).__name__}: {error}"]
        failures += bool(found)
        print(f"{'FAILED' if found else row[2]:8} {name}" + "".join(f"\n         {one[:600]}" for one in found[:5]), flush=True)
    return failures


def self_test(plane):
    """A checker that accepts a wrong row would pass by accident."""
    documented = SHAPES.file["ams"]
    table = [[*compatibility_table.key(entry), "works", ""] for entry in documented]
    assert not compatibility_table.problems(table, documented)
    wrong = {
        "a row is missing": table[1:],
        "a row is there twice": table + table[:1],
        "a row is not documented": table + [["GET", "/1.0/nothing", "works", ""]],
        "a state is unknown": [[*table[0][:2], "perhaps", ""], *table[1:]],
        "a refusal has no note": [[*table[0][:2], "refused", ""], *table[1:]],
    }
    for what, rows in wrong.items():
        assert compatibility_table.problems(rows, documented), what
    version = {"method": "GET", "path": "/1.0/version", "answer": "Version", "statuses": [200]}
    shown = plane.ams.ask("GET", "/1.0/version")
    row = ["GET", "/1.0/version", "works", ""]
    assert not judge("ams", version, row, shown), shown
    assert judge("ams", version, [*row[:2], "refused", "versions"], shown), "a refused row that works"
    assert judge("ams", {**version, "answer": {"version": "integer"}}, row, shown), "a member of another type"
    assert judge("ams", {**version, "answer": {"absent": "string"}}, row, shown), "a member that is missing"
    assert judge("ams", {**version, "answer": "operation"}, row, shown), "another envelope"
    empty = control_plane.Answer(200, {}, b'{"type":"sync","status":"Success","status_code":200,"metadata":[]}')
    assert judge("ams", {**version, "answer": ["string"]}, row, empty), "a list without an element"
    for path, status in (("/1.0/no-such-path", 404), ("/1.0/version", 405)):
        answer = plane.ams.ask("DELETE", path)
        assert answer.status == status and judge("ams", version, row, answer), f"a works row that answers {status}"


def main():
    redan, only = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    if not control_plane.NATS:
        print("skipped: nats-server is not installed; gateway and agent need it")
        return 77
    tables = compatibility_table.read()
    found = [one for section in ("ams", "gateway", "amc") for one in compatibility_table.problems(tables[section], SHAPES.file[section])]
    print("".join(f"docs/compatibility.md: {one}\n" for one in found), end="")
    with tempfile.TemporaryDirectory(prefix="redan-compatibility-") as name:
        folder = pathlib.Path(name)
        plane = control_plane.ControlPlane(redan, folder, ams_options=["--requests-per-second", 1000])
        try:
            self_test(plane)
            failures = {walker.section: walk(walker, tables[walker.section], only)
                        for walker in (AmsWalk(plane, folder), GatewayWalk(plane, folder), AmcWalk(redan, plane, folder))}
        finally:
            plane.stop()
    for section, failed in failures.items():
        counts = {state: sum(row[2] == state for row in tables[section]) for state in compatibility_table.STATES}
        print(f"{section}: {len(tables[section])} rows, " + ", ".join(f"{count} {state}" for state, count in counts.items()) + f"; {failed} fail")
    return 1 if found or any(failures.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
