'use strict';
// A client of the streaming gateway: one socket for signalling, one peer connection. It speaks what clients written for
// Anbox Cloud speak (docs/protocols/streaming.md). No dependencies.
//
//   const client = new StreamClient({socketUrl, iceServers, video, dataChannels: ['chat']});
//   client.onstate = (state, detail) => ...;   connecting, connected, playing, ended
//   client.connect();
//   client.send('input::key', {code: 4, pressed: true});

const kApiVersion = 2;
const kSignallingTimeout = 30000;
const kDisconnectGrace = 10000;

class StreamClient {
  constructor({socketUrl, iceServers = [], video = null, audio = true, dataChannels = [], relayOnly = false}) {
    this.socketUrl = socketUrl;
    this.video = video;
    this.wantsAudio = audio;
    this.state = 'new';
    this.onstate = () => {};
    this.onmessage = () => {};   // (type, data) from the control channel
    this.onlog = () => {};
    this.channels = {};
    this.early = [];             // candidates that came before the offer
    this.pc = new RTCPeerConnection({
      iceServers: iceServers.map(({urls, username, password}) => ({urls, username, credential: password})),
      iceTransportPolicy: relayOnly ? 'relay' : 'all',
    });
    this.control = this.pc.createDataChannel('control');
    this.control.onmessage = event => this.hear(event.data);
    this.control.onclose = () => this.end('the session has ended at the other side');
    for (const name of dataChannels) this.channels[name] = this.pc.createDataChannel(name);
    this.pc.ontrack = event => this.show(event);
    this.pc.oniceconnectionstatechange = () => this.follow();
    this.pc.onicecandidate = ({candidate}) => {
      if (candidate && candidate.candidate) this.signal({type: 'candidate', candidate: btoa(candidate.candidate), sdpMid: candidate.sdpMid,
        sdpMLineIndex: candidate.sdpMLineIndex});
    };
  }

  connect() {
    this.become('connecting');
    this.timer = setTimeout(() => this.end('no connection within ' + kSignallingTimeout / 1000 + ' s'), kSignallingTimeout);
    this.socket = new WebSocket(this.socketUrl);
    this.socket.onopen = () => this.signal({type: 'discover'});
    this.socket.onmessage = event => this.receive(JSON.parse(event.data)).catch(error => this.end(error.message));
    this.socket.onclose = () => { if (this.state === 'connecting') this.end('the gateway closed the connection'); };
  }

  // To the control channel: false if it is not open.
  send(type, data = {}) {
    if (this.control.readyState !== 'open') return false;
    this.control.send(JSON.stringify({type, data}));
    return true;
  }

  close() {
    this.send('stream::disconnect');
    this.end('closed');
  }

  // ---- signalling

  signal(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  async receive(message) {
    this.onlog('signalling', message.type);
    if (message.type === 'resp:discover') {
      if (message.max_api_version < kApiVersion) throw new Error('the runtime is too old for this client');
      this.signal({type: 'settings', api_version: kApiVersion, data_channels: ['control', ...Object.keys(this.channels)],
        enable_speaker: this.wantsAudio, enable_microphone: false, enable_video: this.video !== null, enable_camera: false});
    } else if (message.type === 'offer') {
      await this.pc.setRemoteDescription({type: 'offer', sdp: atob(message.sdp)});
      for (const candidate of this.early.splice(0)) await this.pc.addIceCandidate(candidate);
      const answer = await this.pc.createAnswer();
      await this.pc.setLocalDescription(answer);
      this.signal({type: 'answer', sdp: btoa(answer.sdp)});
    } else if (message.type === 'candidate') {
      const candidate = {candidate: atob(message.candidate), sdpMid: message.sdpMid, sdpMLineIndex: message.sdpMLineIndex};
      if (this.pc.remoteDescription) await this.pc.addIceCandidate(candidate);
      else this.early.push(candidate);
    } else if (message.type === 'error') {
      throw new Error(message.message);
    }
  }

  // ---- the connection

  follow() {
    const state = this.pc.iceConnectionState;
    this.onlog('ice', state);
    clearTimeout(this.grace);
    if (state === 'connected' || state === 'completed') {
      if (this.state !== 'connecting') return;
      clearTimeout(this.timer);
      this.become('connected');
      this.socket.close();  // it has done its work
    } else if (state === 'failed') {
      this.end('no path to the runtime: ICE failed');
    } else if (state === 'disconnected') {
      this.grace = setTimeout(() => this.end('the connection is lost'), kDisconnectGrace);
    }
  }

  show({track, streams}) {
    if (!this.video || this.video.srcObject === streams[0]) return;
    this.video.srcObject = streams[0];
    if (track.kind !== 'video' && !streams[0].getVideoTracks().length) return;
    this.video.addEventListener('playing', () => this.become('playing'), {once: true});
    this.video.play().catch(() => {});
  }

  hear(text) {
    const {type, data} = JSON.parse(text);
    this.onmessage(type, typeof data === 'string' && data ? JSON.parse(data) : data);
  }

  become(state, detail) {
    this.state = state;
    this.onlog('state', state + (detail ? ': ' + detail : ''));
    this.onstate(state, detail);
  }

  end(detail) {
    if (this.state === 'ended') return;
    clearTimeout(this.timer);
    clearTimeout(this.grace);
    this.become('ended', detail);
    if (this.socket) this.socket.close();
    this.pc.close();
  }
}

// Touch, mouse and keys on an element that shows the stream, in pixels of the picture.
class StreamInput {
  constructor(client, element, oninput = () => {}) {
    this.client = client;
    this.element = element;
    this.oninput = oninput;
    const listen = (type, act) => element.addEventListener(type, event => { event.preventDefault(); act(event); });
    listen('pointerdown', event => this.pointer(event, true));
    listen('pointerup', event => this.pointer(event, false));
    listen('pointercancel', event => this.pointer(event, false));
    listen('pointermove', event => this.move(event));
    listen('wheel', event => this.emit('input::mouse-wheel', {x: -Math.sign(event.deltaX), y: -Math.sign(event.deltaY)}));
    listen('contextmenu', () => {});
    element.addEventListener('keydown', event => this.key(event, true));
    element.addEventListener('keyup', event => this.key(event, false));
    this.fingers = new Map();
  }

  emit(type, data) {
    if (this.client.send(type, data)) this.oninput(type);
  }

  // The picture fills the element but for bars on two sides.
  place(event) {
    const box = this.element.getBoundingClientRect();
    const width = this.element.videoWidth || box.width, height = this.element.videoHeight || box.height;
    const scale = Math.min(box.width / width, box.height / height);
    const inside = (value, most) => Math.round(Math.min(Math.max(value, 0), most - 1));
    return {x: inside((event.clientX - box.left - (box.width - width * scale) / 2) / scale, width),
      y: inside((event.clientY - box.top - (box.height - height * scale) / 2) / scale, height)};
  }

  pointer(event, pressed) {
    const {x, y} = this.place(event);
    this.element.focus({preventScroll: true});
    if (event.pointerType !== 'touch') {
      if (pressed) this.emit('input::mouse-move', {x, y, rx: 0, ry: 0});
      return this.emit('input::mouse-button', {pressed, button: event.button + 1});
    }
    if (pressed) {
      const used = [...this.fingers.values()];
      const id = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].find(number => !used.includes(number));
      if (id === undefined) return;
      this.fingers.set(event.pointerId, id);
      this.emit('input::touch-start', {id, x, y});
    } else if (this.fingers.has(event.pointerId)) {
      const id = this.fingers.get(event.pointerId);
      this.fingers.delete(event.pointerId);
      this.emit('input::touch-end', {id, last: this.fingers.size === 0});
    }
  }

  move(event) {
    const {x, y} = this.place(event);
    if (event.pointerType !== 'touch') return this.emit('input::mouse-move', {x, y, rx: event.movementX, ry: event.movementY});
    if (this.fingers.has(event.pointerId)) this.emit('input::touch-move', {id: this.fingers.get(event.pointerId), x, y});
  }

  key(event, pressed) {
    const code = hidUsage(event.code);
    if (code === undefined || event.repeat) return;
    if (event.code !== 'Tab') event.preventDefault();  // a keyboard must find its way out
    this.emit('input::key', {code, pressed});
  }
}

// USB HID usage numbers, usage page 7.
function hidUsage(code) {
  if (/^Key[A-Z]$/.test(code)) return code.charCodeAt(3) - 65 + 4;
  if (/^Digit[1-9]$/.test(code)) return Number(code[5]) + 29;
  return {Digit0: 39, Enter: 40, Escape: 41, Backspace: 42, Tab: 43, Space: 44, Minus: 45, Equal: 46, Comma: 54, Period: 55, Slash: 56, ArrowRight: 79,
    ArrowLeft: 80, ArrowDown: 81, ArrowUp: 82, ControlLeft: 224, ShiftLeft: 225, AltLeft: 226, ControlRight: 228, ShiftRight: 229, AltRight: 230}[code];
}

// Reads what the generated picture says about itself, from each frame as it is shown: the number of the frame, and how
// many inputs the runtime had seen when it drew it.
class PictureReader {
  constructor(video, onframe) {
    this.video = video;
    this.canvas = document.createElement('canvas');
    this.context = this.canvas.getContext('2d', {willReadFrequently: true});
    const look = now => {
      const read = this.read();
      if (read) onframe({...read, now});
      if (!this.stopped) this.next(look);
    };
    this.next(look);
  }
  next(look) {
    if (this.video.requestVideoFrameCallback) this.video.requestVideoFrameCallback(look);
    else requestAnimationFrame(look);
  }
  stop() { this.stopped = true; }

  read() {
    const width = this.video.videoWidth, height = this.video.videoHeight;
    const side = blockSide(width, height);
    if (!side) return null;
    this.canvas.width = side * 37;
    this.canvas.height = side * 3;
    this.context.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height, 0, 0, this.canvas.width, this.canvas.height);
    const pixels = this.context.getImageData(0, 0, this.canvas.width, this.canvas.height).data;
    const white = (row, index) => {
      const at = 4 * (Math.floor((row + 0.5) * side) * this.canvas.width + Math.floor((index + 1.5) * side));
      return pixels[at + 1] > 127;
    };
    const number = row => {
      if (!white(row, 0) || white(row, 1) || !white(row, 35)) return null;
      let value = 0, parity = false;
      for (let bit = 0; bit < 32; ++bit) {
        const set = white(row, bit + 2);
        value = value * 2 + (set ? 1 : 0);
        parity = parity !== set;
      }
      return white(row, 34) === parity ? value : null;
    };
    return {frame: number(0), inputs: number(2)};
  }
}

function blockSide(width, height) {
  let side = Math.floor(width / 40);
  if (side >= 8) side -= side % 8;
  side -= side % 2;
  return side < 4 || side * 6 > height ? 0 : side;
}
