"""docs/compatibility.md as data."""
import pathlib
import re

FILE = pathlib.Path(__file__).resolve().parent.parent.parent / "docs/compatibility.md"
STATES = ("works", "differs", "refused")
SECTIONS = {"AMS": "ams", "Gateway": "gateway", "amc": "amc", "Members of requests": "members"}


def rows_of(text):
    """The rows of each table: {section: [cells]}."""
    found = {name: [] for name in SECTIONS.values()}
    section = None
    for line in text.splitlines():
        if line.startswith("## "):
            section = SECTIONS.get(line[3:])
        elif section and line.startswith("| ") and not line.startswith(("| method", "| program", "| body")):
            found[section].append([cell.strip().strip("`") for cell in line.strip().strip("|").split("|")])
    return found


def read():
    return rows_of(FILE.read_text())


def key(entry):
    """How a documented entry is named in the table."""
    return ("amc", entry["command"]) if "command" in entry else (entry["method"], entry["path"])


def problems(rows, documented):
    """What is wrong with a table itself: every documented entry is in it once, with a known state, and nothing else."""
    expected = [key(entry) for entry in documented]
    named = [tuple(row[:2]) for row in rows]
    found = [f"{' '.join(name)} is documented and not in the table" for name in expected if name not in named]
    found += [f"{' '.join(name)} is in the table and not documented" for name in named if name not in expected]
    found += [f"{' '.join(name)} is in the table {named.count(name)} times" for name in sorted(set(named)) if named.count(name) > 1]
    for row in rows:
        if len(row) != 4 or row[2] not in STATES:
            found.append(f"{' '.join(row[:2])}: the row has no state of {', '.join(STATES)}")
        elif row[2] != "works" and not row[3]:
            found.append(f"{' '.join(row[:2])}: {row[2]}, but the note is empty")
    return found


def feature(note):
    """What a refusal must name: the note up to its first colon or semicolon."""
    return re.split(r"[:;]", note)[0]
