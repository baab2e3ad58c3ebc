#!/usr/bin/env python3
"""Checks the documents: links and named files exist, and the README's sample is the program that is compiled."""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent


def tracked(pattern):
    names = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", pattern], cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in names.stdout.split("\n") if name]


def main():
    problems = []
    documents = tracked("*.md")
    for file in documents:
        text = file.read_text()
        name = file.relative_to(ROOT)
        for target in re.findall(r"\]\(([^)#]+)[^)]*\)", text):
            if "://" not in target and not (file.parent / target).exists():
                problems.append(f"{name}: link to {target}, which does not exist")
        for target in re.findall(r"`((?:src|include|tests|fuzz|bench|docs)/[\w./-]+)`", text):
            if not (ROOT / target).exists():
                problems.append(f"{name}: names {target}, which does not exist")
    sample = ROOT / "docs/examples/echo/echo.cpp"
    readme = (ROOT / "README.md").read_text() if (ROOT / "README.md").exists() else ""
    if not sample.exists() or not readme:
        problems.append("README.md or its sample docs/examples/echo/echo.cpp is missing")
    else:
        code = re.search(r"// \[sample\]\n(.*?)// \[/sample\]", sample.read_text(), re.S)
        if not code or code.group(1).strip() not in readme:
            problems.append("README.md: the sample is not the code between [sample] and [/sample] in docs/examples/echo/echo.cpp")
    print("\n".join(problems) or f"docs: {len(documents)} documents in order")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
