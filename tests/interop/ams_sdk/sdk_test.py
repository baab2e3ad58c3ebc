#!/usr/bin/env python3
"""A client in the manner of the public Go SDK against a running AMS. Usage: sdk_test.py REDAN [options of ams_sdk_test]"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "support"))

import archives  # noqa: E402
import control_plane  # noqa: E402

REDAN, OPTIONS = sys.argv[1], sys.argv[2:]
SKIPPED = 77


def build(folder):
    program = folder / "ams_sdk_test"
    offline = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GO111MODULE": "on", "GOCACHE": str(cache())}
    subprocess.run(["go", "test", "./shape"], cwd=HERE, env=offline, check=True)
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=HERE, env=offline, check=True)
    return program


def cache():
    return pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path(os.environ.get("HOME", "/tmp")) / ".cache") / "go-build"


def run(program, ams, folder, *more):
    identity = ams.identity(folder, "administrator")
    archives.write_all(folder)
    shutil.copy(ams.identity(folder, "other", role=None), folder / "other.pem")
    done = subprocess.run([str(program), "-url", ams.url, "-cert", str(identity), "-key", str(identity), "-files", str(folder),
                           "-shapes", str(HERE / "shapes.json"), *more, *OPTIONS], check=False)
    if done.returncode:
        print(f"the end of AMS's log:\n{ams.log()[-3000:]}")
    return done.returncode


def main():
    if not shutil.which("go"):
        print("skipped: Go is not installed (golang-go)")
        return SKIPPED
    with tempfile.TemporaryDirectory(prefix="redan-sdk-") as name:
        folder = pathlib.Path(name)
        program = build(folder)
        if not control_plane.NATS:
            print("without shares: they need an agent and a gateway, and those nats-server, which is not installed")
            with control_plane.Ams(REDAN, folder) as ams:
                return run(program, ams, folder)
        plane = control_plane.ControlPlane(REDAN, folder)
        try:
            return run(program, plane.ams, folder, "-agent")
        finally:
            plane.stop()


if __name__ == "__main__":
    sys.exit(main())
