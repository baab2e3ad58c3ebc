#!/usr/bin/env python3
"""embed.py OUT.cpp TARGET=FILE ...: writes a C++ file that contains the files; see page.hpp."""
import pathlib
import sys

TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
# The length of a string literal may be limited; adjacent literals are joined.
CHUNK = 8000


def literal(data):
    chunks = [data[i:i + CHUNK] for i in range(0, len(data), CHUNK)] or [b""]
    return "\n".join('"' + "".join(f"\\{byte:03o}" if byte < 32 or byte > 126 or byte in b'"\\?' else chr(byte)
                                   for byte in chunk) + '"' for chunk in chunks)


def main():
    out, *entries = sys.argv[1:]
    rows = []
    for entry in entries:
        target, file = entry.split("=", 1)
        data = pathlib.Path(file).read_bytes()
        kind = TYPES[pathlib.Path(file).suffix] + "; charset=utf-8"
        rows.append(f'    PageFile{{"{target}", "{kind}",\n{literal(data)}sv}},')
    pathlib.Path(out).write_text("""#include <array>

#include "cmd/demo/page.hpp"

namespace redan::cmd {
namespace {
using namespace std::string_view_literals;
constexpr std::array kFiles{
""" + "\n".join(rows) + """
};
}  // namespace
std::span<const PageFile> page_files() { return kFiles; }
}  // namespace redan::cmd
""")


main()
