#!/usr/bin/env python3
"""libredan exports what the public headers declare, and nothing else.

  symbols_test.py LIBRARY LIST          compares; prints what is new and what is missing
  symbols_test.py LIBRARY LIST --write  writes the list
"""
import pathlib
import subprocess
import sys


def exported(library):
    """The demangled names of the dynamic symbols that the library defines, sorted."""
    table = subprocess.run(["nm", "--dynamic", "--defined-only", "--demangle", library], check=True,
                           capture_output=True, text=True).stdout
    return sorted({line.split(" ", 2)[2] for line in table.splitlines() if line})


def main():
    library, listed = sys.argv[1], pathlib.Path(sys.argv[2])
    names = exported(library)
    if "--write" in sys.argv:
        listed.write_text("\n".join(names) + "\n")
        return 0
    expected = listed.read_text().splitlines()
    for name in sorted(set(names) - set(expected)):
        print(f"exported, and not in {listed.name}: {name}")
    for name in sorted(set(expected) - set(names)):
        print(f"in {listed.name}, and not exported: {name}")
    if names != expected:
        print(f"if this is meant: {sys.argv[0]} {library} {listed} --write")
        return 1
    print(f"{library}: {len(names)} symbols, as listed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
