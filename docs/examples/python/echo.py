#!/usr/bin/env python3
"""The echo in Python: answers every offer on standard input (an empty line ends each) and echoes the messages of all
peers on one UDP port.

  echo.py [IPv4 address of this host]"""
import selectors
import socket
import sys
import time

import redan


class Server:
    def __init__(self, address):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((address, 0))
        self.socket.setblocking(False)
        self.local = self.socket.getsockname()
        self.endpoint = redan.Endpoint([self.local])
        self.lines = []

    def on_line(self, line):
        self.lines.append(line.rstrip("\r\n"))
        if self.lines[-1]:
            return
        offer = "".join(each + "\r\n" for each in self.lines if each)
        self.lines = []
        try:
            print(self.endpoint.accept(offer)[1], flush=True)
        except redan.Error as error:
            print(f"{error.name}: {error}", file=sys.stderr)

    def on_datagrams(self):
        while True:
            try:
                data, remote = self.socket.recvfrom(2048)
            except BlockingIOError:
                return
            if data:
                self.endpoint.handle_input(time.monotonic_ns(), data, self.local, remote)

    def run_outputs(self):
        """Does everything that is due; returns after how many seconds to call it again at the latest."""
        while True:
            output = self.endpoint.poll_output(time.monotonic_ns())
            if output.type == redan.WAIT:
                return max(0, min(output.of.until - time.monotonic_ns(), 60 * 10**9)) / 1e9
            if output.type == redan.TRANSMIT:
                self.transmit(output)
            elif output.type == redan.CHANNEL_OPENED:
                print(f"peer {output.peer}: channel {output.label()}", file=sys.stderr)
            elif output.type == redan.MESSAGE:
                self.endpoint.send(output.peer, output.channel, output.bytes(), output.of.message.kind)
            elif output.type == redan.CLOSED:
                print(f"peer {output.peer}: {redan.error_text(output.of.closed.reason).decode()}", file=sys.stderr)

    def transmit(self, output):
        try:
            self.socket.sendto(output.bytes(), output.of.transmit.path.remote.pair())
        except OSError:
            pass  # a lost datagram; the library sends again


def main():
    try:
        server = Server(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1")
    except OSError as error:
        print(f"usage: echo.py [IPv4 address of this host]: {error}", file=sys.stderr)
        return 2
    selector = selectors.DefaultSelector()
    selector.register(server.socket, selectors.EVENT_READ, server.on_datagrams)
    selector.register(sys.stdin.buffer.raw, selectors.EVENT_READ)
    typed = b""
    while True:
        for key, _ in selector.select(server.run_outputs()):
            if key.data:
                key.data()
                continue
            chunk = sys.stdin.buffer.raw.read(4096)
            if not chunk:
                return 0
            *lines, typed = (typed + chunk).split(b"\n")
            for line in lines:
                server.on_line(line.decode())


if __name__ == "__main__":
    sys.exit(main())
