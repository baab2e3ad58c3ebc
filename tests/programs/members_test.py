#!/usr/bin/env python3
"""The members of documented request bodies, of AMS and of the gateway. A member of the wrong type is refused by its name; a
documented member that docs/compatibility.md lists is refused by its name, and no other one is; a member that is not
documented is ignored and logged, or refused with --strict. Usage: members_test.py REDAN [words that a name must have]"""
import base64
import itertools
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

import compatibility_table  # noqa: E402
import control_plane  # noqa: E402
import shapes  # noqa: E402

SHAPES = shapes.Shapes()
TABLES = compatibility_table.read()
NOT_IMPLEMENTED = {(row[0], row[1]) for row in TABLES["members"]}
# Paths that are refused whatever they get.
REFUSED = {section: {tuple(row[:2]) for row in TABLES[section] if row[2] == "refused"} for section in ("ams", "gateway")}
# Redan takes more than the documented type.
# Any JSON value, and sizes as text or as numbers of bytes.
WIDER = {("SessionsPost", "extra_data"), ("ApplicationPatch", "resources.memory"), ("ApplicationPatch", "resources.disk-size")}
# What must be there, so that the member in question is looked at. Nothing of it exists.
NEEDED = {
    "InstancesPost": {"app_id": "none"},
    "ContainersPost": {"app_id": "none"},
    "ConfigPost": {"name": "application.auto_publish", "value": "true"},
    "SessionsPost": {"app": "none"},
    "ExecPost": {"command": ["true"]},
}
# Values that ask for something, where not every value of the type is valid. By member, or by body and member.
VALUES = {
    "platform": "webrtc", "width": 640, "height": 480, "fps": 30, "density": 160, "timeout": "1m", "instance-type": "a2.3",
    "instance_type": "a2.3", "desired_status": "running", "expiry_at": 4102444800, "address": "192.0.2.2", "public_address": "192.0.2.2",
    "subnet": "192.0.2.0/24", "network_subnet": "192.0.2.0/24", "groups": ["admin"], "entitlement": "can_view_config", "resource": "server",
    "ConfigPost.name": "application.auto_publish", "ConfigPost.value": "true", "SharePost.type": "adb", "SharesPost.type": "adb",
    "GatewayConfig.config": {"core.ended_session_retention": 3600},
    "network_bridge_mtu": 1500, "cpus": 2, "idle_time_min": 1,
}


def plain(shape):
    return SHAPES.types.get(shape, shape) if isinstance(shape, str) else shape


def valid(body, path, shape):
    """A value that asks for something."""
    name = path.rpartition(".")[2]
    for key in (f"{body}.{path}", name):
        if key in VALUES:
            return VALUES[key]
    shape = plain(shape)
    if isinstance(shape, list):
        return [valid(body, f"{path}[]", shape[0])]
    if isinstance(shape, dict):
        if "*" in shape:
            return {"A": valid(body, f"{path}.*", shape["*"])}
        return {member.removesuffix("?"): valid(body, f"{path}.{member.removesuffix('?')}", inner) for member, inner in shape.items()}
    if name in ("memory", "disk-size", "disk_size"):
        return "4GB" if shape == "string" else 4 << 30
    if name == "certificate":
        return certificate()
    first = shape.split("|")[0]
    return {"string": "x", "integer": 1, "number": 1.5, "boolean": True}.get(first) if not first.startswith("'") else first.strip("'")


def certificate():
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-384", "-nodes", "-keyout", "/dev/null",
                           "-outform", "DER", "-subj", "/CN=client", "-days", "2"], capture_output=True, check=True).stdout
    return base64.b64encode(made).decode()


def wrong(shape):
    """Values of other types."""
    shape = plain(shape)
    if isinstance(shape, list):
        return ["text", {}, [[]]]
    if isinstance(shape, dict):
        return ["text", 5, []]
    first = shape.split("|")[0]
    return {"integer": ["5", 1.5, True, []], "number": ["5", True], "boolean": ["true", 1], "object": ["text"]}.get(first, [5, True, {}, []])


def nested(path, value):
    for part in reversed(path.split(".")):
        value = {part: value}
    return value


def merged(base, more):
    """More's members within those of base."""
    joined = dict(base)
    for name, value in more.items():
        joined[name] = merged(joined[name], value) if isinstance(value, dict) and isinstance(joined.get(name), dict) else value
    return joined


class Unit:
    """Sends bodies to the documented paths of one unit; resources in paths do not exist."""

    def __init__(self, section, unit, ask):
        self.section, self.unit, self.ask = section, unit, ask

    def entries(self):
        return [entry for entry in SHAPES.file[self.section]
                if ("body" in entry or entry.get("upload", "empty") != "empty") and compatibility_table.key(entry) not in REFUSED[self.section]]

    def send(self, entry, content):
        path = re.sub(r"\{version\}", "0", entry["path"])
        path = re.sub(r"\{[^}]*\}", "none", path)
        if "upload" in entry:
            headers = {"Content-Type": "application/octet-stream", "X-AMS-Request": json.dumps(content)}
            return self.ask(entry["method"], path, b"PK\x03\x04", headers)
        headers = {"Content-Type": "application/json"} if path.startswith(("/1.0/applications", "/1.0/images")) else {}
        return self.ask(entry["method"], path, json.dumps(content), headers)


def quotes(text, path):
    """A member is named by its path or by its own name; an element of a list by its number."""
    return any(re.search(rf'"{re.escape(one)}("|\[)', text) for one in (path, path.rpartition(".")[2]))


def names(answer, path):
    return answer.status in (400, 501) and quotes(answer.json.get("error", ""), path)


def served(answer):
    return answer.status != 405 and answer.json.get("error") != "no such path"


def body_of(entry):
    return entry.get("body") or entry["upload"]


class Report:
    def __init__(self, only):
        self.only, self.counts, self.failed = only, {}, 0

    def check(self, kind, name, what, good, answer):
        if self.only not in name:
            return
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if not good:
            self.failed += 1
            print(f"FAILED {kind}: {name}: {what}: {answer}"[:500], flush=True)


def check_types(unit, report):
    for entry in unit.entries():
        body = body_of(entry)
        for path, shape in SHAPES.members(body):
            if (body, path) in WIDER:
                continue
            for value in wrong(shape):
                if (body, path) in NOT_IMPLEMENTED and not value:
                    continue  # It asks for nothing.
                content = merged(NEEDED.get(body, {}), nested(path, value))
                answer = unit.send(entry, content)
                report.check("type", f"{entry['method']} {entry['path']} {path}", f"{json.dumps(value)} is not refused by name", names(answer, path), answer)


def check_implemented(unit, report):
    """The table of members holds in both directions."""
    for entry in unit.entries():
        body = body_of(entry)
        for path, shape in SHAPES.members(body):
            name = f"{entry['method']} {entry['path']} {path}"
            inner = plain(shape)
            if isinstance(inner, dict) and "*" not in inner:
                continue  # Its members are looked at.
            value = valid(body, path, shape)
            answer = unit.send(entry, merged(NEEDED.get(body, {}), nested(path, value)))
            if (body, path) in NOT_IMPLEMENTED:
                report.check("not implemented", name, f"{json.dumps(value)} is not refused by name", names(answer, path), answer)
                nothing = {bool: False, int: 0, float: 0, str: "", list: [], dict: {}}[type(value)]
                for empty in (None, nothing):
                    answer = unit.send(entry, merged(NEEDED.get(body, {}), nested(path, empty)))
                    report.check("not implemented", name, f"{json.dumps(empty)} asks for nothing and is refused", not names(answer, path), answer)
            else:
                report.check("implemented", name, f"{json.dumps(value)[:80]} is refused, but docs/compatibility.md does not list it",
                             served(answer) and not names(answer, path), answer)


NUMBERS = itertools.count()


def unknown_members(entry):
    """Bodies with one unknown member, at the top and in each object."""
    body = body_of(entry)
    objects = [""] + [path + "." for path, shape in SHAPES.members(body) if isinstance(plain(shape), dict) and "*" not in plain(shape)]
    for at in objects:
        path = f"{at}unheard_of_{next(NUMBERS)}"
        yield path, merged(NEEDED.get(body, {}), nested(path, 1))


def check_unknown(unit, report):
    sent = []
    for entry in unit.entries():
        for path, content in unknown_members(entry):
            answer = unit.send(entry, content)
            name = f"{entry['method']} {entry['path']} {path}"
            report.check("unknown", name, "an unknown member is refused", served(answer) and not names(answer, path), answer)
            sent.append((name, path, answer))
    logged = settled_log(unit.unit, sent)
    for name, path, answer in sent:
        report.check("logged", name, "the log does not name the unknown member", quotes(logged, path), answer)


def settled_log(unit, sent):
    """The log, when it names all that was sent or has not grown for two seconds."""
    size, since = -1, time.monotonic()
    while time.monotonic() - since < 2:
        log = unit.log()
        if all(quotes(log, path) for _, path, _ in sent):
            break
        if len(log) != size:
            size, since = len(log), time.monotonic()
        time.sleep(0.1)
    return log


def check_strict(unit, report):
    for entry in unit.entries():
        for path, content in unknown_members(entry):
            answer = unit.send(entry, content)
            report.check("strict", f"{entry['method']} {entry['path']} {path}", "it is not refused by name", names(answer, path), answer)


def gateway_unit(redan, folder, *options):
    gateway = control_plane.Unit(redan, "gateway", folder, "--requests-per-second", 10000, *options)
    return gateway, Unit("gateway", gateway, gateway.ask)


def ams_unit(redan, folder, *options):
    ams = control_plane.Ams(redan, folder, "--requests-per-second", 10000, *options)
    return ams, Unit("ams", ams, ams.ask)


def self_test():
    """The checks can fail."""
    refused = control_plane.Answer(400, {}, b'{"error": "\\"config.platform\\" is not a string"}')
    assert names(refused, "config.platform") and not names(refused, "platform") and not names(refused, "config")
    assert not names(control_plane.Answer(404, {}, refused.body), "config.platform")
    assert names(control_plane.Answer(400, {}, b'{"error": "\\"height\\" is not an integer"}'), "screen.height")
    assert not served(control_plane.Answer(404, {}, b'{"error": "no such path"}'))
    listed = dict(SHAPES.members("InstancesPost"))
    assert listed["config.display.width"] == "integer" and listed["resources.gpu-slots"] == "integer" and "services" in listed
    documented = {(body_of(entry), path) for unit in ("ams", "gateway") for entry in Unit(unit, None, None).entries()
                  for path, _ in SHAPES.members(body_of(entry))}
    assert NOT_IMPLEMENTED <= documented, f"not documented: {NOT_IMPLEMENTED - documented}"


def main():
    redan, only = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ""
    self_test()
    report = Report(only)
    for start in (ams_unit, gateway_unit):
        with tempfile.TemporaryDirectory(prefix="redan-members-") as folder:
            program, unit = start(redan, folder)
            with program:
                check_types(unit, report)
                check_implemented(unit, report)
                check_unknown(unit, report)
        with tempfile.TemporaryDirectory(prefix="redan-members-") as folder:
            try:
                program, unit = start(redan, folder, "--strict")
            except AssertionError as error:
                report.check("strict", "--strict", "the unit does not start", False, str(error).splitlines()[0])
                continue
            with program:
                check_strict(unit, report)
    print(", ".join(f"{count} {kind}" for kind, count in report.counts.items()) + f": {report.failed} fail")
    return 1 if report.failed else 0


if __name__ == "__main__":
    sys.exit(main())
