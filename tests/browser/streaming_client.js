// A client of the streaming protocol (docs/protocols/streaming.md) as a page writes it. Runs inside page.html; `t` is the
// harness there. What the tests look at stays on the object: events, errors, tracks, messages.
const BLACK_WHITE = 128;

class StreamClient {
  constructor(url, {video = true, audio = false, channels = [], api = 2} = {}) {
    Object.assign(this, {video, audio, api, channelNames: channels});
    this.events = [];
    this.tracks = [];
    this.channels = {};
    this.received = {};
    this.candidates = [];
    this.stream = null;
    this.errorCode = null;
    this.pc = new RTCPeerConnection();
    this.pc.onicecandidate = event => event.candidate && this.onLocalCandidate(event.candidate);
    this.pc.oniceconnectionstatechange = () => this.onIceState();
    this.pc.ontrack = event => this.onTrack(event);
    this.addChannel('control');
    for (const name of channels) this.addChannel(name);
    this.ws = new WebSocket(url);
    this.ws.onopen = () => this.begin();
    this.ws.onmessage = event => this.onMessage(JSON.parse(event.data)).catch(error => this.fail(3, String(error)));
  }

  addChannel(name) {
    const channel = this.channels[name] = this.pc.createDataChannel(name);
    const received = this.received[name] = [];
    channel.binaryType = 'arraybuffer';
    channel.onmessage = event => received.push(event.data);
    channel.onerror = event => {
      const error = event.error;
      this.events.push('channel error ' + (error && error.errorDetail) + ' ' + (error && error.sctpCauseCode));
      if (name === 'control') this.fail(error && error.sctpCauseCode === 12 ? 14 : 13, 'control channel');
    };
    channel.onclose = () => this.events.push('closed ' + name);
  }

  async begin() {
    if (this.api >= 2) return this.signal({type: 'discover'});
    // Clients of the first protocol offer at once.
    if (this.audio) this.pc.addTransceiver('audio', {direction: 'recvonly'});
    if (this.video) this.pc.addTransceiver('video', {direction: 'recvonly'});
    await this.pc.setLocalDescription(await this.pc.createOffer());
    this.signal({type: 'offer', sdp: btoa(this.pc.localDescription.sdp), dataChannels: this.channelNames});
  }

  async onMessage(message) {
    this.events.push('got ' + message.type);
    switch (message.type) {
      case 'resp:discover':
        this.discovered = message;
        if (message.max_api_version < this.api) return this.fail(1, 'api version');
        return this.signal({
          type: 'settings', api_version: this.api, data_channels: this.channelNames, enable_speaker: this.audio, enable_microphone: false,
          enable_video: this.video, enable_camera: false, video: {preferred_decoder_codecs: ['VP8']},
        });
      case 'offer':
        this.offer = atob(message.sdp);
        await this.pc.setRemoteDescription({type: 'offer', sdp: this.offer});
        await this.pc.setLocalDescription(await this.pc.createAnswer());
        return this.signal({type: 'answer', sdp: btoa(this.pc.localDescription.sdp)});
      case 'answer':
        return this.pc.setRemoteDescription({type: 'answer', sdp: atob(message.sdp)});
      case 'candidate':
        return this.pc.addIceCandidate({candidate: atob(message.candidate), sdpMid: message.sdpMid, sdpMLineIndex: message.sdpMLineIndex});
      case 'error':
        return this.fail(2, message.message);
    }
  }

  signal(message) {
    if (this.ws.readyState === WebSocket.OPEN) this.ws.send(JSON.stringify(message));
  }
  onLocalCandidate({candidate, sdpMid, sdpMLineIndex}) {
    this.signal({type: 'candidate', candidate: btoa(candidate), sdpMid, sdpMLineIndex});
  }
  onIceState() {
    const state = this.pc.iceConnectionState;
    this.events.push('ice ' + state);
    if (state === 'connected') this.ws.close();
    if (state === 'disconnected') this.grace = setTimeout(() => this.fail(10, 'connection lost'), 10000);
    if (state === 'connected') clearTimeout(this.grace);
    if (state === 'failed') this.fail(9, 'ICE failed');
  }
  onTrack(event) {
    this.tracks.push(event.track.kind);
    this.streamId = event.streams[0].id;
    this.stream = event.streams[0];
    const element = document.getElementById('echo');
    element.srcObject = this.stream;
    element.play().catch(() => {});
  }
  fail(code, message) {
    if (this.errorCode === null) Object.assign(this, {errorCode: code, errorText: message, errorTime: performance.now()});
    this.ws.close();
  }

  send(type, data) {
    this.channels.control.send(JSON.stringify({type, data}));
  }
  async leave() {
    if (this.channels.control.readyState === 'open') this.send('stream::disconnect', {});
    await t.sleep(100);
    this.pc.close();
    document.getElementById('echo').srcObject = null;
  }

  // ---- reading the generated picture

  /** The picture now: {width, height, frame, inputs, indicator(n)}; null while there is none. */
  read() {
    const video = document.getElementById('echo');
    const width = video.videoWidth, height = video.videoHeight;
    if (!width || video.readyState < 2) return null;
    let side = Math.floor(width / 40);
    if (side >= 8) side -= side % 8;
    side -= side % 2;
    const canvas = this.canvas = this.canvas || document.createElement('canvas');
    canvas.width = width;
    canvas.height = side * 6;
    const context = canvas.getContext('2d', {willReadFrequently: true});
    context.drawImage(video, 0, 0, width, canvas.height, 0, 0, width, canvas.height);
    const pixels = context.getImageData(0, 0, width, canvas.height).data;
    const middle = (row, index) => {
      let sum = 0, count = 0;
      for (let y = side >> 2; y < side - (side >> 2); ++y) {
        for (let x = side >> 2; x < side - (side >> 2); ++x, ++count) {
          sum += pixels[((row * side + y) * width + (index + 1) * side + x) * 4 + 1];
        }
      }
      return sum / count;
    };
    const number = row => {
      const white = index => middle(row, index) >= BLACK_WHITE;
      if (!white(0) || white(1) || !white(35)) return null;
      let value = 0, parity = 0;
      for (let bit = 0; bit < 32; ++bit) {
        value = value * 2 + (white(2 + bit) ? 1 : 0);
        parity ^= white(2 + bit) ? 1 : 0;
      }
      return white(34) === (parity === 1) ? value : null;
    };
    return {width, height, frame: number(0), inputs: number(2), indicators: [...Array(10).keys()].map(i => Math.round(middle(4, 2 * i)))};
  }
  /** Waits for a picture that fits; resolves with it. */
  async see(condition, what, ms = 20000) {
    return t.until(() => {
      const picture = this.read();
      return picture && picture.frame !== null && condition(picture) && picture;
    }, what, ms);
  }
  async stats(type, kind) {
    for (const report of (await this.pc.getStats()).values()) {
      if (report.type === type && (!kind || report.kind === kind)) return report;
    }
    return null;
  }
}
t.StreamClient = StreamClient;
t.streams = t.streams || {};
return true;
