#!/usr/bin/env python3
"""redan amc with a running AMS, as used by administrators and scripts."""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
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
        self.folder = folder

    def run(self, *words, given=""):
        done = subprocess.run([REDAN, "amc", *words], input=given, capture_output=True, text=True, timeout=60,
                              env=self.environment)
        return done.returncode, done.stdout, done.stderr

    def good(self, *words, given=""):
        code, out, error = self.run(*words, given=given)
        assert code == 0, (words, code, out, error)
        return out

    def parsed(self, *words, given=""):
        return json.loads(self.good(*words, "--json", given=given))


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
    assert amc.parsed("info")["auth_permissions"] == ["operator"]
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
    assert bob.parsed("info")["auth_permissions"] == ["viewer"]
    refused(mallory.run("remote", "add", "prod", "--token", given=token), 3, "trust_join_token")
    refused(mallory.run("remote", "add", "prod", "--token", given="nonsense\n"), 1, "not a join token")
    refused(bob.run("application", "create", "x"), 3, "trust_role")


@case
def an_instance_lives_from_launch_to_delete(ams, amc, folder):
    manifest = folder / "manifest.json"
    manifest.write_text('{"resources": {"memory": 2000000000}}')
    amc.good("application", "create", "web", "--manifest", str(manifest))
    made = amc.parsed("instance", "launch", "web", "--name", "web-1")
    assert made["name"] == "web-1" and made["status"] in ("started", "running"), made
    for _ in range(100):
        if amc.parsed("instance", "show", "web-1")["status"] == "running":
            break
        time.sleep(0.1)
    table = amc.good("instance", "list").splitlines()
    assert table[0].split() == ["ID", "NAME", "APPLICATION", "STATUS", "NODE"], table
    assert table[1].split()[1:4] == ["web-1", "web", "running"], table
    assert max(map(len, table)) <= 80, table
    assert "AMS knows that this instance runs" in amc.good("instance", "logs", "web-1")
    amc.good("instance", "stop", "web-1")
    assert amc.parsed("instance", "show", "web-1")["status"] == "stopped"
    amc.good("instance", "start", "web-1")
    refused(amc.run("application", "delete", "web"), 1, "conflict")
    amc.good("instance", "delete", "web-1")
    refused(amc.run("instance", "show", "web-1"), 1, "not_found")
    amc.good("application", "delete", "web")
    assert amc.parsed("instance", "list") == []


@case
def events_are_watched(ams, amc, folder):
    watch = subprocess.Popen([REDAN, "amc", "watch"], stdout=subprocess.PIPE, text=True, env=amc.environment)
    time.sleep(0.5)
    amc.good("application", "create", "seen")
    amc.good("instance", "launch", "seen", "--name", "seen-1", "--no-start")
    amc.good("instance", "delete", "seen-1")
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
    refused(Client(folder / "nobody").run("--socket", str(folder / "no.socket"), "info"), 4, "no.socket")
    for words in ([], ["instance"], ["remote", "add"], ["watch"]):
        code, out, _ = amc.run(*words, "--help")
        assert code == 0 and "Usage" in out
        assert max(map(len, out.splitlines())) <= 80, out
    assert "Examples:" in amc.run("--help")[1]


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
