#!/usr/bin/env python3
"""redan amc as people type it who know Anbox Cloud's: documented spellings, flags, tables and formats. Usage:
amc_documented_test.py REDAN"""
import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "support"), str(HERE.parent / "interop/ams_sdk")]

import archives  # noqa: E402
import control_plane  # noqa: E402

REDAN = sys.argv.pop(1)


def columns(table):
    """The titles of a table, with or without a frame."""
    line = next(line for line in table.splitlines() if re.search("[A-Z]", line) and not line.startswith("+"))
    if "|" in line:
        return [cell.strip() for cell in line.strip().strip("|").split("|")]
    return re.split(r"\s{2,}", line.strip())


class Documented(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="redan-amc-documented-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.ams = control_plane.Ams(REDAN, cls.folder)
        cls.addClassCleanup(cls.ams.stop)
        archives.write_all(cls.folder)
        cls.amc("application", "create", str(cls.folder / "tool.tar.bz2"))

    @classmethod
    def amc(cls, *words, given=None, code=0):
        done = subprocess.run([REDAN, "amc", "--socket", str(cls.ams.socket), *words], input=given, capture_output=True, text=True, timeout=120, check=False)
        if code is not None and done.returncode != code:
            raise AssertionError(f"amc {' '.join(words)}: {done.returncode}, not {code}: {done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *words):
        return json.loads(self.amc(*words, "--format", "json"))

    def launched(self, name, *more):
        self.amc("launch", "tool", "--name", name, *more)
        self.addCleanup(lambda: self.amc("delete", name, "--yes", "--force"))
        return name

    def test_lists_have_the_documented_columns(self):
        self.launched("columns", "--no-wait")
        for words, titles in {
            ("list",): ["ID", "NAME", "APPLICATION", "TYPE", "STATUS", "NODE", "ADDRESS", "ENDPOINTS"],
            ("ls",): ["ID", "NAME", "APPLICATION", "TYPE", "STATUS", "NODE", "ADDRESS", "ENDPOINTS"],
            ("application", "list"): ["ID", "NAME", "INSTANCE TYPE", "ADDONS", "TAGS", "PUBLISHED", "STATUS", "LAST UPDATED"],
            ("image", "list"): ["ID", "NAME", "STATUS", "VERSIONS", "ARCHITECTURE", "DEFAULT"],
            ("addon", "list"): ["NAME", "VERSIONS", "USED BY"],
            ("node", "list"): ["NAME", "ADDRESS", "PUBLIC ADDRESS", "STATUS", "ARCHITECTURE"],
            ("config", "trust", "list"): ["FINGERPRINT", "COMMON NAME", "ISSUE DATE", "EXPIRY DATE"],
            ("auth", "group", "list"): ["NAME", "IDENTITIES", "CREATED AT", "UPDATED AT"],
            ("auth", "identity", "list"): ["ID", "AUTHENTICATION TYPE", "NAME", "IDENTIFIER", "GROUPS"],
            ("auth", "permissions", "list"): ["RESOURCE TYPE", "RESOURCE ID", "ENTITLEMENTS"],
        }.items():
            with self.subTest(words):
                self.assertEqual(columns(self.amc(*words)), titles)

    def test_formats_are_table_json_and_csv(self):
        self.launched("formats", "--no-wait")
        self.assertIn("formats", [one["name"] for one in self.json("list")])
        rows = list(csv.reader(io.StringIO(self.amc("list", "--format", "csv"))))
        self.assertIn("formats", [cell for row in rows for cell in row])
        self.assertEqual(len({len(row) for row in rows}), 1)
        self.amc("list", "--format", "nothing", code=2)

    def test_filters_narrow_a_list(self):
        self.launched("filtered", "--tags", "a,b")
        named = lambda *filters: [one["name"] for one in self.json("list", *[word for one in filters for word in ("--filter", one)])]  # noqa: E731
        self.assertIn("filtered", named("status=running"))
        self.assertIn("filtered", named("app=tool", "tags=a"))
        self.assertNotIn("filtered", named("status=error"))
        self.assertNotIn("filtered", named("app=other"))

    def test_an_instance_lives_as_documented(self):
        self.amc("launch", "tool", "--name", "lives", "--display-size", "640x480", "--fps", "30", "--display-density", "160", "--tags", "x")
        shown = self.json("show", "lives")
        self.assertEqual((shown["name"], shown["status"]), ("lives", "running"))
        self.assertIn("status: running", self.amc("show", "lives"))
        self.amc("wait", "lives", "-c", "status=running", "--timeout", "10s")
        self.assertEqual(self.amc("exec", "lives", "--", "echo", "out"), "out\n")
        self.amc("exec", "lives", "--", "sh", "-c", "exit 3", code=3)
        self.assertTrue(self.amc("logs", "lives"))
        self.amc("stop", "lives")
        self.assertEqual(self.json("show", "lives")["status"], "stopped")
        self.amc("start", "lives")
        self.amc("restart", "lives")
        self.amc("set", "lives", "security.delete_protected", "true")
        self.amc("delete", "lives", "--yes", code=3)
        self.amc("set", "lives", "security.delete_protected", "false")
        self.amc("delete", "lives", "--yes")
        self.assertNotIn("lives", self.amc("list"))

    def test_a_deletion_asks_first(self):
        self.launched("asked", "--no-wait")
        self.amc("delete", "asked", given="n\n", code=None)
        self.assertIn("asked", self.amc("list"))

    def test_init_does_not_start(self):
        self.amc("init", "tool", "--name", "initial")
        self.addCleanup(lambda: self.amc("delete", "initial", "--yes"))
        self.assertEqual(self.json("show", "initial")["status"], "created")

    def test_flags_for_android_are_refused_by_name(self):
        for flags, name in ((["--vm"], "vm"), (["--devmode"], "devmode"), (["--metrics-server", "x"], "metrics_server"), (["--features", "x"], "features")):
            with self.subTest(name):
                done = self.ams.amc("launch", "tool", *flags, check=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(name, done.stdout + done.stderr)

    def test_an_application_is_created_from_a_folder(self):
        source = self.folder / "source"
        (source / "hooks").mkdir(parents=True)
        (source / "manifest.yaml").write_text("name: from-folder\ntags: [a]\nresources: {cpus: 1, memory: 3GB, disk-size: 3GB}\n")
        self.amc("application", "create", str(source))
        self.amc("application", "update", "from-folder", str(source))
        self.amc("application", "set", "from-folder", "tags", "b,c")
        shown = self.json("application", "show", "from-folder")
        self.assertEqual(shown["name"], "from-folder")
        self.amc("application", "revoke", "from-folder", "1")
        self.amc("application", "publish", "from-folder", "1")
        self.assertIn("from-folder", [one["name"] for one in self.json("application", "list", "--filter", "tags=b")])
        self.amc("application", "delete", "from-folder", "--yes", "--version", "0")
        self.amc("application", "delete", "from-folder", "--yes")

    def test_images_and_addons(self):
        self.amc("image", "add", "jammy", str(self.folder / "image.tar.xz"), "--default")
        self.amc("image", "update", "jammy", str(self.folder / "image-2.tar.xz"))
        self.assertEqual(self.json("image", "show", "jammy")["name"], "jammy")
        self.amc("image", "delete", "jammy", "--version", "1", "--yes")
        self.amc("image", "delete", "jammy", "--yes", "--force")
        self.amc("addon", "add", "ssh", str(self.folder / "addon.zip"))
        self.amc("addon", "update", "ssh", str(self.folder / "addon.tar.bz2"))
        self.assertEqual(self.json("addon", "show", "ssh")["name"], "ssh")
        self.amc("addon", "delete", "ssh", "--version", "1", "--yes")
        self.amc("addon", "delete", "ssh", "--yes")

    def test_nodes_and_settings(self):
        self.amc("node", "add", "second", "192.0.2.2", "--unmanaged", "--tags", "far")
        self.amc("node", "set", "second", "cpus", "8")
        self.amc("node", "set", "second", "unschedulable", "true")
        self.assertIn("unschedulable: true", self.amc("node", "show", "second"))
        self.amc("node", "remove", "second", "--yes")
        self.amc("config", "set", "application.max_published_versions", "4")
        self.assertRegex(self.amc("config", "show"), r"application\.max_published_versions: \"?4")
        self.assertIn("api_version", self.amc("info"))

    def test_groups_and_identities(self):
        certificate = self.folder / "someone.pem"
        made = self.ams.identity(self.folder, "someone", role=None)
        subprocess.run(["openssl", "x509", "-in", str(made), "-out", str(certificate)], check=True)
        self.amc("auth", "group", "create", "watchers", "--description", "those who look")
        self.amc("auth", "group", "permission", "add", "watchers", "server", "--permissions", "can_view_config,can_view_tasks")
        self.amc("auth", "group", "permission", "delete", "watchers", "server", "server", "--permissions", "can_view_tasks")
        self.amc("auth", "identity", "create", "tls/someone", "-", given=certificate.read_text())
        identity = next(one for one in self.json("auth", "identity", "list") if one["name"] == "someone")
        self.amc("auth", "identity", "group", "add", identity["id"], "--groups", "watchers")
        self.assertIn("watchers", self.amc("auth", "identity", "show", identity["id"]))
        self.amc("auth", "identity", "group", "delete", identity["id"], "--groups", "watchers")
        self.amc("auth", "identity", "delete", identity["id"], "--yes")
        self.amc("auth", "group", "delete", "watchers", "--yes")

    def test_completion_is_printed_for_each_shell(self):
        for shell, word in {"bash": "complete", "zsh": "compdef", "fish": "complete"}.items():
            with self.subTest(shell):
                script = self.amc("completion", shell)
                self.assertIn(word, script)
                self.assertIn("launch", script)
        checked = subprocess.run(["bash", "-n"], input=self.amc("completion", "bash"), capture_output=True, text=True, check=False)
        self.assertEqual((checked.returncode, checked.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
