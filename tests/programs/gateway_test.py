#!/usr/bin/env python3
"""Runs the administration commands of `redan gateway` against a gateway without agents. Usage: gateway_test.py REDAN"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

REDAN = sys.argv.pop(1)


class Administration(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.unit = subprocess.Popen([REDAN, "gateway", "--data-dir", cls.folder.name, "--listen", "127.0.0.1:0", "--json"],
                                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        json.loads(cls.unit.stdout.readline())  # it listens

    @classmethod
    def tearDownClass(cls):
        cls.unit.terminate()
        cls.unit.wait(30)
        cls.unit.stdout.close()
        cls.folder.cleanup()

    def run_it(self, *arguments, directory=None):
        return subprocess.run([REDAN, "gateway", *arguments, "--data-dir", directory or self.folder.name],
                              capture_output=True, text=True, timeout=60, check=False,
                              env={**os.environ, "COLUMNS": "80"})

    def ask(self, *arguments):
        done = self.run_it(*arguments)
        self.assertEqual((done.returncode, done.stderr), (0, ""), arguments)
        return done.stdout

    def test_an_account_is_created_listed_with_its_limits_and_deleted(self):
        made = self.run_it("account", "create", "web.shop-" + "x" * 50, "--allow", "read", "--allow", "create", "--max-sessions", "7")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.assertEqual(len(made.stdout.split()), 1)
        listed = self.ask("account", "list")
        self.assertIn("web.shop-", listed)
        self.assertIn("read,create", listed)
        for line in listed.splitlines():
            self.assertLessEqual(len(line), 80, line)
        account = json.loads(self.ask("account", "list", "--json"))[0]
        self.assertEqual((account["max_sessions"], account["max_shares"], account["allow"]), (7, 100, ["read", "create"]))
        self.ask("account", "delete", account["name"])
        self.assertEqual(json.loads(self.ask("account", "list", "--json")), [])

    def test_lists_without_elements_have_a_head(self):
        self.assertEqual(self.ask("session", "list").split(), ["ID", "APPLICATION", "REGION", "STATUS", "JOINABLE"])
        self.assertEqual(self.ask("share", "list").split(), ["ID", "SESSION", "EXPIRES", "DESCRIPTION"])
        self.assertEqual(json.loads(self.ask("session", "list", "--status", "active", "--json")), [])

    def test_what_does_not_exist_is_exit_code_1(self):
        for arguments in (("session", "show", "none"), ("session", "delete", "none"), ("share", "create", "none"),
                          ("share", "show", "none"), ("share", "update", "none", "--description", "x"),
                          ("share", "delete", "none"), ("account", "delete", "none")):
            done = self.run_it(*arguments)
            self.assertEqual(done.returncode, 1, (arguments, done.stdout, done.stderr))
            self.assertTrue(done.stderr.startswith("redan gateway: "), done.stderr)

    def test_wrong_usage_is_exit_code_2(self):
        for arguments in (("session",), ("session", "show"), ("session", "list", "--status", "happy"), ("share", "create"),
                          ("share", "create", "x", "--expires-in", "0"), ("account", "create", "a", "--allow", "fly")):
            self.assertEqual(self.run_it(*arguments).returncode, 2, arguments)

    def test_no_gateway_is_exit_code_4(self):
        with tempfile.TemporaryDirectory() as empty:
            done = self.run_it("session", "list", directory=str(pathlib.Path(empty)))
            self.assertEqual(done.returncode, 4, done.stderr)

    def test_help_has_examples_and_exit_codes_within_80_columns(self):
        for group in ("account", "session", "share"):
            text = self.ask(group, "--help")
            self.assertIn("Examples:", text)
            self.assertIn("Exit codes:", text)
            for line in text.splitlines():
                self.assertLessEqual(len(line), 80, line)


if __name__ == "__main__":
    unittest.main()
