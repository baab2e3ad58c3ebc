#!/usr/bin/env python3
"""Writes archives for the tests into a folder, with other software than the code under test: good and hostile ones.

usage: archives.py FOLDER HEADER, where HEADER is a C++ file that will have the folder's name.
"""
import bz2
import io
import pathlib
import stat
import struct
import shutil
import subprocess
import sys
import tarfile
import warnings
import zipfile

OUT = pathlib.Path(sys.argv[1])
MANIFEST = b"name: candy\nversion: 1.10\nboot-activity: com.example.candy.Main\nextra-data:\n  main.obb:\n    target: /data/app/candy\n"
PACKAGE = [("manifest.yaml", MANIFEST, 0o644), ("app.apk", b"PK" * 5000, 0o644), ("hooks/pre-start", b"#!/bin/sh\n", 0o755),
           ("extra-data/main.obb", b"\0\1\2", 0o640), ("notes/\u00e4.txt", "\u00e4".encode(), 0o600)]


def zip_of(files, method=zipfile.ZIP_DEFLATED, output=None):
    output = output or io.BytesIO()
    with zipfile.ZipFile(output, "w", method) as archive:
        for name, data, mode in files:
            info = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            info.compress_type = method
            info.external_attr = mode << 16
            archive.writestr(info, data)
    return output.getvalue()


def tar_of(entries, format=tarfile.PAX_FORMAT):
    """Entries are (TarInfo, data)."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=format) as archive:
        for info, data in entries:
            archive.addfile(info, io.BytesIO(data))
    return output.getvalue()


def tar_entry(name, data=b"", mode=0o644, type=tarfile.REGTYPE, link=""):
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.linkname = len(data), mode, type, link
    return info, data


def write(name, data):
    (OUT / name).write_bytes(data)


def tar_bz2(name, entries, **kwargs):
    write(name + ".tar.bz2", bz2.compress(tar_of(entries, **kwargs)))


class Unseekable(io.RawIOBase):
    """Makes zipfile write the sizes behind the data."""

    def __init__(self):
        self.bytes = bytearray()

    def writable(self):
        return True

    def write(self, data):
        self.bytes += data
        return len(data)

    def getvalue(self):
        return bytes(self.bytes)


def patched(data, signature, offset, format, value):
    """Every record with this signature gets a value at an offset."""
    data = bytearray(data)
    at = data.find(signature)
    while at >= 0:
        struct.pack_into("<" + format, data, at + offset, value)
        at = data.find(signature, at + 4)
    return bytes(data)


LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def good():
    write("good.zip", zip_of(PACKAGE))
    write("stored.zip", zip_of(PACKAGE, zipfile.ZIP_STORED))
    write("streamed.zip", zip_of(PACKAGE, output=Unseekable()))
    files = [tar_entry(name, data, mode) for name, data, mode in PACKAGE]
    for format, name in [(tarfile.PAX_FORMAT, "pax"), (tarfile.GNU_FORMAT, "gnu"), (tarfile.USTAR_FORMAT, "ustar")]:
        tar_bz2(name, files, format=format)
    folders = [tar_entry(name, mode=0o777, type=tarfile.DIRTYPE) for name in ("./", "./hooks", "./hooks/", "./empty")]
    tar_bz2("dotted", folders + [tar_entry("./" + name, data, mode) for name, data, mode in PACKAGE])
    tar_bz2("modes", [tar_entry("manifest.yaml", MANIFEST, 0o777 | stat.S_ISUID), tar_entry("x", b"", 0o077)])
    tar_bz2("long-name", [tar_entry("/".join(["n" * 200] * 4), b"x")])
    deep = zip_of([("/".join("d" * 17), b"", 0o600)])
    write("deep.zip", deep)
    write("addon.zip", zip_of([("manifest.yaml", b"name: ssh\nhooks:\n  timeout: 10m\n", 0o644),
                               ("hooks/post-start", b"#!/bin/sh\n", 0o700)]))
    write("empty.zip", zip_of([]))


def packages():
    for name, files in {
            "no-manifest": [("app.apk", b"", 0o644)], "manifest-below": [("dir/manifest.yaml", MANIFEST, 0o644)],
            "bad-yaml": [("manifest.yaml", b"name: [", 0o644)], "bad-manifest": [("manifest.yaml", b"name: a b", 0o644)],
            "large-manifest": [("manifest.yaml", b"#" * 70000, 0o644)],
            "manifest-folder": [("manifest.yaml/x", b"", 0o644)],
            "hook-not-executable": [("manifest.yaml", b"name: a", 0o644), ("hooks/pre-start", b"", 0o644)],
            "no-extra-data": [("manifest.yaml", MANIFEST, 0o644)],
            "extra-data-folder": [("manifest.yaml", MANIFEST, 0o644), ("extra-data/main.obb/x", b"", 0o644)],
            "extra-data-prefix": [("manifest.yaml", MANIFEST, 0o644), ("extra-data/main.obbx", b"", 0o644)]}.items():
        write(name + ".zip", zip_of(files))


def names():
    for number, name in enumerate(["../x", "a/../../x", "/x", "//x", "a/..", ".."]):
        write(f"traversal-{number}.zip", zip_of([(name, b"x", 0o600)]))
        tar_bz2(f"traversal-{number}", [tar_entry(name, b"x")])
    write("backslash.zip", zip_of([("a\\..\\..\\x", b"x", 0o600)]))
    tar_bz2("backslash", [tar_entry("a\\..\\x", b"x")])
    write("control.zip", zip_of([("a\nb", b"x", 0o600)]))
    write("not-utf8.zip", zip_of([("a?b", b"x", 0o600)]).replace(b"a?b", b"a\xffb"))
    write("not-utf8.tar.bz2", bz2.compress(patch_tar_name(tar_of([tar_entry("a?b", b"x")], format=tarfile.USTAR_FORMAT), b"a\xffb")))
    tar_bz2("long-component", [tar_entry("n" * 256, b"x")])
    for name, pair in {"twice": ("a", "a"), "case": ("dir/A", "dir/a"), "case-folder": ("DIR/a", "dir/b"), "dotted-twice": ("a", "./a"),
                       "file-then-folder": ("a", "a/b"), "folder-then-file": ("a/b", "a")}.items():
        tar_bz2(name, [tar_entry(entry, b"x") for entry in pair])
        zipped = io.BytesIO()
        with zipfile.ZipFile(zipped, "w") as archive:
            for entry in pair:
                archive.writestr(entry, b"x")
        write(name + ".zip", zipped.getvalue())


def patch_tar_name(tar, name):
    head = bytearray(tar[:512])
    head[:len(name)] = name
    head[148:156] = b" " * 8
    head[148:156] = b"%06o\0 " % sum(head)
    return bytes(head) + tar[512:]


def types():
    link = (stat.S_IFLNK | 0o777)
    write("symlink.zip", zip_of([("a", b"/tmp", link), ("a/redan-escaped", b"x", 0o600)]))
    tar_bz2("symlink", [tar_entry("a", type=tarfile.SYMTYPE, link="/tmp"), tar_entry("a/redan-escaped", b"x")])
    tar_bz2("hardlink", [tar_entry("a", b"x"), tar_entry("b", type=tarfile.LNKTYPE, link="a")])
    tar_bz2("hardlink-outside", [tar_entry("b", type=tarfile.LNKTYPE, link="/etc/passwd")])
    tar_bz2("device", [tar_entry("a", type=tarfile.CHRTYPE)])
    tar_bz2("fifo", [tar_entry("a", type=tarfile.FIFOTYPE)])
    write("device.zip", zip_of([("a", b"", stat.S_IFCHR | 0o600)]))
    folder = bytearray(tar_of([tar_entry("a", b"x" * 100)], format=tarfile.USTAR_FORMAT))
    folder[156:157] = tarfile.DIRTYPE
    write("folder-with-content.tar.bz2", bz2.compress(patch_tar_name(bytes(folder), b"a")))


def sizes():
    zeros = b"\0" * (8 << 20)
    write("bomb.zip", zip_of([("zeros", zeros, 0o600)]))
    tar_bz2("bomb", [tar_entry("zeros", zeros)])
    write("large-file.zip", zip_of([("a", b"x" * 2000, 0o600)]))
    write("large-total.zip", zip_of([(str(n), b"x" * 1000, 0o600) for n in range(3)]))
    many = [(f"{n:06}", b"", 0o600) for n in range(100000)]
    write("many.zip", zip_of(many, zipfile.ZIP_STORED))
    tar_bz2("many", [tar_entry(name) for name, _, _ in many[:20000]], format=tarfile.USTAR_FORMAT)
    write("implied-folders.zip", zip_of([(f"{n}/a", b"", 0o600) for n in range(60)]))
    plain = zip_of([("a", b"x" * 1000, 0o600)])
    for name, size in [("small", 10), ("large", 5000)]:
        data = patched(patched(plain, LOCAL, 22, "I", size), CENTRAL, 24, "I", size)
        write(f"lying-{name}.zip", data)
        write(f"lying-{name}-local.zip", patched(plain, LOCAL, 22, "I", size))
    write("bad-crc.zip", patched(patched(plain, LOCAL, 14, "I", 7), CENTRAL, 16, "I", 7))
    write("same-data.zip", plain[:plain.find(CENTRAL)] + central_of(plain, 50))
    huge = bytearray(tar_of([tar_entry("a", b"x")], format=tarfile.USTAR_FORMAT))
    for name, size in [("huge", b"\x80" + (1 << 60).to_bytes(11, "big")), ("negative", b"\xff" * 12)]:
        huge[124:136] = size
        write(name + ".tar.bz2", bz2.compress(patch_tar_name(bytes(huge), b"a")))


def central_of(plain, count):
    """A directory in which many names refer to one file."""
    record = plain[plain.find(CENTRAL):plain.find(END)]
    records = b"".join(record.replace(b"a", bytes([65 + n])) for n in range(count))
    return records + struct.pack("<4sHHHHIIH", END, 0, 0, count, count, len(records), plain.find(CENTRAL), 0)


def sparse():
    file = OUT / "sparse.bin"
    with file.open("wb") as output:
        output.truncate(1 << 20)
        output.seek(1 << 19)
        output.write(b"x")
    for format in ("gnu", "posix"):
        made = subprocess.run(["tar", "-C", OUT, "--sparse", "--format", format, "-cjf", OUT / f"sparse-{format}.tar.bz2", "sparse.bin"])
        made.check_returncode()
    with file.open("wb") as output:
        output.truncate(1 << 20)
    subprocess.run(["tar", "-C", OUT, "--sparse", "-cjf", OUT / "sparse-hole.tar.bz2", "sparse.bin"]).check_returncode()
    file.unlink()
    # A list of the holes of a file that never ends: 16 MiB, compressed to a few hundred bytes.
    head = bytearray(tar_of([tar_entry("a", b"x")], format=tarfile.GNU_FORMAT)[:512])
    head[156:157] = b"S"
    head[386:482] = (b"00000000001\0" + b"00000000000\0") * 4
    head[482] = 1
    extension = bytearray((b"00000000001\0" + b"00000000000\0") * 21 + b"\1" + b"\0" * 7)
    write("sparse-endless.tar.bz2", bz2.compress(patch_tar_name(bytes(head), b"a") + bytes(extension) * (1 << 15)))


def damaged():
    whole_zip, whole_tar = (OUT / "good.zip").read_bytes(), (OUT / "pax.tar.bz2").read_bytes()
    write("truncated.zip", whole_zip[:-30])
    write("truncated.tar.bz2", whole_tar[:-30])
    noise = bytes((n * 2654435761 >> 7) & 255 for n in range(200000))
    tar_bz2("noise", [tar_entry("noise", noise)])
    half = (OUT / "noise.tar.bz2").read_bytes()
    write("half.tar.bz2", half[:len(half) // 2])
    (OUT / "noise.tar.bz2").unlink()
    write("encrypted.zip", patched(patched(zip_of([("a", b"x" * 100, 0o600)], zipfile.ZIP_STORED), LOCAL, 6, "H", 1), CENTRAL, 8, "H", 1))
    write("several-disks.zip", patched(patched(whole_zip, END, 4, "H", 1), END, 6, "H", 1))
    for name, method in [("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)]:
        write(f"method-{name}.zip", zip_of([("a", b"x" * 100, 0o600)], method))
    write("method-ppmd.zip", patched(patched(zip_of([("a", b"x", 0o600)]), LOCAL, 8, "H", 98), CENTRAL, 10, "H", 98))
    write("nested.tar.bz2", bz2.compress(whole_tar))
    subprocess.run(["gzip", "-c"], input=bz2.decompress(whole_tar), stdout=(OUT / "gzip.tar.bz2").open("wb")).check_returncode()
    write("plain-tar.zip", bz2.decompress(whole_tar))
    write("nothing.zip", b"")
    write("text.zip", b"hello")
    write("magic.zip", b"PK\3\4")
    write("magic.tar.bz2", b"BZh9")
    write("not-tar.tar.bz2", bz2.compress(b"hello" * 1000))
    # A directory of a million files in a zip, which is read before the first file.
    record = struct.pack("<4sHHHHHHIIIHHHHHII", CENTRAL, 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    count = 400000
    end = struct.pack("<4sHHHHIIH", END, 0, 0, 65535, 65535, len(record) * count, 4, 0)
    write("large-directory.zip", b"PK\3\4" + record * count + end)


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of zipfile, about two entries of one name
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    for part in (good, packages, names, types, sizes, sparse, damaged):
        part()
    pathlib.Path(sys.argv[2]).write_text(f'#define REDAN_TEST_ARCHIVES "{OUT.resolve()}"\n')
