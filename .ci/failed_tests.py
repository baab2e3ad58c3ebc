#!/usr/bin/env python3
"""Prints the names of the failed tests, one per line, from meson's testlog.json."""
import json
import sys

with open(sys.argv[1]) as log:
    for line in log:
        test = json.loads(line)
        if test["result"] not in ("OK", "SKIP", "EXPECTEDFAIL"):
            print(test["name"].split(" / ")[-1])
