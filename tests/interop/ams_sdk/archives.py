"""The archives that clients upload: applications, addons and images."""
import io
import tarfile
import zipfile

WEB = """name: web
version: "0.1"
boot-package: com.example.web
video-encoder: software
addons: [ssh]
tags: [game]
features: [one]
resources: {cpus: 2, memory: 3GB, disk-size: 3GB}
watchdog: {disabled: true}
hooks: {timeout: 10m}
services:
  - {name: http, port: 8080, protocols: [tcp], expose: false}
"""
HOOK = "#!/bin/sh\nexit 0\n"

FILES = {
    "web.zip": {"manifest.yaml": WEB, "app.apk": "not a real package", "hooks/post-start": HOOK},
    "web-2.zip": {"manifest.yaml": WEB.replace('"0.1"', '"0.2"'), "hooks/post-start": HOOK},
    "tool.tar.bz2": {"manifest.yaml": "name: tool\nresources: {cpus: 1, memory: 3GB, disk-size: 3GB}\n"},
    "addon.zip": {"manifest.yaml": "name: an-addon\ndescription: adds nothing\n", "hooks/pre-start": HOOK},
    "addon.tar.bz2": {"manifest.yaml": "name: an-addon\ndescription: adds nothing\nhooks: {timeout: 1m}\n", "hooks/pre-start": HOOK},
    "image.tar.xz": {"metadata.yaml": "architecture: x86_64\ncreation_date: 1700000000\n", "rootfs/etc/hostname": "one\n"},
    "image-2.tar.xz": {"metadata.yaml": "architecture: x86_64\ncreation_date: 1700000001\n", "rootfs/etc/hostname": "two\n"},
}


def pack(name, members):
    """An archive's bytes; the ending of the name selects the kind. Hooks are executable."""
    content = io.BytesIO()
    modes = {path: 0o755 if path.startswith("hooks/") else 0o644 for path in members}
    if name.endswith(".zip"):
        with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
            for path, text in members.items():
                info = zipfile.ZipInfo(path)
                info.external_attr = (0o100000 | modes[path]) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, text)
    else:
        with tarfile.open(fileobj=content, mode="w:" + name.rpartition(".")[2]) as archive:
            for path, text in members.items():
                info = tarfile.TarInfo(path)
                info.size, info.mode = len(text.encode()), modes[path]
                archive.addfile(info, io.BytesIO(text.encode()))
    return content.getvalue()


def write_all(folder):
    for name, members in FILES.items():
        (folder / name).write_bytes(pack(name, members))
