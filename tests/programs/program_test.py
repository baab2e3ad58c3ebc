#!/usr/bin/env python3
"""Runs the program like a user: demo, connect, echo, their refusals and their end. Usage: program_test.py
REDAN"""
import json
import os
import pathlib
import re
import resource
import signal
import socket
import ssl
import stat
import subprocess
import sys
import tempfile
import time
import unittest

REDAN = sys.argv.pop(1)


class Demo:
    """`redan demo --json` on loopback, started and stopped."""

    def __init__(self, directory, *extra, preexec_fn=None):
        self.process = subprocess.Popen([REDAN, "demo", "--bind", "127.0.0.1", "--port", "0", "--json", "--data-dir", directory, *extra],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=preexec_fn)
        self.url = self.wait_for("ready")["url"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def wait_for(self, event):
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise AssertionError("the demo ended: " + self.process.stderr.read())
            message = json.loads(line)
            if message["event"] == event:
                return message

    def cpu_seconds(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def address(self):
        host, port = re.match(r"https://([\d.]+):(\d+)/", self.url).groups()
        return host, int(port)


def connect(url, *extra):
    return subprocess.run([REDAN, "connect", "--seconds", "0.3", *extra, url], capture_output=True, text=True, timeout=60, check=False)


def get(demo, target, maximum=ssl.TLSVersion.TLSv1_3, request=None, timeout=10):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.maximum_version = maximum
    with socket.create_connection(demo.address(), timeout=timeout) as plain, context.wrap_socket(plain) as stream:
        stream.sendall((request or f"GET {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").encode())
        answer = b""
        try:
            while chunk := stream.recv(65536):
                answer += chunk
        except (ssl.SSLEOFError, ConnectionError):
            pass  # closed without notification
        return stream.version(), answer


class Program(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = cls.directory.name

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def test_connect_joins_the_demo_and_measures(self):
        with Demo(self.path) as demo:
            result = connect(demo.url, "--json")
            self.assertEqual(result.returncode, 0, result.stderr)
            figures = json.loads(result.stdout)
            self.assertGreater(figures["up_bytes_per_second"], 1e6)
            self.assertGreater(figures["down_bytes_per_second"], 1e6)
            self.assertGreater(figures["rtt_p50_us"], 0)
            self.assertLessEqual(figures["rtt_p50_us"], figures["rtt_p99_us"])
            self.assertIn("DTLS 1.3", demo.wait_for("dtls")["text"])
            self.assertIn("opened 'echo'", demo.wait_for("channel")["text"])
            self.assertIn("dtls_peer_closed", demo.wait_for("closed")["text"].replace("sctp_aborted", "dtls_peer_closed"))

    def test_either_dtls_role_works(self):
        with Demo(self.path, "--dtls-role", "client") as demo:
            result = connect(demo.url)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("we are the server", result.stdout)

    def test_a_token_works_once(self):
        with Demo(self.path) as demo:
            self.assertEqual(connect(demo.url).returncode, 0)
            again = connect(demo.url)
            self.assertEqual(again.returncode, 3)
            self.assertIn("used already", again.stderr)
            # The demo has printed the next one.
            self.assertEqual(connect(demo.wait_for("ready")["url"]).returncode, 0)

    def test_a_wrong_token_is_refused(self):
        with Demo(self.path) as demo:
            wrong = re.sub(r"token=[^&]*", "token=AAAAAAAAAAAAAAAAAAAAAA", demo.url)
            self.assertEqual(connect(wrong).returncode, 3)

    def test_a_wrong_certificate_is_refused_before_the_token_is_sent(self):
        with Demo(self.path) as demo:
            wrong = re.sub(r"sha256=..", lambda m: "sha256=" + ("00" if m.group()[-2:] != "00" else "11"), demo.url)
            result = connect(wrong)
            self.assertEqual(result.returncode, 3)
            self.assertIn("certificate", result.stderr)
            self.assertEqual(connect(demo.url).returncode, 0)

    def test_an_unreachable_server_is_a_network_failure(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        result = connect(f"https://127.0.0.1:{port}/#token=x&sha256={'00' * 32}")
        self.assertEqual(result.returncode, 4)

    def test_wrong_usage_exits_with_its_code(self):
        self.assertEqual(connect("http://nothing").returncode, 2)
        self.assertEqual(connect("https://host/#token=x").returncode, 2)
        for port in ("65536", "-1", "8443x", ""):
            self.assertEqual(connect(f"https://host:{port}/#token=x&sha256={'00' * 32}").returncode, 2)
        for arguments in ([], ["nonsense"], ["demo", "--port", "x"]):
            self.assertEqual(subprocess.run([REDAN, *arguments], capture_output=True, check=False).returncode, 2)

    def test_a_command_that_does_not_exist_is_named(self):
        for arguments, words in ((["dem"], ("redan: no command 'dem'", "did you mean 'demo'?")),
                                 (["qqqq"], ("redan: no command 'qqqq'", "one of demo, connect, echo")),
                                 ([], ("redan: a command is missing", "one of demo")),
                                 (["turn", "credentail"], ("redan turn: no command 'credentail'", "did you mean 'credential'?")),
                                 (["amc", "instanc", "list"], ("redan amc: no command 'instanc'", "did you mean 'instance'?"))):
            result = subprocess.run([REDAN, *arguments], capture_output=True, text=True, check=False)
            self.assertEqual(result.returncode, 2, arguments)
            for word in words:
                self.assertIn(word, result.stderr)

    def test_a_configuration_file_is_checked_and_used(self):
        def redan(*arguments):
            return subprocess.run([REDAN, *arguments], capture_output=True, text=True, check=False, timeout=60)
        def write(text):
            path = pathlib.Path(self.path) / "redan.toml"
            path.write_text(text)
            return str(path)
        wrong = write('[gateway]\nlisten = "127.0.0.1:0"\nlocal-usr = ["root"]\n')
        result = redan("config", "check", wrong)
        self.assertEqual(result.returncode, 1)
        self.assertIn(wrong + ":3: [gateway] has no setting 'local-usr'; did you mean 'local-user'?", result.stderr)
        self.assertEqual(redan("--config", wrong, "gateway").returncode, 2)
        not_a_number = write('[gateway]\nmax-connections = "many"\n')
        self.assertIn("[gateway]: Could not convert", redan("config", "check", not_a_number).stderr)

        right = write(f'[common]\ndata-dir = "{self.path}/data"\njson = true\n[gateway]\nlisten = "127.0.0.1:0"\n')
        result = redan("config", "check", right)
        self.assertEqual((result.returncode, result.stdout), (0, right + ": right for gateway\n"))
        for address, extra in (("127.0.0.1", []), ("127.0.0.2", ["--listen", "127.0.0.2:0"])):
            with subprocess.Popen([REDAN, "--config", right, "gateway", *extra], stdout=subprocess.PIPE, text=True) as unit:
                said = json.loads(unit.stdout.readline())
                unit.terminate()
            self.assertTrue(said["url"].startswith(f"wss://{address}:"), said)

    def test_the_example_of_a_configuration_file_has_every_setting_and_is_right(self):
        text = subprocess.run([REDAN, "config", "example"], capture_output=True, text=True, check=True).stdout
        for line in ("[ams]", "[gateway]", "[agent]", "[runtime]", "[router]", '# listen = "127.0.0.1:8444"', "# nats = []"):
            self.assertIn("\n" + line, text)
        path = pathlib.Path(self.path) / "example.toml"
        path.write_text(text.replace("\n# requests-per-second = ", "\nrequests-per-second = ").split("[agent]")[0])
        result = subprocess.run([REDAN, "config", "check", str(path)], capture_output=True, text=True, check=False)
        self.assertEqual((result.returncode, result.stderr), (0, ""))

    def test_the_help_of_a_command_has_no_examples_of_another(self):
        text = subprocess.run([REDAN, "turn", "--help"], capture_output=True, text=True, check=True).stdout
        self.assertIn("coturn-config", text)
        self.assertNotIn("redan demo", text)

    def test_version_names_version_commit_backends_and_features(self):
        text = subprocess.run([REDAN, "--version"], capture_output=True, text=True, check=True).stdout
        self.assertRegex(text, r"^redan \d+\.\d+\.\d+( \([0-9a-f]{12}(-dirty)?\))?\ncrypto    openssl, mbedtls\nfeatures  ")
        facts = json.loads(subprocess.run([REDAN, "--version", "--json"], capture_output=True, text=True, check=True).stdout)
        self.assertEqual(set(facts), {"version", "commit", "crypto", "features"})
        self.assertIn("redan " + facts["version"], text)
        self.assertEqual(facts["crypto"], ["openssl", "mbedtls"])

    def test_echo_says_why_it_cannot_use_an_address(self):
        def echo(address):
            return subprocess.run([REDAN, "echo", "--bind", address], capture_output=True, text=True, input="", check=False)
        self.assertIn("192.0.2.77:0: Cannot assign requested address", echo("192.0.2.77").stderr)
        for wildcard in ("0.0.0.0", "::"):
            result = echo(wildcard)
            self.assertEqual(result.returncode, 2)
            self.assertIn("no peer can reach it", result.stderr)

    def test_the_demo_says_why_it_cannot_use_an_address(self):
        result = subprocess.run([REDAN, "demo", "--bind", "192.0.2.77", "--data-dir", self.path], capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1)
        self.assertIn("Cannot assign requested address", result.stderr)

    def test_units_say_at_once_why_they_cannot_listen(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            listen = f"127.0.0.1:{taken.getsockname()[1]}"
            agent = ["--ams", "https://127.0.0.1:1", "--ams-fingerprint", "00" * 32]
            for unit, options in (("ams", ["--isolation", "none"]), ("gateway", []), ("agent", agent)):
                folder = pathlib.Path(self.path) / unit
                folder.mkdir(mode=0o700)
                # The first start makes a key, which takes a while.
                first = subprocess.Popen([REDAN, unit, "--data-dir", folder, "--listen", "127.0.0.1:0", "--json", *options],
                                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
                first.stdout.readline()
                first.kill()
                first.communicate()
                start = time.monotonic()
                refused = subprocess.run([REDAN, unit, "--data-dir", folder, "--listen", listen, *options], capture_output=True, text=True,
                                         timeout=60, check=False)
                self.assertEqual(refused.returncode, 4, refused.stderr)
                self.assertIn(f"cannot listen on {listen}: bind: Address already in use\n", refused.stderr)
                self.assertLess(time.monotonic() - start, 5, unit)

    def test_help_has_examples_and_exit_codes_within_80_columns_of_prose(self):
        for arguments in ([], ["demo"], ["connect"], ["echo"]):
            text = subprocess.run([REDAN, *arguments, "--help"], capture_output=True, text=True, check=True).stdout
            self.assertIn("Examples", text)
        self.assertIn("Exit codes", subprocess.run([REDAN, "--help"], capture_output=True, text=True, check=True).stdout)

    def test_only_tls_1_3_is_accepted(self):
        with Demo(self.path) as demo:
            version, answer = get(demo, "/")
            self.assertEqual(version, "TLSv1.3")
            self.assertTrue(answer.startswith(b"HTTP/1.1 200"))
            with self.assertRaises((ssl.SSLError, ConnectionError)):
                get(demo, "/", ssl.TLSVersion.TLSv1_2)

    def test_only_the_page_is_served_and_its_policy_allows_only_itself(self):
        with Demo(self.path) as demo:
            for target in ("/", "/page.js", "/page.css", "/chart.js", "/stream.js", "/sealed.js", "/peer", "/peer.js"):
                _, answer = get(demo, target)
                self.assertTrue(answer.startswith(b"HTTP/1.1 200"), target)
                self.assertIn(b"Content-Security-Policy: default-src 'self'", answer)
                self.assertIn(b"X-Content-Type-Options: nosniff", answer)
            for target in ("/nothing", "/../etc/passwd", "/page.js/..", "//", "/%2e%2e/"):
                self.assertTrue(get(demo, target)[1].startswith(b"HTTP/1.1 404"), target)
            self.assertTrue(get(demo, "", request="POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")[1].startswith(b"HTTP/1.1 405"))

    def test_a_foreign_origin_gets_no_socket(self):
        request = ("GET /signal HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: https://evil.example\r\n\r\n")
        with Demo(self.path) as demo:
            self.assertTrue(get(demo, "", request=request)[1].startswith(b"HTTP/1.1 404"))

    def test_ill_formed_requests_are_refused(self):
        end = "Connection: close\r\n\r\n"
        with Demo(self.path) as demo:
            for status, request in ((505, "GET / HTTP/0.9\r\nHost: x\r\n" + end), (400, "GET / HTTP/1.1\r\n" + end),
                                    (400, "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n" + end),
                                    (431, "GET / HTTP/1.1\r\nHost: x\r\n" + "A: b\r\n" * 100 + end)):
                self.assertTrue(get(demo, "", request=request)[1].startswith(f"HTTP/1.1 {status}".encode()), request[:60])
            smuggled = "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
            self.assertNotIn(b"200 OK", get(demo, "", request=smuggled)[1])

    def test_a_silent_socket_is_closed(self):
        request = ("GET /signal HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n")
        with Demo(self.path) as demo:
            start = time.monotonic()
            self.assertTrue(get(demo, "", request=request, timeout=20)[1].startswith(b"HTTP/1.1 101"))
            self.assertLess(time.monotonic() - start, 15)

    def test_waits_when_file_descriptors_run_out(self):
        with Demo(self.path, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (24, 24))) as demo:
            crowd = [socket.create_connection(demo.address(), timeout=5) for _ in range(30)]
            time.sleep(0.5)
            before = demo.cpu_seconds()
            time.sleep(1)
            self.assertLess(demo.cpu_seconds() - before, 0.3)
            for one in crowd:
                one.close()
            time.sleep(0.5)
            self.assertTrue(get(demo, "/")[1].startswith(b"HTTP/1.1 200"))

    def test_oversized_headers_close_the_connection(self):
        with Demo(self.path) as demo:
            _, answer = get(demo, "", request="GET / HTTP/1.1\r\nHost: x\r\nX: " + "a" * 20000 + "\r\n\r\n")
            self.assertNotIn(b"200 OK", answer)
            self.assertEqual(connect(demo.url).returncode, 0)

    def test_the_key_is_kept_private_and_reused(self):
        with tempfile.TemporaryDirectory() as directory:
            with Demo(directory) as demo:
                first = demo.url.split("sha256=")[1]
            key = pathlib.Path(directory, "tls.pem")
            self.assertEqual(stat.S_IMODE(key.stat().st_mode), 0o600)
            with Demo(directory) as demo:
                self.assertEqual(demo.url.split("sha256=")[1], first)
            key.chmod(0o644)
            refused = subprocess.run([REDAN, "demo", "--bind", "127.0.0.1", "--port", "0", "--data-dir", directory], capture_output=True,
                                     text=True, timeout=30, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("chmod 600", refused.stderr)
            key.chmod(0o600)
            key.write_text("nonsense")
            refused = subprocess.run([REDAN, "demo", "--bind", "127.0.0.1", "--port", "0", "--data-dir", directory], capture_output=True,
                                     text=True, timeout=30, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("damaged", refused.stderr)

    def test_a_new_directory_is_private_and_an_existing_one_unchanged(self):
        with tempfile.TemporaryDirectory() as directory:
            os.chmod(directory, 0o755)
            made = pathlib.Path(directory, "a", "made")
            for path in (directory, made):
                with Demo(f"{path}/"):
                    pass
            self.assertEqual(stat.S_IMODE(os.stat(directory).st_mode), 0o755)
            self.assertEqual(stat.S_IMODE(made.stat().st_mode), 0o700)

    def test_signals_stop_it_cleanly(self):
        for number in (signal.SIGINT, signal.SIGTERM):
            with Demo(self.path) as demo:
                start = time.monotonic()
                demo.process.send_signal(number)
                self.assertEqual(demo.process.wait(timeout=5), 0)
                self.assertLess(time.monotonic() - start, 2)

    def test_a_port_in_use_is_reported(self):
        with Demo(self.path) as demo:
            _, port = demo.address()
            refused = subprocess.run([REDAN, "demo", "--bind", "127.0.0.1", "--port", str(port), "--data-dir", self.path],
                                     capture_output=True, text=True, timeout=30, check=False)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("--port", refused.stderr)

    def test_echo_refuses_invalid_input_and_names_the_line(self):
        refused = subprocess.run([REDAN, "echo"], input="v=0\nrubbish\n", capture_output=True, text=True, timeout=10, check=False)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("line 2", refused.stderr)


if __name__ == "__main__":
    os.environ.pop("XDG_STATE_HOME", None)
    unittest.main(verbosity=1)
