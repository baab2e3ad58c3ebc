"""Machines on one network, each a namespace with addresses, /etc, /var/lib and an installed Redan of its own, and their
services as systemd would start them. To be used inside namespaces.enter(): everything is gone with the test."""
import pathlib
import re
import shutil
import subprocess
import time

FOLDER = pathlib.Path("/run/redan-kit")
SOURCE = pathlib.Path(__file__).resolve().parents[2]
BRIDGE = "machines"


def run(*arguments, check=True, timeout=180, binary=False, **more):
    done = subprocess.run([str(one) for one in arguments], capture_output=True, text=not binary, timeout=timeout, check=False, **more)
    if check and done.returncode != 0:
        raise AssertionError(f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return done


def wait_for(condition, what, timeout=120):
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {timeout} s: {what() if callable(what) else what}")


def has_networks():
    """Whether the kernel supports make_network() and Machine."""
    made = [run("ip", "link", "add", "probe", "type", kind, check=False).returncode == 0 and bool(run("ip", "link", "del", "probe"))
            for kind in ("bridge", "veth")]
    return all(made)


def make_network(address):
    """The network, on which the test itself has an address, and the files to install on machines."""
    run("mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    FOLDER.mkdir()
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", BRIDGE, "type", "bridge")
    run("ip", "addr", "add", f"{address}/24", "dev", BRIDGE)
    run("ip", "link", "set", BRIDGE, "up")


def install(redan):
    """The files that `meson install` puts below /usr/local."""
    local = FOLDER / "local"
    for folder in ("bin", "lib/sysusers.d", "lib/systemd/system", "share/doc/redan"):
        (local / folder).mkdir(parents=True)
    (local / "bin/redan").touch()
    run("mount", "--bind", redan, local / "bin/redan")
    shutil.copytree(SOURCE / "contrib/three-machines", local / "share/doc/redan/three-machines")
    shutil.copy(SOURCE / "contrib/systemd/redan.sysusers", local / "lib/sysusers.d/redan.conf")
    for template in (SOURCE / "contrib/systemd").glob("*.service.in"):
        text = template.read_text(encoding="utf-8").replace("@bindir@", "/usr/local/bin")
        (local / "lib/systemd/system" / template.name.removesuffix(".in")).write_text(text, encoding="utf-8")


# The state after package installation: configurations, and folders of users.
SETUP = """
set -e
hostname "$1"
cp -a /etc "$2/etc" && mount --bind "$2/etc" /etc
mkdir "$2/lib" && install -d -o etcd -g etcd -m 0700 "$2/lib/etcd"
if [ -d /var/lib/turn ]; then cp -a /var/lib/turn "$2/lib/"; fi
mount --bind "$2/lib" /var/lib
mount --rbind "$3" /usr/local
mount -t tmpfs tmpfs /tmp && mount -t tmpfs tmpfs /var/tmp
touch "$2/ready"
exec sleep infinity
"""


class Machine:
    def __init__(self, name, *addresses):
        self.name = name
        self.folder = FOLDER / name
        self.folder.mkdir()
        self.services = {}
        arguments = ["unshare", "--net", "--mount", "--uts", "sh", "-c", SETUP, "sh", name, self.folder, FOLDER / "local"]
        self.process = subprocess.Popen([str(one) for one in arguments])
        wait_for((self.folder / "ready").exists, f"machine {name}")
        run("ip", "link", "add", f"to-{name}", "type", "veth", "peer", "name", "eth0", "netns", str(self.process.pid))
        run("ip", "link", "set", f"to-{name}", "master", BRIDGE, "up")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "link", "set", "eth0", "up")
        for address in addresses:
            self.run("ip", "addr", "add", f"{address}/24", "dev", "eth0")

    def route(self, network):
        self.run("ip", "route", "add", network, "dev", "eth0")

    def command(self, *arguments):
        return ["nsenter", "--target", str(self.process.pid), "--net", "--mount", "--uts", "--", *(str(one) for one in arguments)]

    def run(self, *arguments, **more):
        return run(*self.command(*arguments), **more)

    def start_on_network(self, *arguments):
        """A program of the test, with the addresses of this machine and the files of the test."""
        return subprocess.Popen(["nsenter", "--target", str(self.process.pid), "--net", "--", *arguments], stdout=subprocess.PIPE,
                                text=True)

    def path(self, name):
        """The path of a file of this machine for the test."""
        for inside, outside in (("/etc/", "etc"), ("/var/lib/", "lib")):
            if name.startswith(inside):
                return self.folder / outside / name.removeprefix(inside)
        raise ValueError(name)

    def stop(self):
        for process in [*(service.process for service in self.services.values()), self.process]:
            process.kill()
            process.wait()

    def systemctl_start(self, unit):
        """With the user, the environment and the command of the unit's file. tests/programs/units_test.py
        covers the other sandboxing."""
        service = self.services[unit] = Service(self, unit)
        return service


class Service:
    FOLDERS = ("/usr/local/lib/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")

    def __init__(self, machine, unit):
        self.unit = unit
        file = next(one for folder in self.FOLDERS if (one := self.file(folder, unit)).exists())
        self.settings = {}
        for key, value in re.findall(r"^(\w+)=(.*)$", file.read_text(encoding="utf-8"), re.M):
            self.settings.setdefault(key, []).append(value.replace("%H", machine.name).replace("%p", unit))
        self.log_file = machine.folder / f"{unit}.log"
        self.command = machine.command("sh", "-c", self.script())
        self.start()

    def start(self):
        with self.log_file.open("a", encoding="utf-8") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)

    @staticmethod
    def file(folder, unit):
        inside = folder.removeprefix("/usr/local/")
        return (FOLDER / "local" / inside if inside != folder else pathlib.Path(folder)) / f"{unit}.service"

    def script(self):
        user = self.settings["User"][0]
        lines = ["set -ea", f"umask {self.settings.get('UMask', ['0022'])[0]}"]
        lines += [f"install -d -o {user} -g {user} -m 0700 /var/lib/{one}" for one in self.settings.get("StateDirectory", [])]
        lines += [one if one.partition("=")[2] else one + "''" for one in self.settings.get("Environment", [])]
        lines += [f". {one.removeprefix('-')}" for one in self.settings.get("EnvironmentFile", [])]
        lines.append(f"exec setpriv --reuid {user} --regid {user} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "
                     + self.settings["ExecStart"][0])
        return "\n".join(lines)

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def says(self, words):
        """Waits until it listens; if it ends before, it is restarted if its unit requires it."""
        def said():
            if self.process.poll() is not None:
                if "always" not in self.settings.get("Restart", []):
                    raise AssertionError(f"{self.unit} ended:\n{self.log()}")
                time.sleep(float(self.settings.get("RestartSec", ["0.1"])[0]))
                self.start()
            return words in self.log()
        wait_for(said, lambda: f"{self.unit} does not say '{words}':\n{self.log()}")
