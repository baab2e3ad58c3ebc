#!/usr/bin/env python3
"""Rejects the forms of co_await that g++ 12 miscompiles.

The temporaries of a full expression are destroyed too early, destroyed twice, or constructed although their branch is
not taken, when a co_await is in the condition of if, while or switch, beside ?:, && or ||, or when an aggregate is
created among its arguments. A declaration is safe:

    if (const bool ended = co_await end(id)) ...        const Record record{name, role}; co_await put(record);

The same happens to a lambda among the arguments that captures copies of more than `this`: they are destroyed twice.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
CONDITION = re.compile(r"\b(?:if|while|switch)\s*(?:constexpr\s*)?\(")
DECLARES = re.compile(r"^\s*(?:const\s+)?[\w:<>*&,\s\[\]]+?[\s*&]\w+\s*=\s*$")
AGGREGATE = re.compile(r"co_await\b[^;{}]*\b[A-Z]\w*\{\s*[^}\s]")
LAMBDA = re.compile(r"co_await\b[^;{}]*?[(,]\s*\[([^\]]*)\]\s*[({]")
CHOICE = re.compile(r"\?|\|\||&& ?[^),;]")


def blank_strings_and_comments(text):
    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))
    return re.sub(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])\'', blank, text, flags=re.S)


def end_of_parentheses(text, begin):
    depth = 0
    for at in range(begin, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return len(text)


def problems_in(path):
    text = blank_strings_and_comments((ROOT / path).read_text())
    if "co_await" not in text:
        return []
    found = {}

    def report(at, what):
        found[text.count("\n", 0, at) + 1] = what

    # Conditions first; they are then blanked, so that the code after them is examined separately.
    rest = list(text)
    for match in CONDITION.finditer(text):
        begin, end = match.end(), end_of_parentheses(text, match.end() - 1)
        at = begin
        for part in text[begin:end].split(";"):
            head, awaits, _ = part.partition("co_await")
            if awaits and not DECLARES.match(head):
                report(at + len(head), "co_await in a condition; declare a variable for it")
            at += len(part) + 1
        rest[begin:end] = re.sub(r"[^\n]", " ", text[begin:end])
    for match in AGGREGATE.finditer("".join(rest)):
        report(match.start(), "an aggregate made within a co_await; declare a variable for it")
    for match in LAMBDA.finditer("".join(rest)):
        captures = [capture.strip() for capture in match.group(1).split(",")]
        if any(capture and capture != "this" and not capture.startswith("&") for capture in captures):
            report(match.start(), "a lambda that keeps copies, made within a co_await; declare a std::function for it")
    at = 0
    for statement in re.split(r"[;{}]", "".join(rest)):
        where = statement.find("co_await")
        if where >= 0 and CHOICE.search(statement):
            report(at + where, "co_await beside ?:, && or ||; declare a variable for the rest")
        at += len(statement) + 1
    return [f"{path}:{line}: {what}" for line, what in sorted(found.items())]


def main():
    files = [file.relative_to(ROOT) for folder in ("src", "include", "tests", "bench", "fuzz")
             for file in sorted((ROOT / folder).glob("**/*.[ch]pp"))]
    problems = [problem for path in files for problem in problems_in(path)]
    print("\n".join(problems) or "coroutines: no form that the compiler breaks")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
