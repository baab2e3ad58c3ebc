"""Compares JSON with the documented shapes in tests/interop/ams_sdk/shapes.json.

A shape is a name of "types", a list with the shape of its elements, an object with the shapes of its members (a member
whose name ends in "?" may be absent or null; "*" stands for every member), or a text of alternatives: string, integer,
number, boolean, time, object, null, any, 'a literal'."""
import datetime
import json
import pathlib
import re

FILE = pathlib.Path(__file__).resolve().parent.parent / "interop/ams_sdk/shapes.json"


def load():
    return json.loads(FILE.read_text())


def is_time(value):
    matched = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)", value)
    try:
        return bool(matched) and bool(datetime.datetime.fromisoformat(matched[1]))
    except ValueError:
        return False


def fits(value, alternative):
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    known = {
        "any": True,
        "null": value is None,
        "string": isinstance(value, str),
        "time": isinstance(value, str) and is_time(value),
        "number": is_number,
        "integer": is_number and int(value) == value,
        "boolean": isinstance(value, bool),
        "object": isinstance(value, dict),
    }
    return known[alternative] if alternative in known else isinstance(value, str) and alternative == f"'{value}'"


class Shapes:
    def __init__(self):
        self.file = load()
        self.types = self.file["types"]

    def differences(self, at, value, expected):
        """What is missing in value, and what is of another type."""
        if isinstance(expected, str):
            if expected in self.types:
                return self.differences(at, value, self.types[expected])
            if any(fits(value, alternative) for alternative in expected.split("|")):
                return []
            return [f"{at} is {json.dumps(value)[:60]}, not {expected}"]
        if isinstance(expected, list):
            if not isinstance(value, list):
                return [f"{at} is {json.dumps(value)[:60]}, not a list"]
            return [one for index, element in enumerate(value) for one in self.differences(f"{at}[{index}]", element, expected[0])]
        if not isinstance(value, dict):
            return [f"{at} is {json.dumps(value)[:60]}, not an object"]
        return [one for name, shape in expected.items() for one in self.member(at, value, name, shape)]

    def member(self, at, value, name, shape):
        if name == "*":
            return [one for member, element in value.items() for one in self.differences(f"{at}.{member}", element, shape)]
        plain = name.removesuffix("?")
        if plain != name and value.get(plain) is None:
            return []
        if plain not in value:
            return [f"{at}.{plain} is missing"]
        return self.differences(f"{at}.{plain}", value[plain], shape)

    def members(self, name, path=""):
        """Each member of a body with its dotted path and its shape, nested ones too, but not those of list elements."""
        shape = self.types.get(name, name) if isinstance(name, str) else name
        for member, inner in shape.items():
            if member == "*":
                continue
            plain = path + member.removesuffix("?")
            yield plain, inner
            nested = self.types.get(inner, inner) if isinstance(inner, str) else inner
            if isinstance(nested, dict) and "*" not in nested:
                yield from self.members(nested, plain + ".")
