#!/usr/bin/env python3
"""Installs what is built and builds programs with it, outside of the project: with pkg-config and with CMake, with g++
and with clang++. Each program runs. Usage: consumer_test.py BUILD_FOLDER"""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor

BUILD = pathlib.Path(sys.argv.pop(1))
HERE = pathlib.Path(__file__).resolve().parent
COMPILERS = [name for name in ("g++", "clang++") if shutil.which(name)]
FLAGS = ["-std=c++20", "-Wall", "-Wextra", "-Werror", "-O0"]
C_COMPILERS = [name for name in ("gcc", "clang") if shutil.which(name)]
C_FLAGS = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wstrict-prototypes", "-Werror", "-O0"]


def run(*command, **options):
    result = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if result.returncode != 0:
        raise AssertionError(f"{shlex.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


class Consumer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.path = pathlib.Path(cls.folder.name)
        run("meson", "install", "-C", BUILD, "--no-rebuild", "--quiet", "--destdir", cls.path / "root")
        cls.prefix = cls.found("redan/version.hpp").parents[2]
        cls.libraries = cls.found("libredan.so").parent
        cls.environment = {**os.environ, "LD_LIBRARY_PATH": str(cls.libraries), "PKG_CONFIG_PATH": str(cls.found("redan.pc").parent)}
        # The sources are used from a copy, so that nothing of the project is near them.
        shutil.copytree(HERE, cls.path / "consumer")

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    @classmethod
    def found(cls, name):
        return next((cls.path / "root").rglob(name))

    def pkg_config(self, package):
        words = shlex.split(run("pkg-config", f"--define-variable=prefix={self.prefix}", "--cflags", "--libs", package,
                                env=self.environment))
        return [word for word in words if word.startswith(("-I", "-D", "-isystem", "-pthread"))], words

    def assert_hello(self, program):
        self.assertEqual(run(program, env=self.environment, timeout=60), "received hello\n")

    def build_and_run(self, compiler, package, name):
        program = self.path / f"{name}-{compiler}"
        run(compiler, *FLAGS, self.path / "consumer" / f"{name}.cpp", "-o", program, *self.pkg_config(package)[1], env=self.environment)
        self.assert_hello(program)

    def test_pkg_config(self):
        programs = [(compiler, *program) for program in (("redan-net", "shards"), ("redan", "memory")) for compiler in COMPILERS]
        programs.append(("g++", "redan-wamp", "wamp"))  # see CMakeLists.txt
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda program: self.build_and_run(*program), programs))

    def test_c11_needs_nothing_but_the_header_and_the_library(self):
        for compiler in C_COMPILERS:
            program = self.path / f"c-{compiler}"
            run(compiler, *C_FLAGS, self.path / "consumer/memory.c", "-o", program, *self.pkg_config("redan")[1], env=self.environment)
            self.assert_hello(program)

    def test_the_header_for_c_compiles_as_cpp(self):
        for compiler in COMPILERS:
            source = self.path / f"header-{compiler}.cpp"
            source.write_text("#include <redan.h>\n#include <redan.h>\nint main() { redan_output output = REDAN_OUTPUT_INIT; return "
                              "static_cast<int>(output.type); }\n", encoding="ascii")
            run(compiler, "-std=c++17", *FLAGS[1:], "-c", source, "-o", self.path / "header.o", *self.pkg_config("redan")[0])

    def test_a_static_program_needs_only_the_crypto_and_srtp_libraries(self):
        words = run("pkg-config", f"--define-variable=prefix={self.prefix}", "--static", "--cflags", "--libs", "redan", env=self.environment)
        program = self.path / "static"
        libraries = [word if word != "-lredan" else "-l:libredan.a" for word in shlex.split(words)]
        run("g++", *FLAGS, self.path / "consumer/memory.cpp", "-o", program, *libraries)
        self.assertNotIn("libredan", run("ldd", program))
        self.assert_hello(program)

    def test_cmake(self):
        def build(compiler):
            folder = self.path / f"cmake-{compiler}"
            run("cmake", "-S", self.path / "consumer", "-B", folder, f"-DCMAKE_CXX_COMPILER={compiler}",
                f"-DCMAKE_PREFIX_PATH={self.prefix}", "-DCMAKE_CXX_FLAGS=-Wall -Wextra -Werror")
            run("cmake", "--build", folder)
            for name in ("memory", "memory_static", "memory_c", "memory_c_static", "shards", *(["wamp"] if compiler == "g++" else [])):
                self.assert_hello(folder / name)
            self.assertNotIn("libredan.so", run("ldd", folder / "memory_static"))
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(build, COMPILERS))

    def test_cmake_refuses_another_minor_version(self):
        source = self.path / "versions"
        source.mkdir()
        (source / "CMakeLists.txt").write_text("""cmake_minimum_required(VERSION 3.16)
project(versions CXX)
foreach(version 0.1 0.1.0 0.2 0.1.99 1 99)
  find_package(Redan ${version} QUIET)
  file(APPEND ${CMAKE_BINARY_DIR}/found "${version} ${Redan_FOUND}\\n")
endforeach()
""", encoding="ascii")
        run("cmake", "-S", source, "-B", source / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        lines = (source / "build/found").read_text(encoding="ascii").split("\n")
        self.assertEqual([line.split()[0] for line in lines if line.endswith((" 1", " TRUE"))], ["0.1", "0.1.0"])

    def test_the_soname_and_the_versions_agree(self):
        header = self.found("redan/version.hpp").read_text(encoding="ascii")
        version = run("pkg-config", "--modversion", "redan", env=self.environment).strip()
        self.assertIn(f'#define REDAN_VERSION "{version}"', header)
        soname = run("objdump", "-p", self.libraries / "libredan.so").split("SONAME")[1].split()[0]
        self.assertTrue((self.libraries / soname).is_symlink(), soname)
        self.assertTrue((self.libraries / soname).resolve().name.endswith(version))

    def test_the_program_has_a_manual_page_and_completion(self):
        if not list((self.path / "root").rglob("bin/redan")):
            self.skipTest("without the program")
        page = self.found("redan.1").read_text(encoding="utf-8")
        self.assertIn("\n.SH REDAN AMC INSTANCE LIST\n", page)
        for file in ("redan.bash", "_redan", "redan.fish"):
            self.assertIn("gateway", self.found(file).read_text(encoding="utf-8"), file)

    def test_the_licence_and_the_changelog_are_installed(self):
        self.assertIn("Apache-2.0", self.found("LICENSE").read_text(encoding="ascii"))
        version = run("pkg-config", "--modversion", "redan", env=self.environment).strip()
        self.assertIn(f"\n## {version}", self.found("CHANGELOG.md").read_text(encoding="ascii"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
