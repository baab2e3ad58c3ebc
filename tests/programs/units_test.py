#!/usr/bin/env python3
"""systemd accepts the units of contrib/systemd, and rates them as well isolated."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

REDAN = pathlib.Path(sys.argv.pop(1)).resolve()
FOLDER = pathlib.Path(__file__).resolve().parent.parent.parent / "contrib/systemd"
ANALYZE = shutil.which("systemd-analyze")
MOST_EXPOSED = 25  # of 100; an ordinary service has more than 90
# It makes the namespaces of its instances.
MOST_EXPOSED_OF = {"redan-ams.service": 30}


@unittest.skipUnless(ANALYZE, "systemd-analyze is not installed")
class Units(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.units = []
        for template in sorted(FOLDER.glob("*.service.in")):
            unit = pathlib.Path(folder.name) / template.name.removesuffix(".in")
            unit.write_text(template.read_text().replace("@bindir@", str(REDAN.parent)))
            self.units.append(unit)

    def test_each_service_has_a_unit(self):
        self.assertEqual([unit.name for unit in self.units],
                         ["redan-agent.service", "redan-ams.service", "redan-gateway.service"])

    def test_systemd_accepts_them(self):
        for unit in self.units:
            done = subprocess.run([ANALYZE, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
            said = [line for line in (done.stdout + done.stderr).splitlines() if "redan" in line]
            self.assertEqual((done.returncode, said), (0, []), unit.name)

    def test_systemd_rejects_an_invalid_unit(self):
        self.units[0].write_text(self.units[0].read_text().replace("ExecStart=", "ExecStart=/nowhere"))
        done = subprocess.run([ANALYZE, "verify", "--man=no", self.units[0]], capture_output=True, text=True, check=False)
        self.assertNotEqual(done.returncode, 0)

    def test_units_are_sandboxed(self):
        for unit in self.units:
            done = subprocess.run([ANALYZE, "security", "--offline=true", f"--threshold={MOST_EXPOSED_OF.get(unit.name, MOST_EXPOSED)}", unit],
                                  capture_output=True, text=True, check=False)
            level = re.search(r"Overall exposure level.*", done.stdout)
            self.assertEqual(done.returncode, 0, (unit.name, level and level.group(0), done.stderr))

    def test_each_unit_has_its_own_user(self):
        users = (FOLDER / "redan.sysusers").read_text()
        for unit in self.units:
            user = re.search(r"^User=(.*)$", unit.read_text(), re.M).group(1)
            self.assertIn(f"u {user} ", users)
            self.assertEqual(unit.name, f"{user}.service")

    def test_units_use_existing_options(self):
        for unit in self.units:
            command = re.search(r"^ExecStart=(\S+ \S+) --data-dir", unit.read_text(), re.M).group(1).split()
            text = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
            self.assertIn("--data-dir", text)


if __name__ == "__main__":
    unittest.main()
