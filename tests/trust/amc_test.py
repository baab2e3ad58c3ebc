#!/usr/bin/env python3
"""redan amc with a running AMS, as used by administrators and scripts."""
import contextlib
import fcntl
import json
import os
import pathlib
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time

REDAN = sys.argv[1]
CASES = []


def case(function):
    CASES.append(function)
    return function


class Ams:
    def __init__(self, folder):
        self.data = folder / "ams"
        self.process = subprocess.Popen(
            [REDAN, "ams", "--json", "--data-dir", str(self.data), "--listen", "127.0.0.1:0"],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = json.loads(self.process.stdout.readline())
        self.url, self.fingerprint = said["url"], said["fingerprint"]
        self.socket = str(self.data / "ams.socket")

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(10)


class Client:
    def __init__(self, folder):
        self.environment = dict(os.environ, REDAN_AMC_DIR=str(folder))
        self.environment.pop("COLUMNS", None)
        self.folder = folder

    def run(self, *words, given="", columns=None):
        environment = dict(self.environment, **({"COLUMNS": str(columns)} if columns else {}))
        done = subprocess.run([REDAN, "amc", *words], input=given, capture_output=True, text=True, timeout=60,
                              env=environment)
        return done.returncode, done.stdout, done.stderr

    def good(self, *words, given="", columns=None):
        code, out, error = self.run(*words, given=given, columns=columns)
        assert code == 0, (words, code, out, error)
        return out

    def parsed(self, *words, given=""):
        return json.loads(self.good(*words, "--json", given=given))


@contextlib.contextmanager
def running(amc, name, *options):
    """An instance and its application, both of that name; they are gone afterwards."""
    amc.good("application", "create", name)
    amc.good("launch", name, "--name", name, *options)
    try:
        yield
    finally:
        amc.run("delete", name, "--yes", "--force")
        amc.good("application", "delete", name, "--yes")


def refused(result, code, *words):
    assert result[0] == code, result
    for word in words:
        assert word in result[2], (word, result)


@case
def a_server_is_known_by_the_fingerprint_a_person_confirms(ams, amc, folder):
    refused(amc.run("remote", "add", "prod", ams.url, given="n\n"), 3, "not confirmed")
    assert not (amc.folder / "remotes.json").exists()
    code, out, error = amc.run("remote", "add", "prod", ams.url, given="y\n")
    assert code == 0, error
    assert ams.fingerprint in out
    assert ":".join(ams.fingerprint[i:i + 2] for i in range(0, 64, 2)) in error
    assert "does not trust this client yet" in error
    assert oct((amc.folder / "tls.pem").stat().st_mode & 0o777) == "0o600"
    refused(amc.run("instance", "list"), 3, "trust_unknown")


@case
def another_certificate_is_refused_and_shown(ams, amc, folder):
    wrong = ams.fingerprint[:-1] + ("0" if ams.fingerprint[-1] != "0" else "1")
    refused(amc.run("remote", "add", "wrong", ams.url, "--fingerprint", wrong), 3, "pinned", ams.fingerprint)
    assert "wrong" not in amc.good("remote", "list")


@case
def trust_is_given_seen_and_taken(ams, amc, folder):
    pem = folder / "amc.pem"
    pem.write_text(amc.good("certificate"))
    local = ["--socket", ams.socket]
    amc.good(*local, "trust", "add", str(pem), "--name", "alice", "--role", "operator")
    refused(amc.run(*local, "trust", "add", str(pem), "--name", "alice"), 1, "conflict")
    assert amc.parsed("info")["auth_role"] == "operator"
    refused(amc.run("token", "create", "eve"), 3, "trust_role")
    amc.good(*local, "trust", "remove", "alice")
    refused(amc.run("instance", "list"), 3, "trust_unknown")
    amc.good(*local, "identity", "create", str(pem), "--name", "alice", "--role", "admin")
    listed = amc.parsed("identity", "list")
    assert [(each["name"], each["groups"]) for each in listed] == [("alice", ["admin"])], listed


@case
def a_token_joins_once(ams, amc, folder):
    token = amc.good("token", "create", "bob", "--role", "viewer", "--expires", "600")
    said = amc.parsed("token", "inspect", given=token)
    assert said["name"] == "bob" and said["fingerprint"] == ams.fingerprint, said
    bob, mallory = Client(folder / "bob"), Client(folder / "mallory")
    assert bob.parsed("remote", "add", "prod", "--token", given=token)["trusted"] is True
    assert bob.parsed("info")["auth_role"] == "viewer"
    refused(mallory.run("remote", "add", "prod", "--token", given=token), 3, "trust_join_token")
    refused(mallory.run("remote", "add", "prod", "--token", given="nonsense\n"), 1, "not a join token")
    refused(bob.run("application", "create", "x"), 3, "trust_role")


@case
def an_instance_lives_from_launch_to_delete(ams, amc, folder):
    manifest = folder / "manifest.json"
    manifest.write_text('{"resources": {"memory": "2GB"}}')
    application = amc.good("application", "create", "web", "--manifest", str(manifest)).strip()
    assert amc.parsed("application", "show", "web")["id"] == application
    made = amc.parsed("instance", "launch", "web", "--name", "web-1")
    assert made["name"] == "web-1" and made["status"] == "running", made
    instance = amc.good("launch", "web", "--name", "web-2", "--no-wait").strip()
    assert amc.parsed("show", "web-2")["id"] == instance
    amc.good("wait", "web-2", "-c", "status=running")
    assert "AMS knows that this instance runs" in amc.good("instance", "logs", "web-1")
    amc.good("instance", "stop", "web-1")
    assert amc.parsed("instance", "show", "web-1")["status"] == "stopped"
    amc.good("restart", "web-1")
    assert amc.parsed("show", "web-1")["status"] == "stopped", "restart does not start a stopped one"
    amc.good("instance", "start", "web-1")
    refused(amc.run("application", "delete", "web", "--yes"), 1, "conflict")
    amc.good("instance", "delete", "web-1", "web-2", "--yes")
    refused(amc.run("instance", "show", "web-1"), 1, "not_found")
    amc.good("application", "delete", "web", "--yes")
    assert amc.parsed("instance", "list") == []


@case
def a_row_is_a_line_unless_the_width_is_limited(ams, amc, folder):
    with running(amc, "wide", "--tags", "one,two"):
        lines = amc.good("list").splitlines()
        assert lines[0].split() == ["ID", "NAME", "APPLICATION", "TYPE", "STATUS", "NODE", "ADDRESS", "ENDPOINTS"], lines
        assert lines[1].split()[1:5] == ["wide", "wide", "regular", "running"] and len(lines) == 2, lines
        for words in (["list"], ["application", "list"], ["config", "trust", "list"], ["auth", "permissions", "list"], ["node", "list"]):
            lines = amc.good(*words, columns=80).splitlines()
            assert len(lines) > 1 and max(map(len, lines)) <= 80, lines
        identity = amc.parsed("list")[0]["id"]
        pieces = [line.split("  ")[0] for line in amc.good("list", columns=80).splitlines()[1:]]
        assert "".join(pieces).replace(" ", "") == identity, (pieces, identity)


@case
def a_filter_selects_and_an_unknown_one_is_wrong_usage(ams, amc, folder):
    with running(amc, "found", "--tags", "one,two"):
        names = lambda *filters: [each["name"] for each in amc.parsed("list", *[word for one in filters for word in ("-f", one)])]  # noqa: E731
        assert names("tags=two,one", "status=running", "type=regular", "vm=false") == ["found"]
        assert names("tags=three") == names("status=running", "app=other") == names("tags=") == []
        refused(amc.run("list", "--filter", "colour=red"), 2, "there is no filter colour=red", "app=", "tags=")


@case
def a_deletion_asks_and_only_a_yes_deletes(ams, amc, folder):
    with running(amc, "asked"):
        for answer in ("n\n", "no\n", ""):
            refused(amc.run("delete", "asked", given=answer), 1, "continue? [Y/n]", "nothing was changed")
        assert len(amc.parsed("list")) == 1
        amc.good("delete", "asked", given="\n")
        assert amc.parsed("list") == []


@case
def a_protected_instance_is_not_deleted(ams, amc, folder):
    with running(amc, "protected", "--config", "security.delete_protected=true"):
        refused(amc.run("delete", "--all", "--yes"), 3, "protected")
        refused(amc.run("delete", "--all", "--yes", "--force"), 3, "protected")
        assert len(amc.parsed("list")) == 1
        amc.good("set", "protected", "security.delete_protected", "false")
        amc.good("delete", "--all", "--yes")
        assert amc.parsed("list") == []
        refused(amc.run("delete", "--yes"), 2, "--all")


@case
def a_command_has_its_streams_and_its_exit_code(ams, amc, folder):
    with running(amc, "commands"):
        code, out, error = amc.run("exec", "commands", "--", "sh", "-c", "echo out; echo error >&2; exit 7")
        assert (code, out, error) == (7, "out\n", "error\n"), (code, out, error)
        megabyte = "0123456789abcdef" * 65536
        assert amc.good("exec", "commands", "--", "cat", given=megabyte) == megabyte
        for source, size in (("/dev/null", "0"), (str(folder / "some.txt"), "1048576")):
            (folder / "some.txt").write_text(megabyte)
            with open(source, encoding="ascii") as file:
                done = subprocess.run([REDAN, "amc", "exec", "commands", "--", "wc", "-c"], stdin=file, capture_output=True, text=True, timeout=60,
                                      env=amc.environment, check=True)
            assert done.stdout.strip() == size, done
        assert amc.good("shell", "commands", given="echo in a shell\n") == "in a shell\n"
        refused(amc.run("exec", "nowhere", "--", "true"), 1, "not_found")


@case
def a_signal_reaches_the_command(ams, amc, folder):
    with running(amc, "signals"):
        command = subprocess.Popen([REDAN, "amc", "exec", "signals", "--", "sh", "-c", "trap 'exit 9' TERM; echo ready; while :; do sleep 0.1; done"],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=amc.environment)
        assert command.stdout.readline() == "ready\n"
        command.send_signal(signal.SIGTERM)
        assert command.wait(20) == 9


def read_until(terminal, wanted):
    said = b""
    while wanted not in said:
        assert select.select([terminal], [], [], 20)[0], said
        said += os.read(terminal, 4096)
    return said


@case
def a_terminal_has_the_size_of_ours_and_gets_all_keys(ams, amc, folder):
    with running(amc, "terminal"):
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
        before = termios.tcgetattr(theirs)
        script = "stty size; read -r line; stty size; trap 'echo caught; exit 5' INT; echo waiting; while :; do sleep 0.1; done"
        command = subprocess.Popen([REDAN, "amc", "exec", "terminal", "--", "sh", "-c", script], stdin=theirs, stdout=theirs, stderr=theirs,
                                   env=dict(amc.environment, TERM="xterm"))
        read_until(ours, b"33 99")
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 44, 88, 0, 0))
        command.send_signal(signal.SIGWINCH)
        time.sleep(0.3)
        os.write(ours, b"\r")
        assert b"44 88" in read_until(ours, b"waiting")
        assert termios.tcgetattr(theirs)[3] & termios.ICANON == 0, "the terminal is raw"
        os.write(ours, b"\x03")
        read_until(ours, b"caught")
        assert command.wait(20) == 5
        assert termios.tcgetattr(theirs) == before, "the terminal is restored"
        os.close(ours)
        os.close(theirs)


@case
def a_terminal_is_restored_after_a_signal(ams, amc, folder):
    with running(amc, "restored"):
        ours, theirs = pty.openpty()
        before = termios.tcgetattr(theirs)
        command = subprocess.Popen([REDAN, "amc", "exec", "restored", "--", "sh", "-c", "echo started; sleep 60"], stdin=theirs, stdout=theirs,
                                   stderr=theirs, env=amc.environment)
        read_until(ours, b"started")
        command.send_signal(signal.SIGTERM)
        assert command.wait(20) == 128 + signal.SIGTERM
        assert termios.tcgetattr(theirs) == before
        os.close(ours)
        os.close(theirs)


@case
def logs_are_followed(ams, amc, folder):
    with running(amc, "followed"):
        follow = subprocess.Popen([REDAN, "amc", "logs", "followed", "--follow"], stdout=subprocess.PIPE, text=True, env=amc.environment)
        first = follow.stdout.readline()
        assert first and follow.poll() is None, first
        follow.kill()
        follow.wait(10)
        assert amc.good("show-log", "followed", "console.log").startswith(first)
        refused(amc.run("logs", "followed", "--type", "android"), 1, "not implemented", "Android")


@case
def waiting_ends_with_a_condition_or_in_time(ams, amc, folder):
    with running(amc, "waited"):
        amc.good("wait", "waited", "-c", "status=error", "-c", "status=running", "-t", "5s")
        refused(amc.run("wait", "waited", "-c", "status=stopped", "-t", "1s"), 1, "status is running")
        refused(amc.run("wait", "waited", "-c", "colour=red"), 2, "--condition")
        application = amc.parsed("application", "show", "waited")["id"]
        amc.good("wait", application, "-c", "published=true", "-t", "5s")


@case
def a_benchmark_measures_launches_and_cleans_up(ams, amc, folder):
    amc.good("application", "create", "measured")
    measured = amc.parsed("benchmark", "measured", "-n", "4", "-s", "20")
    assert (measured["launched"], measured["failed"], measured["running_at_the_end"]) == (4, 0, 4), measured
    assert 0 < measured["launch_time_min_s"] <= measured["launch_time_average_s"] <= measured["launch_time_max_s"], measured
    assert amc.parsed("list") == []
    refused(amc.run("benchmark", "measured", "--fps"), 1, "not implemented: frame rates")
    amc.good("application", "delete", "measured", "--yes")


@case
def an_archive_that_is_missing_or_empty_is_not_sent(ams, amc, folder):
    refused(amc.run("application", "create", str(folder / "missing.zip")), 1, "cannot read", "No such file")
    empty = folder / "empty"
    empty.mkdir()
    refused(amc.run("application", "create", str(empty)), 1, "manifest.yaml")


@case
def a_remote_may_be_a_socket_and_may_move(ams, amc, folder):
    local = Client(folder / "local")
    local.good("remote", "add", "here", f"unix://{ams.socket}")
    assert local.parsed("info")["auth"] == "trusted"
    refused(local.run("remote", "set-url", "here", ams.url), 2, "add it again")
    amc.good("remote", "set-url", "prod", "https://127.0.0.1:1")
    refused(amc.run("info"), 4, "no connection")
    amc.good("remote", "set-url", "prod", ams.url)
    assert amc.parsed("info")["auth"] == "trusted"
    refused(amc.run("remote", "add", "other", ams.url, "--auth-type", "oidc"), 1, "OpenID Connect")


@case
def events_are_watched(ams, amc, folder):
    watch = subprocess.Popen([REDAN, "amc", "watch"], stdout=subprocess.PIPE, text=True, env=amc.environment)
    time.sleep(0.5)
    amc.good("application", "create", "seen")
    amc.good("instance", "launch", "seen", "--name", "seen-1", "--no-start")
    amc.good("instance", "delete", "seen-1", "--yes")
    time.sleep(0.3)
    watch.send_signal(signal.SIGINT)
    out, _ = watch.communicate(timeout=10)
    assert watch.returncode == 0, watch.returncode
    kinds = {json.loads(line)["type"] for line in out.splitlines()}
    assert kinds == {"operation", "lifecycle"}, out


@case
def settings_come_from_standard_input(ams, amc, folder):
    amc.good("config", "set", "core.trust_password", given="a long enough password\n")
    assert amc.parsed("config", "show")["core.trust_password"] is True
    secret = folder / "password"
    secret.write_text("a long enough password\n")
    dave = Client(folder / "dave")
    secret.chmod(0o640)
    refused(dave.run("remote", "add", "prod", ams.url, "--fingerprint", ams.fingerprint, "--password-file",
                     str(secret)), 1, "can be read by others; chmod 600 it")
    secret.chmod(0o600)
    joined = dave.parsed("remote", "add", "prod", ams.url, "--fingerprint", ams.fingerprint, "--password-file",
                         str(secret))
    assert joined["trusted"] is True
    amc.good("config", "set", "core.trust_password", given="\n")
    refused(amc.run("config", "set", "core.unheard_of", given="1\n"), 1, "bad_request")


@case
def wrong_usage_is_told_apart(ams, amc, folder):
    assert amc.run("instance")[0] == 2
    assert amc.run("instance", "launch")[0] == 2
    assert amc.run("no-such-command")[0] == 2
    refused(amc.run("--remote", "nowhere", "instance", "list"), 2, "no remote named nowhere")
    refused(amc.run("list", "--format", "xml"), 2, "table")
    refused(amc.run("launch", "web", "--memory", "much"), 2, "--memory")
    refused(amc.run("launch", "web", "--display-size", "large"), 2, "--display-size")
    refused(amc.run("launch", "web", "--instance-type", "z1"), 2, "z1")
    refused(amc.run("start", "web-1", "--timeout", "soon"), 2, "--timeout")
    refused(amc.run("application", "set", "web", "colour", "red"), 2, "no field colour", "tags")
    refused(Client(folder / "nobody").run("--socket", str(folder / "no.socket"), "info"), 4, "no.socket")
    assert "Examples:" in amc.run("--help")[1]


def commands_below(amc, words=()):
    """The words of all commands, from the help."""
    code, out, _ = amc.run(*words, "--help")
    assert code == 0 and "Usage" in out, words
    # The usage names the program as it was called.
    assert max(map(len, out.replace(REDAN, "redan").splitlines())) <= 80, (words, out)
    found = [words]
    for line in out.partition("Subcommands:")[2].splitlines():
        if line.startswith("  ") and line[2] != " ":
            found += commands_below(amc, (*words, line.split()[0].rstrip(",")))
        elif line and not line.startswith(" "):
            break
    return found


@case
def every_command_has_help_that_fits_into_80_columns(ams, amc, folder):
    found = {" ".join(words) for words in commands_below(amc)}
    for words in ("launch", "instance launch", "auth identity group add", "config trust list", "watch"):
        assert words in found, found
    assert len(found) > 90, found


@case
def a_large_image_is_sent_from_its_file(ams, amc, folder):
    image = folder / "image.tar"
    with open(image, "wb") as file:
        file.truncate(100 << 20)
    amc.good("image", "add", "large", str(image))
    assert amc.parsed("image", "show", "large")["versions"][0]["size"] == 100 << 20
    amc.good("image", "delete", "large", "--yes")


@case
def what_is_not_implemented_is_refused_by_name(ams, amc, folder):
    for words, name in ((["copy", "x", "--name", "y"], "copies of instances"), (["publish", "x"], "images made from instances"),
                        (["image", "sync", "x"], "the image server"), (["connect", "x", "--accept-remote-cert"], "ADB")):
        refused(amc.run(*words), 1, "not implemented", name)


@case
def a_server_that_is_gone_is_a_network_failure(ams, amc, folder):
    ams.stop()
    refused(amc.run("info"), 4, "no connection")


def main():
    with tempfile.TemporaryDirectory(prefix="redan-amc-") as name:
        folder = pathlib.Path(name)
        ams = Ams(folder)
        try:
            amc = Client(folder / "alice")
            for function in CASES:
                function(ams, amc, folder)
                print("ok", function.__name__.replace("_", " "), flush=True)
        finally:
            if ams.process.poll() is None:
                ams.stop()
    print(f"{len(CASES)} cases passed")


main()
