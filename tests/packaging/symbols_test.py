#!/usr/bin/env python3
"""libredan exports what the public headers declare, and nothing else.

  symbols_test.py LIBRARY LIST          compares; prints what is new and what is missing
  symbols_test.py LIBRARY LIST --write  writes the list
"""
import pathlib
import subprocess
import sys


def exported(library):
    """The demangled names of the functions and objects that the library defines once, sorted. What inline functions
    and templates leave (weak symbols) depends on the optimizer: it only has to be of Redan."""
    table = subprocess.run(["nm", "--dynamic", "--defined-only", "--demangle", library], check=True,
                           capture_output=True, text=True).stdout
    strong, foreign = set(), set()
    for line in table.splitlines():
        _, kind, name = line.split(" ", 2)
        if "redan::" not in name and not name.startswith("redan_"):  # C++, C
            foreign.add(name)
        elif kind not in "WVu":
            strong.add(name)
    return sorted(strong), sorted(foreign)


def main():
    library, listed = sys.argv[1], pathlib.Path(sys.argv[2])
    names, foreign = exported(library)
    if "--write" in sys.argv:
        listed.write_text("\n".join(names) + "\n")
        return 0
    expected = listed.read_text().splitlines()
    for name in sorted(set(names) - set(expected)):
        print(f"exported, and not in {listed.name}: {name}")
    for name in sorted(set(expected) - set(names)):
        print(f"in {listed.name}, and not exported: {name}")
    for name in foreign:
        print(f"not of Redan: {name}")
    if names != expected or foreign:
        print(f"if this is meant: {sys.argv[0]} {library} {listed} --write")
        return 1
    print(f"{library}: {len(names)} symbols, as listed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
