#!/usr/bin/env python3
"""What ./dev installs, with Debian's programs replaced by scripts that record their calls. Usage: set_up_test.py INSTALL"""
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

INSTALL = pathlib.Path(sys.argv.pop(1)).resolve()

# Each works on files of $REDAN_INSTALL_ROOT: installed, available, and calls, which it extends.
SCRIPTS = {
    "dpkg-query": r"""
case "$1" in
  -S) case "$2" in */systemd-* | */getty@.service) echo "systemd: /lib/$2" ;; *) echo "coturn: /lib/$2" ;; esac ;;
  *) sed 's/$/ installed/' "$REDAN_INSTALL_ROOT/installed" ;;
esac""",
    "apt-cache": r"""
if grep -qx "$2" "$REDAN_INSTALL_ROOT/available"; then printf '%s:\n  Candidate: 1.0\n' "$2"; else printf '%s:\n  Candidate: (none)\n' "$2"; fi""",
    "apt-get": r"""
case "$*" in
  *--assume-no*) printf 'Need to get 9 MB of archives.\nAfter this operation, 27 MB of additional disk space will be used.\n' ;;
  install*)
    echo "apt-get $*" >> "$REDAN_INSTALL_ROOT/calls"
    "$REDAN_INSTALL_ROOT/usr/sbin/policy-rc.d" coturn start; echo "policy says $?" >> "$REDAN_INSTALL_ROOT/calls"
    for unit in coturn.service systemd-timesyncd.service getty@tty1.service; do
      ln -s /nowhere "$REDAN_INSTALL_ROOT/etc/systemd/system/multi-user.target.wants/$unit"
    done ;;
esac""",
    "systemctl": r"""
case "$1" in is-active) exit 3 ;; esac
echo "systemctl $*" >> "$REDAN_INSTALL_ROOT/calls" """,
    "id": "echo 0",
}


class SetUp(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.wants = self.root / "etc/systemd/system/multi-user.target.wants"
        self.policy = self.root / "usr/sbin/policy-rc.d"
        for path in (self.wants, self.policy.parent, self.root / "bin"):
            path.mkdir(parents=True)
        for name, script in SCRIPTS.items():
            (self.root / "bin" / name).write_text("#!/bin/sh" + ("" if script.startswith("\n") else "\n") + script + "\n", encoding="ascii")
            (self.root / "bin" / name).chmod(0o755)
        (self.wants / "ssh.service").symlink_to("/nowhere")

    def install(self, packages, installed=(), available=(), required=False):
        (self.root / "installed").write_text("\n".join(installed) + "\n", encoding="ascii")
        (self.root / "available").write_text("\n".join(available) + "\n", encoding="ascii")
        environment = {**os.environ, "PATH": f"{self.root}/bin:/usr/bin:/bin", "REDAN_INSTALL_ROOT": str(self.root)}
        return subprocess.run([INSTALL, *(["required"] if required else [])], input="".join(f"{name} a reason\n" for name in packages),
                              env=environment, capture_output=True, text=True, check=False)

    def calls(self):
        file = self.root / "calls"
        return file.read_text(encoding="ascii").splitlines() if file.exists() else []

    def test_nothing_is_called_when_all_is_there(self):
        result = self.install(["coturn", "a|b"], installed=["b", "coturn"])
        self.assertEqual((result.returncode, result.stdout, self.calls()), (0, "", []))

    def test_it_says_what_why_and_how_much(self):
        result = self.install(["coturn", "here"], installed=["here"], available=["coturn"])
        self.assertIn("missing: coturn", result.stdout)
        self.assertIn("a reason", result.stdout)
        self.assertIn("Need to get 9 MB", result.stdout)
        self.assertIn("27 MB of additional disk space", result.stdout)
        self.assertNotIn("missing: here", result.stdout)

    def test_the_first_name_that_the_distribution_has_is_taken(self):
        self.install(["old|new|newest"], available=["new", "newest"])
        self.assertIn("apt-get install -y -qq --no-install-recommends new", self.calls())

    def test_a_package_that_the_distribution_lacks_is_named_and_left_out(self):
        result = self.install(["strange", "coturn"], available=["coturn"])
        self.assertEqual(result.returncode, 0)
        self.assertIn("not in this distribution: strange", result.stdout)
        self.assertIn("apt-get install -y -qq --no-install-recommends coturn", self.calls())

    def test_a_required_package_that_the_distribution_lacks_is_an_error(self):
        result = self.install(["strange", "coturn"], available=["coturn"], required=True)
        self.assertEqual((result.returncode, self.calls()), (1, []))

    def test_no_service_is_started_while_packages_are_installed(self):
        self.install(["coturn"], available=["coturn"])
        self.assertIn("policy says 101", self.calls())
        self.assertFalse(self.policy.exists())

    def test_a_policy_of_the_machine_is_kept(self):
        self.policy.write_text("#!/bin/sh\nexit 42\n", encoding="ascii")
        self.policy.chmod(0o755)
        self.install(["coturn"], available=["coturn"])
        self.assertIn("policy says 42", self.calls())
        self.assertTrue(self.policy.exists())

    def test_a_newly_enabled_service_is_disabled_and_named(self):
        result = self.install(["coturn"], available=["coturn"])
        self.assertEqual([call for call in self.calls() if call.startswith("systemctl")], ["systemctl disable --quiet coturn.service"])
        self.assertIn("neither started nor enabled: coturn.service", result.stdout)


if __name__ == "__main__":
    unittest.main(verbosity=2)
