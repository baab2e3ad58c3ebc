"""Shared by the programs of the Python peers: events are written as lines of JSON."""
import hashlib
import json
import sys
import threading

_output = threading.Lock()


def say(event, **fields):
    with _output:
        sys.stdout.write(json.dumps({'event': event, **fields}) + '\n')
        sys.stdout.flush()


def payload(command):
    """The data that `send` requests: a text, or a number of letters or bytes."""
    if 'text' in command:
        return command['text']
    size = command['size']
    if command['kind'] == 'text':
        return ('abcdefghijklmnopqrstuvwxyz' * (size // 26 + 1))[:size]
    return bytes((i * 31 + size) & 255 for i in range(size))


def say_message(label, data):
    octets = data.encode() if isinstance(data, str) else bytes(data)
    say('message', label=label, kind='text' if isinstance(data, str) else 'binary', size=len(octets),
        sha256=hashlib.sha256(octets).hexdigest())
