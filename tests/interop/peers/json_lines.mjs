// Shared by the programs of the JavaScript peers: commands arrive as lines of JSON, events are written as such.
import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';

export const say = (event, fields = {}) => process.stdout.write(JSON.stringify({ event, ...fields }) + '\n');

/** `commands`: one function per command, keyed by the value of its "do" field. Commands run sequentially. */
export function serve(version, commands) {
  let last = Promise.resolve();
  createInterface({ input: process.stdin }).on('line', (line) => {
    const command = JSON.parse(line);
    last = last.then(() => commands[command.do](command)).catch((error) => say('error', { text: String(error.stack ?? error) }));
  });
  process.on('uncaughtException', (error) => say('error', { text: String(error.stack) }));
  say('ready', { version });
}

/** The payload that a `send` command requests: a text, or a number of letters or bytes. */
export function payload({ kind, size, text }) {
  if (text !== undefined) return text;
  if (kind === 'text') return 'abcdefghijklmnopqrstuvwxyz'.repeat(size / 26 + 1).slice(0, size);
  return Buffer.from(Uint8Array.from({ length: size }, (_, i) => (i * 31 + size) & 255));
}

export function sayMessage(label, data) {
  const bytes = typeof data === 'string' ? Buffer.from(data) : Buffer.from(data.buffer ?? data, data.byteOffset ?? 0, data.byteLength);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  say('message', { label, kind: typeof data === 'string' ? 'text' : 'binary', size: bytes.length, sha256 });
}

/** An RTP packet of `size` bytes. */
export function rtpPacket(payloadType, ssrc, sequence, size) {
  const packet = Buffer.alloc(size, sequence & 255);
  packet.writeUInt8(0x80, 0);
  packet.writeUInt8(payloadType, 1);
  packet.writeUInt16BE(sequence & 0xffff, 2);
  packet.writeUInt32BE((sequence * 3000) >>> 0, 4);
  packet.writeUInt32BE(ssrc, 8);
  return packet;
}
/** Calls `send` with the index of each packet, a few every 5 ms. */
export async function paced(packets, send) {
  for (let i = 0; i < packets; ++i) {
    send(i);
    if (i % 5 === 4) await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
/** Counts packets and reports the count ten times a second while it grows. */
export function counter() {
  let packets = 0;
  let said = 0;
  setInterval(() => {
    if (packets !== said) say('rtp', { packets: (said = packets) });
  }, 100).unref();
  return { add: () => ++packets, set: (count) => (packets = count) };
}
