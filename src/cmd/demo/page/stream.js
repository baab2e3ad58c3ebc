// A client of the streaming protocol (docs/protocols/streaming.md): signals over a WebSocket, plays the stream, sends
// input over the control channel, and reads the generated picture for measurements. No dependencies.
//
//   const client = new StreamClient({socketUrl, iceServers, video: document.querySelector('video'), audio: true, onState: console.log});
//   await client.connect();
//   client.attachInput();
//   console.log(await client.measureLatency());
//   client.close();

/** Why a stream ended; the codes are those of the SDK's clients. */
export class StreamError extends Error {
  constructor(code, message) {
    super(message);
    this.code = code;
  }
}
export const ErrorCode = {
  invalidArgument: 1, signalling: 2, connector: 3, timeout: 7, ice: 9, connectionLost: 10, controlChannel: 13, disconnected: 14,
};

const MAX_API_VERSION = 2;
const SIGNALLING_LIMIT_MS = 60_000;
const DISCONNECTED_GRACE_MS = 10_000;
const USER_INITIATED_ABORT = 12;  // RFC 9260 section 3.3.10.12

export class StreamClient {
  /**
   * socketUrl: wss://... of the session. iceServers: as returned by the gateway ({urls, username, password}). video: an HTMLVideoElement,
   * or null for none. audio: whether to receive audio. dataChannels: names, at most five. relayOnly: use only TURN relays. seal: a Seal from
   * sealed.js; the client then neither sends nor accepts plaintext signalling (API version 2 only).
   * onState(state, detail): "signalling", "connecting", "connected", "playing", "ended" with a StreamError or null.
   * onMessage(type, data): a message on the control channel. onChannel(name, event data). onStats(figures), every second.
   */
  constructor({socketUrl, iceServers = [], video = null, audio = false, dataChannels = [], relayOnly = false, apiVersion = MAX_API_VERSION,
               seal = null, onState = () => {}, onMessage = () => {}, onChannel = () => {}, onStats = null}) {
    Object.assign(this, {socketUrl, video, audio: Boolean(audio), dataChannels, apiVersion, seal, onState, onMessage, onChannel, onStats});
    this.configuration = {
      iceServers: iceServers.map(({urls, username, password, credential}) => ({urls, username, credential: credential || password})),
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
      bundlePolicy: 'max-bundle',
    };
    this.state = 'new';
    this.channels = {};
    this.stream = null;
    this.early = [];  // candidates before the description
    this.saying = this.hearing = Promise.resolve();  // sealing is asynchronous: one message after the other
  }

  /** Resolves when the control channel is open; rejects with a StreamError. */
  connect() {
    this.pc = new RTCPeerConnection(this.configuration);
    this.gathered = 0;
    this.refusals = new Set();
    this.pc.onicecandidate = event => event.candidate && event.candidate.candidate && this.#sendCandidate(event.candidate);
    this.pc.onicecandidateerror = event => this.refusals.add(`${event.url}: ${event.errorCode} ${event.errorText}`);
    this.pc.onicegatheringstatechange = () => this.#onGathering();
    this.pc.oniceconnectionstatechange = () => this.#onIceState(this.pc.iceConnectionState);
    this.pc.ontrack = event => this.#onTrack(event);
    // Before the offer, which must contain a section for channels.
    this.#openChannel('control');
    for (const name of this.dataChannels) this.#openChannel(name);
    this.#setState('signalling');
    this.limit = setTimeout(() => this.#fail(ErrorCode.timeout, 'no connection in time'), SIGNALLING_LIMIT_MS);
    this.socket = new WebSocket(this.socketUrl);
    this.socket.onopen = () => this.#begin().catch(error => this.#refuse(error));
    this.socket.onmessage = event => {
      this.hearing = this.hearing.then(() => this.#onText(event.data)).catch(error => this.#refuse(error));
    };
    this.socket.onclose = () => this.#onSocketLost();
    return new Promise((resolve, reject) => Object.assign(this, {resolve, reject}));
  }

  /** Sends a message on the control channel. Returns false if the channel is not open. */
  send(type, data = {}) {
    const control = this.channels.control;
    if (!control || control.readyState !== 'open') return false;
    control.send(JSON.stringify({type, data}));
    return true;
  }

  /** Ends the stream. */
  close() {
    this.send('stream::disconnect');
    // Leave time for the message, then close the connection.
    const {pc, socket} = this;
    setTimeout(() => {
      if (pc) pc.close();
      if (socket) socket.close();
    }, 100);
    this.#end(null);
  }

  // Signalling.

  async #begin() {
    if (this.seal) return this.#send(await this.seal.begin());
    if (this.apiVersion >= 2) return this.#signal({type: 'discover'});
    // Version 1: the client makes the offer immediately.
    if (this.audio) this.pc.addTransceiver('audio', {direction: 'recvonly'});
    if (this.video) this.pc.addTransceiver('video', {direction: 'recvonly'});
    await this.pc.setLocalDescription(await this.pc.createOffer());
    this.#signal({type: 'offer', sdp: btoa(this.pc.localDescription.sdp), dataChannels: this.dataChannels});
  }

  async #onText(text) {
    if (this.state === 'ended') return;
    const message = JSON.parse(text);
    if (!this.seal) return this.#onSignal(message);
    const {reply, heard} = await this.seal.receive(message);
    if (heard) return this.#onSignal(heard);
    this.#send(reply);
    this.#signal(this.#settings(), {question: true});
  }

  #settings() {
    return {
      type: 'settings', api_version: this.apiVersion, data_channels: this.dataChannels, enable_speaker: this.audio, enable_microphone: false,
      enable_video: Boolean(this.video), enable_camera: false, video: {preferred_decoder_codecs: ['VP8']},
    };
  }

  async #onSignal(message) {
    if (message.type === 'resp:discover') {
      if (message.max_api_version < this.apiVersion) {
        return this.#fail(ErrorCode.invalidArgument, `the runtime speaks version ${message.max_api_version} only`);
      }
      this.#signal(this.#settings(), {question: true});
    } else if (message.type === 'offer') {
      await this.#setRemote({type: 'offer', sdp: atob(message.sdp)});
      await this.pc.setLocalDescription(await this.pc.createAnswer());
      await this.#signal({type: 'answer', sdp: btoa(this.pc.localDescription.sdp)});
      this.#onAgreed();
    } else if (message.type === 'answer') {
      await this.#setRemote({type: 'answer', sdp: atob(message.sdp)});
      this.#onAgreed();
    } else if (message.type === 'candidate') {
      const candidate = {candidate: atob(message.candidate), sdpMid: message.sdpMid, sdpMLineIndex: message.sdpMLineIndex};
      if (this.pc.remoteDescription) await this.pc.addIceCandidate(candidate);
      else this.early.push(candidate);
    } else if (message.type === 'error') {
      this.#fail(ErrorCode.signalling, message.message || 'the runtime refuses');
    }
  }

  async #setRemote(description) {
    await this.pc.setRemoteDescription(description);
    for (const candidate of this.early.splice(0)) await this.pc.addIceCandidate(candidate);
  }

  #signal(message, options = {}) {
    if (!this.seal) return this.#send(message);
    return this.saying = this.saying.then(async () => this.#send(await this.seal.say(message, options))).catch(error => this.#refuse(error));
  }
  #send(message) {
    if (this.socket.readyState !== WebSocket.OPEN) return this.#onSocketLost();
    this.socket.send(JSON.stringify(message));
  }
  // Both sides have both descriptions. This may be noticed late: channels may open before the browser reports that it
  // has accepted an answer.
  #onAgreed() {
    if (this.state === 'signalling') this.#setState('connecting');
  }
  // Without both descriptions the attempt fails; with them, the connection needs no socket.
  #onSocketLost() {
    if (this.state === 'signalling') this.#fail(ErrorCode.signalling, 'the signalling socket was closed');
  }
  #refuse(error) {
    this.sealFailure = this.seal && error === this.seal.failure ? error.code : null;
    this.#fail(this.sealFailure ? ErrorCode.signalling : ErrorCode.connector, this.sealFailure ? error.message : String(error));
  }
  // Browsers wait long for a connection that cannot succeed.
  #onGathering() {
    if (this.pc.iceGatheringState !== 'complete' || this.gathered > 0) return;
    this.#fail(ErrorCode.ice, 'no way out of here' + (this.refusals.size ? ': ' + [...this.refusals].join('; ') : ''));
  }
  #sendCandidate({candidate, sdpMid, sdpMLineIndex}) {
    ++this.gathered;
    this.#signal({type: 'candidate', candidate: btoa(candidate), sdpMid, sdpMLineIndex});
  }

  #onIceState(state) {
    clearTimeout(this.grace);
    if (state === 'failed') this.#fail(ErrorCode.ice, 'no path to the runtime');
    if (state === 'disconnected') {
      this.grace = setTimeout(() => this.#fail(ErrorCode.connectionLost, 'the connection was lost'), DISCONNECTED_GRACE_MS);
    }
  }

  #onTrack(event) {
    this.stream = event.streams[0];
    if (!this.video || this.video.srcObject === this.stream) return;
    this.video.srcObject = this.stream;
    this.video.addEventListener('playing', () => this.state === 'connected' && this.#setState('playing'), {once: true});
    this.video.play().catch(() => {});  // without a user gesture a page may only play muted media
  }

  #openChannel(name) {
    const channel = this.channels[name] = this.pc.createDataChannel(name);
    channel.binaryType = 'arraybuffer';
    if (name !== 'control') {
      channel.onmessage = event => this.onChannel(name, event.data);
      return;
    }
    channel.onopen = () => this.#onControlOpen();
    channel.onmessage = event => this.#onControl(event.data);
    channel.onerror = ({error}) => {
      const ended = !error || error.sctpCauseCode === USER_INITIATED_ABORT;
      if (ended) this.#fail(ErrorCode.disconnected, 'ended by the runtime');
      else this.#fail(ErrorCode.controlChannel, 'the control channel broke: ' + error.message);
    };
    channel.onclose = () => this.#fail(ErrorCode.disconnected, 'ended by the runtime');
  }

  // Only now is the socket no longer needed. ICE may connect earlier: the runtime answers checks before it has our
  // answer, which may still have to be sealed, and the browser connects before it reports that it has accepted the
  // runtime's answer.
  #onControlOpen() {
    clearTimeout(this.limit);
    this.socket.close();
    this.#setState('connected');
    if (this.video && !this.video.paused && this.video.videoWidth > 0) this.#setState('playing');
    if (this.onStats) this.statsTimer = setInterval(() => this.stats().then(this.onStats, () => {}), 1000);
    this.resolve(this);
  }

  #onControl(text) {
    let message;
    try {
      message = JSON.parse(text);
      if (typeof message.data === 'string') message.data = JSON.parse(message.data);  // data is JSON text inside JSON
    } catch {
      return;
    }
    this.onMessage(message.type, message.data);
  }

  #setState(state, detail = null) {
    if (this.state === 'ended' || this.state === state) return;
    this.state = state;
    this.onState(state, detail);
  }
  #fail(code, text) {
    if (this.state === 'ended') return;
    const error = new StreamError(code, text);
    this.pc.close();
    this.socket.close();
    this.#end(error);
    this.reject(error);
  }
  #end(error) {
    clearTimeout(this.limit);
    clearTimeout(this.grace);
    clearInterval(this.statsTimer);
    this.detachInput();
    this.error = error;
    this.#setState('ended', error);
  }

  // Figures.

  /** Returns statistics of the connection; rates cover the time since the last call. */
  async stats() {
    const figures = {transport: null, video: null, audio: null};
    const reports = [...(await this.pc.getStats()).values()];
    const pair = reports.find(r => r.type === 'candidate-pair' && (r.selected || r.nominated) && r.state === 'succeeded');
    if (pair) {
      const local = reports.find(r => r.id === pair.localCandidateId), remote = reports.find(r => r.id === pair.remoteCandidateId);
      figures.transport = {
        rttMs: pair.currentRoundTripTime === undefined ? null : pair.currentRoundTripTime * 1000, protocol: local && local.protocol,
        local: local && local.candidateType, remote: remote && remote.candidateType, relayed: Boolean(local && local.candidateType === 'relay'),
      };
    }
    for (const kind of ['video', 'audio']) {
      const r = reports.find(each => each.type === 'inbound-rtp' && each.kind === kind);
      if (!r) continue;
      const last = (this.lastStats || {})[kind] || {timestamp: r.timestamp - 1000, bytesReceived: 0, framesDecoded: 0};
      const seconds = Math.max(0.001, (r.timestamp - last.timestamp) / 1000);
      const codec = reports.find(each => each.id === r.codecId);
      figures[kind] = {
        kbps: (r.bytesReceived - last.bytesReceived) * 8 / 1000 / seconds, fps: ((r.framesDecoded || 0) - (last.framesDecoded || 0)) / seconds,
        width: r.frameWidth, height: r.frameHeight, codec: codec && codec.mimeType, jitterMs: (r.jitter || 0) * 1000,
        packetsLost: r.packetsLost, packetsReceived: r.packetsReceived, framesDropped: r.framesDropped, keyFrames: r.keyFramesDecoded,
        decodeMs: r.framesDecoded ? 1000 * r.totalDecodeTime / r.framesDecoded : 0,
        bufferMs: r.jitterBufferEmittedCount ? 1000 * r.jitterBufferDelay / r.jitterBufferEmittedCount : 0,
        nack: r.nackCount, pli: r.pliCount, fir: r.firCount, freezes: r.freezeCount,
      };
      this.lastStats = {...this.lastStats, [kind]: r};
    }
    return figures;
  }

  // The generated picture.

  /** Decodes the current picture: {width, height, frame, inputs, indicators}; null if there is none or it cannot be read. */
  readPicture() {
    const {video} = this;
    if (!video || !video.videoWidth || video.readyState < 2) return null;
    const width = video.videoWidth, height = video.videoHeight, side = blockSide(width, height);
    if (side === 0) return null;
    const canvas = this.canvas = this.canvas || document.createElement('canvas');
    if (canvas.width !== width || canvas.height !== 6 * side) Object.assign(canvas, {width, height: 6 * side});
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(video, 0, 0, width, canvas.height, 0, 0, width, canvas.height);
    const pixels = context.getImageData(0, 0, width, canvas.height).data;
    const frame = readNumber(pixels, width, side, 0), inputs = readNumber(pixels, width, side, 2);
    if (frame === null || inputs === null) return null;
    const indicators = {};
    INDICATORS.forEach((name, i) => { indicators[name] = readBlock(pixels, width, side, 4, 2 * i); });
    return {width, height, frame, inputs, indicators};
  }

  /** Sends a touch and waits for the picture that shows it. Returns the milliseconds in between, or null if none arrived. */
  async measureLatency({x = 8, y = 8, limitMs = 5000} = {}) {
    const before = this.readPicture();
    if (!before) return null;
    const begin = performance.now();
    if (!this.send('input::touch-start', {id: 9, x, y})) return null;
    this.send('input::touch-end', {id: 9, last: true});
    while (performance.now() - begin < limitMs) {
      await this.#nextFrame();
      const now = this.readPicture();
      if (now && now.inputs > before.inputs) return performance.now() - begin;
    }
    return null;
  }
  #nextFrame() {
    return new Promise(resolve => {
      if (!this.video.requestVideoFrameCallback) return requestAnimationFrame(resolve);
      const timer = setTimeout(resolve, 500);
      this.video.requestVideoFrameCallback(() => { clearTimeout(timer); resolve(); });
    });
  }

  // Input.

  /** Sends the element's input events: touches, mouse, wheel, keys and gamepads. */
  attachInput(element = this.video) {
    this.detachInput();
    const stop = new AbortController(), {signal} = stop;
    const on = (target, type, handler, options = {}) => target.addEventListener(type, handler, {signal, ...options});
    this.input = {stop, element, fingers: new Map(), pads: new Map()};
    element.style.touchAction = 'none';
    if (element.tabIndex < 0) element.tabIndex = 0;
    for (const type of ['pointerdown', 'pointermove', 'pointerup', 'pointercancel']) on(element, type, event => this.#onPointer(event));
    on(element, 'contextmenu', event => event.preventDefault());
    on(element, 'wheel', event => {
      event.preventDefault();
      this.send('input::mouse-wheel', {x: Math.sign(event.deltaX), y: -Math.sign(event.deltaY)});
    }, {passive: false});
    for (const type of ['keydown', 'keyup']) on(element, type, event => this.#onKey(event));
    const poll = () => {
      if (signal.aborted) return;
      this.#pollGamepads();
      requestAnimationFrame(poll);
    };
    on(window, 'gamepadconnected', poll, {once: true});
  }
  detachInput() {
    if (this.input) this.input.stop.abort();
    this.input = null;
  }

  /** Maps a point on the page to the picture, independent of the element's size; clamped to the picture. */
  toPicture(clientX, clientY, element = this.video) {
    const box = element.getBoundingClientRect();
    const width = (this.video && this.video.videoWidth) || box.width, height = (this.video && this.video.videoHeight) || box.height;
    const scale = Math.min(box.width / width, box.height / height);  // object-fit: contain, the default of video
    const x = (clientX - box.left - (box.width - width * scale) / 2) / scale, y = (clientY - box.top - (box.height - height * scale) / 2) / scale;
    return {x: Math.min(Math.max(x, 0), width - 1), y: Math.min(Math.max(y, 0), height - 1), scale};
  }

  #onPointer(event) {
    event.preventDefault();
    if (event.type === 'pointerdown') {
      event.target.focus({preventScroll: true});
      event.target.setPointerCapture(event.pointerId);
    }
    if (event.pointerType === 'mouse') this.#onMouse(event);
    else this.#onTouch(event);
  }
  #onMouse(event) {
    if (event.type === 'pointercancel') return;
    const {x, y, scale} = this.toPicture(event.clientX, event.clientY, this.input.element);
    const move = {rx: event.movementX / scale, ry: event.movementY / scale};
    const locked = document.pointerLockElement === this.input.element;
    this.send('input::mouse-move', locked ? move : {...move, x, y});
    // A second mouse button is reported as a move.
    if (event.button >= 0) this.send('input::mouse-button', {pressed: (event.buttons & MOUSE_BITS[event.button]) !== 0, button: event.button + 1});
  }
  #onTouch(event) {
    const {fingers} = this.input;
    const {x, y} = this.toPicture(event.clientX, event.clientY, this.input.element);
    if (event.type === 'pointerdown') {
      const id = [...Array(10).keys()].find(each => ![...fingers.values()].includes(each));
      if (id === undefined) return;
      fingers.set(event.pointerId, id);
      this.send('input::touch-start', {id, x, y});
    } else if (fingers.has(event.pointerId)) {
      const id = fingers.get(event.pointerId);
      if (event.type === 'pointermove') return void this.send('input::touch-move', {id, x, y});
      fingers.delete(event.pointerId);
      this.send('input::touch-end', {id, last: fingers.size === 0});
    }
  }
  #onKey(event) {
    const code = hidUsage(event.code);
    if (code === 0) return;
    event.preventDefault();
    if (!event.repeat) this.send('input::key', {code, pressed: event.type === 'keydown'});
  }
  #pollGamepads() {
    for (const pad of navigator.getGamepads()) {
      if (!pad) continue;
      const last = this.input.pads.get(pad.index) || {buttons: [], axes: []};
      const buttons = pad.buttons.map(button => button.pressed), axes = pad.axes.map(value => Math.round(value * 1000) / 1000);
      buttons.forEach((pressed, index) => {
        if (pressed !== Boolean(last.buttons[index])) this.send('input::gamepad-button', {id: pad.index, index, pressed});
      });
      axes.forEach((value, index) => {
        if (value !== (last.axes[index] || 0)) this.send('input::gamepad-axes', {id: pad.index, index, value});
      });
      this.input.pads.set(pad.index, {buttons, axes});
    }
  }
}

const MOUSE_BITS = [1, 4, 2, 8, 16];  // MouseEvent.buttons, by MouseEvent.button

// Reading the generated picture.

/** The blocks of row 4, in their order. */
export const INDICATORS = ['press', 'held', 'moved', 'key', 'keyHeld', 'button', 'axis', 'text', 'wheel', 'sensor'];

/** Pixels; 0: the picture is too small for blocks. */
export function blockSide(width, height) {
  let side = Math.floor(width / 40);
  if (side >= 8) side -= side % 8;
  side -= side % 2;
  return side < 4 || side * 6 > height ? 0 : side;
}
/** The mean green in the middle of a block: 0 to 255. */
function readBlock(pixels, width, side, row, index) {
  const from = side >> 2, to = side - from;
  let sum = 0;
  for (let y = from; y < to; ++y) {
    for (let x = from; x < to; ++x) sum += pixels[((row * side + y) * width + (index + 1) * side + x) * 4 + 1];
  }
  return Math.round(sum / ((to - from) * (to - from)));
}
function readNumber(pixels, width, side, row) {
  const white = index => readBlock(pixels, width, side, row, index) >= 128;
  if (!white(0) || white(1) || !white(35)) return null;
  let value = 0, odd = false;
  for (let bit = 0; bit < 32; ++bit) {
    const set = white(2 + bit);
    value = value * 2 + (set ? 1 : 0);
    odd = odd !== set;
  }
  return white(34) === odd ? value : null;
}

// Keys.

const HID = {
  Enter: 40, Escape: 41, Backspace: 42, Tab: 43, Space: 44, Minus: 45, Equal: 46, BracketLeft: 47, BracketRight: 48, Backslash: 49,
  Semicolon: 51, Quote: 52, Backquote: 53, Comma: 54, Period: 55, Slash: 56, CapsLock: 57, PrintScreen: 70, ScrollLock: 71, Pause: 72,
  Insert: 73, Home: 74, PageUp: 75, Delete: 76, End: 77, PageDown: 78, ArrowRight: 79, ArrowLeft: 80, ArrowDown: 81, ArrowUp: 82,
  NumLock: 83, NumpadDivide: 84, NumpadMultiply: 85, NumpadSubtract: 86, NumpadAdd: 87, NumpadEnter: 88, Numpad0: 98, NumpadDecimal: 99,
  IntlBackslash: 100, ContextMenu: 101, ControlLeft: 224, ShiftLeft: 225, AltLeft: 226, MetaLeft: 227, ControlRight: 228,
  ShiftRight: 229, AltRight: 230, MetaRight: 231,
};
/** The USB HID usage of a KeyboardEvent.code; 0 for keys without one. */
export function hidUsage(code) {
  if (/^Key[A-Z]$/.test(code)) return code.charCodeAt(3) - 65 + 4;
  if (/^Digit[0-9]$/.test(code)) return code === 'Digit0' ? 39 : Number(code[5]) + 29;
  if (/^Numpad[1-9]$/.test(code)) return Number(code[6]) + 88;
  if (/^F([1-9]|1[0-2])$/.test(code)) return Number(code.slice(1)) + 57;
  return HID[code] || 0;
}
