#!/usr/bin/env python3
"""Checks the public headers. They include one another, the standard library, tl/expected.hpp and, in redan/asio.hpp
and redan/wamp.hpp alone, Boost; and each compiles by itself, with g++ and with clang++ as far as they are installed.
redan.h includes only headers of C11 and compiles as such with gcc and clang, and as C++.

  headers.py [BUILD_FOLDER]   its include/redan/version.hpp is used (default: build/dev)
"""
import concurrent.futures
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wconversion", "-Werror"]
C_FLAGS = ["-std=c11", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror"]
OF_C = {"stddef.h", "stdint.h"}
OUTSIDE = {"tl/expected.hpp": None, "boost/": {"asio.hpp", "wamp.hpp"}}  # what, and in which headers alone


def permitted(header, include, headers):
    if include.startswith("redan/"):
        return include[len("redan/"):] in headers
    for outside, only in OUTSIDE.items():
        if include == outside or (outside.endswith("/") and include.startswith(outside)):
            return only is None or header in only
    return "/" not in include and "." not in include  # the standard library


def foreign_includes(files):
    headers = set(files)
    for name, file in sorted(files.items()):
        for number, line in enumerate(file.read_text().splitlines(), 1):
            match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            if match and (match.group(1) == '"' or not permitted(name, match.group(2), headers)):
                yield f"include/redan/{name}:{number}: a public header must not include {match.group(2)}"


def compile_alone(compiler, name, folders):
    language, flags = ("c", C_FLAGS) if compiler in ("gcc", "clang") else ("c++", FLAGS)
    source = f"#include <{name}>\n#include <{name}>\nint main(void) {{ return 0; }}\n"
    result = subprocess.run([compiler, *flags, *[f"-I{folder}" for folder in folders], "-x", language, "-"], input=source,
                            capture_output=True, text=True, check=False)
    return f"include/{name} does not compile alone with {compiler}:\n{result.stderr}" if result.returncode else None


def main():
    build = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ROOT / "build/dev")
    files = {file.name: file for file in (ROOT / "include/redan").glob("*.hpp")}
    generated = build / "include/redan/version.hpp"
    if not generated.exists():
        print(f"{generated} is missing: configure {build} first")
        return 1
    files[generated.name] = generated
    problems = list(foreign_includes(files))
    includes = re.findall(r"#\s*include\s*[<\"]([^>\"]+)", (ROOT / "include/redan.h").read_text())
    problems += [f"include/redan.h must not include {include}" for include in includes if include not in OF_C]
    compilers = [name for name in ("g++", "clang++") if shutil.which(name)]
    folders = [ROOT / "include", build / "include"]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        names = ["redan.h", *(f"redan/{name}" for name in sorted(files))]
        tasks = [pool.submit(compile_alone, compiler, name, folders) for compiler in compilers for name in names]
        tasks += [pool.submit(compile_alone, name, "redan.h", folders) for name in ("gcc", "clang") if shutil.which(name)]
        problems += [task.result() for task in tasks if task.result()]
    print("\n".join(problems) or f"headers: {len(files) + 1} in order, with {' and '.join(compilers)}")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
