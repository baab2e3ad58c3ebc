#!/usr/bin/env python3
"""redan-ams.service under a real systemd: a Debian that debootstrap installs, as a container of LXD. Needs root, a
mirror of Debian and some minutes, so it runs only as `./dev test systemd`. Usage: systemd_test.py REDAN"""
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

REDAN = pathlib.Path(sys.argv.pop(1)).resolve()
UNIT = pathlib.Path(__file__).resolve().parents[2] / "contrib/systemd/redan-ams.service.in"
NEEDED = ("debootstrap", "lxd", "lxc", "strip")
PACKAGES = "systemd,systemd-sysv,bubblewrap,procps"


def run(*command, timeout=120, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=timeout, stdin=subprocess.DEVNULL, **options)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


class Debian:
    """A container "box" with systemd, the program and the unit."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="redan-systemd-"))
        self.folder.chmod(0o711)
        self.environment = dict(os.environ, LXD_DIR=str(self.folder / "lxd"), LXD_CONF=str(self.folder / "conf"))
        self.lxd = None

    def start(self):
        self.install()
        (self.folder / "lxd").mkdir(mode=0o711)
        # Its mounts are private, and disappear with it.
        self.lxd = subprocess.Popen(["unshare", "--mount", "--propagation", "private", "lxd", "--group", "root"],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self.environment)
        self.lxc("query", "/1.0", attempts=60)
        self.lxc("storage", "create", "default", "dir")
        self.lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default")
        self.lxc("image", "import", str(self.folder / "image.tar"), "--alias", "debian")
        self.lxc("init", "debian", "box", "-c", "security.privileged=true", "-c", "security.nesting=true")
        self.lxc("start", "box")
        self.lxc("exec", "box", "--", "systemctl", "is-system-running", "--wait", attempts=20)
        # LXD covers parts of /proc, and offers another one to sandboxes; a machine has one, with nothing before it.
        self.inside("umount /dev/.lxc/proc; for part in $(grep -o ' /proc/[^ ]*' /proc/self/mounts | sort -r); do umount $part; done; "
                    "mount -o remount,bind,rw /proc/sys 2>/dev/null; true")

    def install(self):
        root = self.folder / "rootfs"
        run("debootstrap", "--variant=minbase", f"--include={PACKAGES}", "bookworm", str(root), timeout=900)
        shutil.copy(REDAN, root / "usr/bin/redan")
        run("strip", str(root / "usr/bin/redan"))
        for library in re.findall(r"/\S+", run("ldd", str(REDAN))):
            target = root / library.lstrip("/")
            if not target.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(library, target)
        (root / "etc/systemd/system/redan-ams.service").write_text(UNIT.read_text().replace("@bindir@", "/usr/bin"))
        run("chroot", str(root), "useradd", "-r", "redan-ams")
        options = root / "etc/redan/ams/options"
        options.parent.mkdir(parents=True)
        options.write_text("OPTIONS=--isolation=required\n")
        (self.folder / "metadata.yaml").write_text(f"architecture: {os.uname().machine}\ncreation_date: 1\n")
        run("tar", "-C", str(self.folder), "-cf", str(self.folder / "image.tar"), "metadata.yaml", "rootfs")

    def lxc(self, *words, attempts=1):
        for left in reversed(range(attempts)):
            try:
                return run("lxc", *words, env=self.environment)
            except AssertionError:
                if not left:
                    raise
                time.sleep(0.5)

    def inside(self, script):
        return self.lxc("exec", "box", "--env", "HOME=/root", "--", "sh", "-c", script)

    def stop(self):
        if self.lxd:
            subprocess.run(["lxc", "delete", "--force", "box"], env=self.environment, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=120)
            self.lxd.send_signal(signal.SIGPWR)
            self.lxd.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)


class TheUnitOfAms(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        missing = [program for program in NEEDED if not shutil.which(program)]
        if os.geteuid() != 0 or missing:
            raise unittest.SkipTest("needs root" if os.geteuid() != 0 else f"not installed: {', '.join(missing)}")
        cls.debian = Debian()
        cls.addClassCleanup(cls.debian.stop)
        cls.debian.start()
        cls.debian.inside("systemctl start redan-ams")
        cls.wait_for_ams()
        cls.debian.inside("redan amc application create demo && redan amc launch demo --name one")

    @classmethod
    def wait_for_ams(cls):
        cls.debian.lxc("exec", "box", "--", "redan", "amc", "info", attempts=120)

    def test_isolates_its_instances(self):
        log = self.debian.inside("journalctl -u redan-ams --no-pager -o cat")
        self.assertIn("instances are isolated: ", log)
        self.assertNotIn("NOT isolated", log)

    def test_commands_see_the_instance_alone(self):
        seen = self.debian.inside("redan amc exec one -- sh -c 'hostname; ls /etc/redan /var/lib/redan-ams 2>&1; ls /proc | grep -c ^[0-9]'")
        self.assertRegex(seen, r"^instance\n")
        self.assertEqual(seen.count("No such file"), 2, seen)
        self.assertLess(int(seen.split()[-1]), 10, seen)

    def test_instances_outlive_a_restart(self):
        before = self.debian.inside("redan amc exec one -- cat /proc/1/stat").split()[21]
        self.debian.inside("systemctl restart redan-ams")
        self.wait_for_ams()
        self.assertEqual(self.debian.inside("redan amc exec one -- cat /proc/1/stat").split()[21], before)


if __name__ == "__main__":
    unittest.main(verbosity=2)
