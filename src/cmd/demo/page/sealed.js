// The client's end of sealed signalling (docs/protocols/sealed.md), based on WebCrypto only. No dependencies.
//
//   const seal = new Seal({session, authorities: [hex], requestGrant: async keyBase64 => grantBase64});
//   send(await seal.begin());                                  // messages are objects, to be sent as JSON
//   const {reply, heard} = await seal.receive(message);        // a message to send, and a message of the runtime, if any
//   send(await seal.say({type: 'settings'}, {question: true}));
//
// Call one function at a time: first begin(), then only receive() until `established`.
//
// Any violation throws a SealError, whose code is a stable name (sealed_bad_record...). The first error is final: a
// seal that has refused something neither opens nor seals anything afterwards.

export class SealError extends Error {
  constructor(code, text) {
    super(code + ': ' + text);
    this.code = code;
  }
}

const CLIENT_HELLO = 1, RUNTIME_SHARE = 2, RECORD = 3, VERSION = 1, SUITE_AES_256_GCM = 1;
const DIR = {client: 0x63, runtime: 0x72};  // "c", "r"
const PADDING = 512, MAX_MESSAGES = 65536, CLOCK_SKEW = 60, SIGNATURE = 64;
const encoder = new TextEncoder(), decoder = new TextDecoder('utf-8', {fatal: true});

const message = bytes => ({type: 'seal', body: toBase64(bytes)});
const toBase64 = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));
const fromBase64 = text => Uint8Array.from(atob(text), char => char.charCodeAt(0));
const fromHex = text => Uint8Array.from(text.match(/../g), pair => parseInt(pair, 16));
const label = text => encoder.encode(text + '\0');
const equal = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
const uint16 = number => Uint8Array.of(number >> 8, number & 255);
const opaque8 = bytes => concat(Uint8Array.of(bytes.length), bytes);
const opaque16 = bytes => concat(uint16(bytes.length), bytes);

/** A bounded cursor: throws sealed_syntax beyond the end. */
class Reader {
  constructor(bytes) { Object.assign(this, {rest: bytes}); }
  bytes(n) {
    if (n > this.rest.length) throw new SealError('sealed_syntax', 'a message is cut off');
    const taken = this.rest.slice(0, n);
    this.rest = this.rest.slice(n);
    return taken;
  }
  number(n) { return this.bytes(n).reduce((value, byte) => value * 256 + byte, 0); }
  opaque8() { return this.bytes(this.number(1)); }
  opaque16() { return this.bytes(this.number(2)); }
  done() { if (this.rest.length > 0) throw new SealError('sealed_syntax', 'a message is too long'); }
}

async function verify(key, text, signature) {
  const imported = await crypto.subtle.importKey('raw', key, 'Ed25519', false, ['verify']);
  return crypto.subtle.verify('Ed25519', imported, signature, text);
}

/** Returns a Reader over the body if one of the authorities has signed it for this purpose; throws otherwise. */
async function signedBy(authorities, purpose, bytes, code) {
  if (bytes.length <= SIGNATURE) throw new SealError(code, 'too short');
  const body = bytes.slice(0, -SIGNATURE), signature = bytes.slice(-SIGNATURE);
  for (const authority of authorities) {
    if (await verify(authority, concat(label(purpose), body), signature)) return new Reader(body);
  }
  throw new SealError(code, 'no AMS that is trusted here has signed it');
}

export class Seal {
  /**
   * session: the session's id. authorities: AMS's sealing keys, 64 hexadecimal digits each. requestGrant(key): obtains AMS's grant of this
   * session to this key from a party that is authorized; key and grant are base64.
   */
  constructor({session, authorities, requestGrant}) {
    Object.assign(this, {session, authorities: authorities.map(fromHex), requestGrant});
    this.next = {client: 0, runtime: 0};
    this.questions = new Set();
    this.failure = null;
    this.runtime = null;  // {instance, key} of the other end
  }

  get established() { return this.runtime !== null && this.failure === null; }

  /** Returns the first message to send. */
  async begin() { return message(await this.#guard(this.#hello())); }

  /** Processes a signalling message. Returns {reply: message or null, heard: object or null, isAnswer}. */
  async receive(received) { return this.#guard(this.#receive(received)); }
  async #receive(received) {
    if (received.type !== 'seal') {
      // Before the channel is established an error is an unauthenticated hint.
      if (received.type === 'error' && !this.runtime) this.#refuse('refused', 'unauthenticated error: ' + received.message);
      this.#refuse('sealed_clear', 'plaintext signalling in a sealed session');
    }
    const bytes = fromBase64(received.body);
    if (!this.runtime) return {reply: message(await this.#onShare(bytes)), heard: null, isAnswer: false};
    const {text, isAnswer} = await this.#open(bytes);
    const heard = JSON.parse(text);
    if ((heard.type === 'offer' || heard.type === 'answer') && !isAnswer) this.#refuse('sealed_stale_answer', 'unsolicited answer');
    return {reply: null, heard, isAnswer};
  }

  /** Seals an object for the runtime. A question accepts exactly one answer. */
  async say(object, {question = false} = {}) {
    return this.#guard((async () => {
      const mark = question ? toBase64(crypto.getRandomValues(new Uint8Array(16))) : null;
      if (mark) this.questions.add(mark);
      return message(await this.#write('signalling', JSON.stringify(object), mark));
    })());
  }

  async #hello() {
    try {
      this.identity = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
      this.ephemeral = await crypto.subtle.generateKey('X25519', false, ['deriveBits']);
    } catch {
      this.#refuse('crypto_unsupported', 'this browser has no Ed25519 and X25519, or the page is in no secure context');
    }
    const identity = new Uint8Array(await crypto.subtle.exportKey('raw', this.identity.publicKey));
    const share = new Uint8Array(await crypto.subtle.exportKey('raw', this.ephemeral.publicKey));
    const grant = fromBase64(await this.requestGrant(toBase64(identity)));
    this.instance = await this.#checkGrant(grant, identity);
    const nonce = crypto.getRandomValues(new Uint8Array(32));
    this.helloBytes = concat(Uint8Array.of(CLIENT_HELLO, VERSION, 0), opaque8(encoder.encode(this.session)),
                             opaque8(Uint8Array.of(SUITE_AES_256_GCM)), share, nonce, opaque16(grant));
    return this.helloBytes;
  }

  async #checkGrant(bytes, identity) {
    const reader = await signedBy(this.authorities, 'redan sealed v1 session grant', bytes, 'sealed_bad_grant');
    const session = decoder.decode(reader.opaque8()), instance = decoder.decode(reader.opaque8());
    const client = reader.bytes(32);
    reader.number(1);
    const notAfter = reader.number(6);
    if (session !== this.session) this.#refuse('sealed_wrong_session', 'the grant is for another session');
    if (!equal(client, identity)) this.#refuse('sealed_bad_grant', 'the grant is for another key');
    if (Date.now() / 1000 - CLOCK_SKEW > notAfter) this.#refuse('sealed_expired', 'the grant has expired');
    return instance;
  }

  /** Processes the runtime's share; returns the proof to send. */
  async #onShare(bytes) {
    if (!this.ephemeral) this.#refuse('sealed_syntax', 'unexpected share');
    const reader = new Reader(bytes);
    const kind = reader.number(1), suite = reader.number(1), share = reader.bytes(32);
    reader.bytes(32);
    const certificate = reader.opaque16(), signature = reader.bytes(SIGNATURE);
    reader.done();
    if (kind !== RUNTIME_SHARE || suite !== SUITE_AES_256_GCM) this.#refuse('sealed_syntax', 'not a share of this suite');
    const runtime = await this.#checkCertificate(certificate);
    const said = concat(label('redan sealed v1 runtime'), opaque16(this.helloBytes), opaque16(bytes.slice(0, -SIGNATURE)));
    if (!await verify(runtime.key, said, signature)) this.#refuse('sealed_bad_signature', 'the certificate is not its own');
    const transcript = concat(label('redan sealed v1 transcript'), opaque16(this.helloBytes), opaque16(bytes));
    this.transcript = new Uint8Array(await crypto.subtle.digest('SHA-256', transcript));
    await this.#deriveKeys(share);
    this.runtime = runtime;
    const proof = await crypto.subtle.sign('Ed25519', this.identity.privateKey, concat(label('redan sealed v1 client'), this.transcript));
    return this.#write('auth', toBase64(new Uint8Array(proof)), null);
  }

  async #checkCertificate(bytes) {
    const reader = await signedBy(this.authorities, 'redan sealed v1 runtime certificate', bytes, 'sealed_bad_certificate');
    const instance = decoder.decode(reader.opaque8()), key = reader.bytes(32);
    const notBefore = reader.number(6), notAfter = reader.number(6), now = Date.now() / 1000;
    reader.done();
    if (now + CLOCK_SKEW < notBefore || now - CLOCK_SKEW > notAfter) this.#refuse('sealed_expired', 'the certificate has expired');
    if (instance !== this.instance) this.#refuse('sealed_wrong_session', 'another instance than the one that was granted');
    return {instance, key};
  }

  async #deriveKeys(share) {
    const theirs = await crypto.subtle.importKey('raw', share, 'X25519', false, []);
    const shared = await crypto.subtle.deriveBits({name: 'X25519', public: theirs}, this.ephemeral.privateKey, 256);
    this.ephemeral = null;
    const hkdf = await crypto.subtle.importKey('raw', shared, 'HKDF', false, ['deriveKey']);
    const key = (info, use) => crypto.subtle.deriveKey({name: 'HKDF', hash: 'SHA-256', salt: this.transcript, info: encoder.encode(info)},
                                                       hkdf, {name: 'AES-GCM', length: 256}, false, [use]);
    this.keys = {client: await key('redan sealed v1 client to runtime', 'encrypt'), runtime: await key('redan sealed v1 runtime to client', 'decrypt')};
  }

  async #write(typ, body, re) {
    const seq = this.next.client++;
    if (seq >= MAX_MESSAGES) this.#refuse('sealed_exhausted', 'too many messages');
    const envelope = {v: 1, sid: this.session, dir: 'c', seq, typ, re, body};
    if (seq === 0) envelope.th = toBase64(this.transcript);
    envelope.pad = '';
    const size = encoder.encode(JSON.stringify(envelope)).length;
    envelope.pad = ' '.repeat((PADDING - size % PADDING) % PADDING);
    const parameters = this.#parameters('client', seq);
    const sealed = await crypto.subtle.encrypt(parameters, this.keys.client, encoder.encode(JSON.stringify(envelope)));
    return concat(this.#header('client', seq), new Uint8Array(sealed));
  }

  /** Opens a record from the runtime. */
  async #open(bytes) {
    const reader = new Reader(bytes);
    const kind = reader.number(1), dir = reader.number(1), seq = reader.number(4), expected = this.next.runtime;
    if (kind !== RECORD || !this.keys) this.#refuse('sealed_syntax', 'not a record');
    if (dir === DIR.client) this.#refuse('sealed_reflected', 'our own message came back');
    if (dir !== DIR.runtime) this.#refuse('sealed_syntax', 'unknown direction');
    if (seq < expected) this.#refuse('sealed_replayed', 'a message came twice');
    if (seq > expected) this.#refuse('sealed_missing', 'a message is missing');
    // Counted before the first await, so that two messages that arrive at once do not get the same number.
    this.next.runtime = expected + 1;
    let text;
    try {
      text = decoder.decode(await crypto.subtle.decrypt(this.#parameters('runtime', seq), this.keys.runtime, reader.rest));
    } catch {
      this.#refuse('sealed_bad_record', 'a message does not open');
    }
    return this.#check(JSON.parse(text), seq);
  }

  #check(envelope, seq) {
    const names = ['body', 'dir', 'pad', 're', 'seq', 'sid', ...(seq === 0 ? ['th'] : []), 'typ', 'v'];
    if (Object.keys(envelope).sort().join() !== names.join() || envelope.v !== 1 || typeof envelope.body !== 'string' ||
        envelope.typ !== 'signalling') {
      this.#refuse('sealed_syntax', 'not an envelope');
    }
    if (envelope.sid !== this.session) this.#refuse('sealed_wrong_session', 'a message of another session');
    if (envelope.dir !== 'r') this.#refuse('sealed_reflected', 'our own message came back');
    if (envelope.seq !== seq) this.#refuse('sealed_replayed', 'a message with the number of another');
    if (seq === 0 && envelope.th !== toBase64(this.transcript)) this.#refuse('sealed_wrong_session', 'of another handshake');
    if (envelope.re !== null && !this.questions.delete(envelope.re)) this.#refuse('sealed_stale_answer', 'unsolicited answer');
    return {text: envelope.body, isAnswer: envelope.re !== null};
  }

  #header(side, seq) { return Uint8Array.of(RECORD, DIR[side], seq >>> 24, seq >>> 16, seq >>> 8, seq); }
  #parameters(side, seq) {
    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setUint32(8, seq);
    return {name: 'AES-GCM', iv, additionalData: concat(this.#header(side, seq), encoder.encode(this.session))};
  }

  #refuse(code, text) { throw new SealError(code, text); }
  async #guard(promise) {
    if (this.failure) throw this.failure;
    try {
      return await promise;
    } catch (error) {
      this.failure = this.failure || (error instanceof SealError ? error : new SealError('sealed_syntax', String(error)));
      throw this.failure;
    }
  }
}
