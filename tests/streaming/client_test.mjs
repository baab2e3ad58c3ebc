// Clients in real browsers against a whole control plane (`redan demo`): pages of another origin that speak the streaming protocol as
// the SDK's clients do (docs/protocols/streaming.md), through gateway, agent and runtime.
// Usage: node client_test.mjs REDAN FOLDER [chromium|firefox ...]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import tls from 'node:tls';
import puppeteer from 'puppeteer-core';

const [redan, folder, ...wanted] = process.argv.slice(2);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'redan-clients-'));
const failures = [];
let checks = 0;

function check(condition, what, detail = '') {
  ++checks;
  if (!condition) failures.push(what + (detail === '' ? '' : ': ' + JSON.stringify(detail)));
  console.log((condition ? '  ok    ' : '  FAIL  ') + what + (condition || detail === '' ? '' : ': ' + JSON.stringify(detail)));
}
async function until(condition, what, ms = 30000) {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const value = await condition();
    if (value) return value;
    await new Promise(done => setTimeout(done, 50));
  }
  throw new Error('timeout: ' + what);
}

const browsers = {
  chromium: {
    executablePath: '/usr/bin/chromium', browser: 'chrome', acceptInsecureCerts: true, headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
           '--disable-sync', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--disable-dev-shm-usage',
           '--disable-features=LocalNetworkAccessChecks'],
  },
  firefox: {
    executablePath: '/usr/bin/firefox-esr', browser: 'firefox', protocol: 'webDriverBiDi', acceptInsecureCerts: true, headless: true,
    extraPrefsFirefox: {'media.autoplay.default': 0, 'app.update.enabled': false, 'network.captive-portal-service.enabled': false,
                        'network.connectivity-service.enabled': false, 'media.gmp-manager.updateEnabled': false, 'network.trr.mode': 5,
                        'services.settings.server': 'data:,#remote-settings-dummy/v1'},
  },
};

// The page: an application's page, in the SDK's order and with its timeouts.

const page = String.raw`<!doctype html><meta charset="utf-8"><title>client</title><link rel="icon" href="data:,"><script type="module">
import {StreamClient} from '/stream.js';
window.StreamClient = StreamClient;
window.clients = {};
window.sleep = ms => new Promise(done => setTimeout(done, ms));
window.until = async (condition, what, ms = 15000) => {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(10)) {
    const value = await condition();
    if (value) return value;
  }
  throw new Error('timeout: ' + (typeof what === 'function' ? what() : what));
};

/** The gateway's response: {status, body}. */
window.ask = async (method, path, body) => {
  const reply = await fetch(window.gateway + '/1.0' + path, {method, headers: {Authorization: 'Macaroon root=' + window.token,
    'Content-Type': 'application/json'}, body: body === undefined ? undefined : JSON.stringify(body)});
  return {status: reply.status, body: await reply.json()};
};

// A client of the protocol alone: no more than the protocol says, so that it also finds what stream.js might forgive.
class Sdk {
  constructor(name, {video = true, audio = false, channels = [], api = 2} = {}) {
    Object.assign(this, {name, wants: {video, audio}, channelNames: channels, api, events: [], channels: {}, received: {}, tracks: []});
    window.clients[name] = this;
    this.element = document.body.appendChild(Object.assign(document.createElement('video'), {muted: true, autoplay: true, playsInline: true}));
    this.element.requestVideoFrameCallback && this.element.requestVideoFrameCallback(() => this.mark('frame'));
    this.element.addEventListener('playing', () => this.mark('playing'));
  }
  mark(what, detail) { this.events.push({what, detail, at: performance.now()}); }
  at(what) { return this.events.find(event => event.what === what); }

  async create(request) {
    this.begin = performance.now();
    const {status, body} = await ask('POST', '/sessions/', request);
    if (status !== 201 || body.status !== 'success') throw new Error('create: ' + status + ' ' + JSON.stringify(body));
    return this.connect(body.metadata);
  }
  async join(session, screen) {
    this.begin = performance.now();
    const {status, body} = await ask('POST', '/sessions/' + session + '/join', {screen});
    if (status !== 200) throw new Error('join: ' + status + ' ' + JSON.stringify(body));
    return this.connect({id: session, ...body.metadata});
  }
  connect({id, url, stun_servers}) {
    this.session = id;
    if (!Array.isArray(stun_servers)) throw new TypeError('stun_servers');
    this.pc = new RTCPeerConnection({iceServers: stun_servers.map(s => ({urls: s.urls, username: s.username, credential: s.password}))});
    this.pc.ontrack = event => {
      this.tracks.push(event.track.kind);
      this.element.srcObject = event.streams[0];
    };
    this.pc.onicecandidate = ({candidate}) => candidate && candidate.candidate && this.signal({type: 'candidate',
      candidate: btoa(candidate.candidate), sdpMid: candidate.sdpMid, sdpMLineIndex: candidate.sdpMLineIndex});
    this.pc.oniceconnectionstatechange = () => {
      this.mark('ice ' + this.pc.iceConnectionState);
      if (this.pc.iceConnectionState === 'connected') this.socket.close();
    };
    for (const channel of ['control', ...this.channelNames]) this.open(channel);
    this.socket = new WebSocket(url);
    this.socket.onopen = () => this.hello().catch(error => this.mark('error', String(error)));
    this.socket.onmessage = event => this.hear(JSON.parse(event.data)).catch(error => this.mark('error', String(error)));
    this.socket.onclose = event => this.mark('socket closed', event.code);
    return this;
  }
  open(name) {
    const channel = this.channels[name] = this.pc.createDataChannel(name);
    channel.binaryType = 'arraybuffer';
    this.received[name] = [];
    channel.onopen = () => this.mark('open ' + name);
    channel.onmessage = event => this.received[name].push(event.data);
    channel.onerror = ({error}) => this.mark('channel error', {channel: name, detail: error && error.errorDetail, cause: error && error.sctpCauseCode});
    channel.onclose = () => this.mark('close ' + name);
  }
  async hello() {
    if (this.api >= 2) return this.signal({type: 'discover'});
    if (this.wants.audio) this.pc.addTransceiver('audio', {direction: 'recvonly'});
    if (this.wants.video) this.pc.addTransceiver('video', {direction: 'recvonly'});
    await this.pc.setLocalDescription(await this.pc.createOffer());
    this.signal({type: 'offer', sdp: btoa(this.pc.localDescription.sdp), dataChannels: this.channelNames});
  }
  async hear(message) {
    this.mark('got ' + message.type, message.message);
    if (message.type === 'resp:discover') {
      this.discovered = message;
      this.signal({type: 'settings', api_version: this.api, data_channels: this.channelNames, enable_speaker: this.wants.audio,
                   enable_microphone: false, enable_video: this.wants.video, enable_camera: false});
    }
    if (message.type === 'offer') {
      this.offer = atob(message.sdp);
      await this.pc.setRemoteDescription({type: 'offer', sdp: this.offer});
      await this.pc.setLocalDescription(await this.pc.createAnswer());
      this.signal({type: 'answer', sdp: btoa(this.pc.localDescription.sdp)});
    }
    if (message.type === 'answer') await this.pc.setRemoteDescription({type: 'answer', sdp: atob(message.sdp)});
    if (message.type === 'candidate') {
      await this.pc.addIceCandidate({candidate: atob(message.candidate), sdpMid: message.sdpMid, sdpMLineIndex: message.sdpMLineIndex});
    }
  }
  signal(message) { if (this.socket.readyState === 1) this.socket.send(JSON.stringify(message)); }
  control(type, data) { this.channels.control.send(JSON.stringify({type, data})); }
  /** "ready" in the sense of the SDK: the picture plays and every requested kind has arrived; without media: connected. */
  async ready(ms = 15000) {
    await until(() => this.at('open control'), () => 'control of ' + this.name + ': ' + JSON.stringify(this.events), ms);
    const media = Object.values(this.wants).filter(Boolean).length;
    await until(() => this.tracks.length >= media, 'tracks', ms);
    if (this.wants.video) await until(() => this.element.videoWidth > 2 && this.decoded(), 'a picture', ms);
    return true;
  }
  async report(kind) {
    for (const r of (await this.pc.getStats()).values()) if (r.type === 'inbound-rtp' && r.kind === kind) return r;
    return null;
  }
  async decoded() {
    const r = await this.report('video');
    return r ? r.framesDecoded || 0 : 0;
  }
  /** Decodes the picture with the code of stream.js. */
  read() { return StreamClient.prototype.readPicture.call(Object.assign(this, {video: this.element})); }
  close() {
    if (this.pc) this.pc.close();
    if (this.socket) this.socket.close();
    this.element.remove();
  }
}
window.Sdk = Sdk;
window.loaded = true;
</script>`;

function serve() {
  const script = fs.readFileSync(new URL('../../src/cmd/demo/page/stream.js', import.meta.url));
  const server = http.createServer((request, response) => {
    const js = request.url === '/stream.js';
    response.writeHead(200, {'Content-Type': js ? 'text/javascript' : 'text/html; charset=utf-8'});
    response.end(js ? script : page);
  });
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)));
}

// The control plane.

class Demo {
  static async start() {
    const demo = new Demo();
    demo.process = spawn(redan, ['demo', '--json', '--port', '0', '--data-dir', path.join(scratch, 'state')], {stdio: ['ignore', 'pipe', 'inherit']});
    demo.doors = [];
    readline.createInterface({input: demo.process.stdout}).on('line', line => {
      const message = JSON.parse(line);
      if (message.event === 'ready') demo.doors.push(message.url);
    });
    await until(() => demo.doors.length > 0, 'the demo to be ready');
    return demo;
  }
  get url() { return new URL(this.doors[this.doors.length - 1]); }
  async stop() {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGINT');
    return (await ended)[0];
  }
}

// The token in the URL is exchanged for one of the gateway, as on the demo's own page.
async function enter(browser, demo) {
  const door = await browser.newPage();
  const used = demo.doors.length;
  await door.goto(demo.url.origin + '/page.css');
  const token = await door.evaluate(one_time => new Promise((resolve, reject) => {
    const socket = new WebSocket('wss://' + location.host + '/signal');
    socket.onopen = () => socket.send(JSON.stringify({type: 'hello', token: one_time}));
    socket.onerror = () => reject(new Error('the door'));
    socket.onmessage = event => {
      const message = JSON.parse(event.data);
      if (message.type === 'welcome') resolve(message.api.token);
      if (message.type === 'error') reject(new Error(message.text));
    };
  }), new URLSearchParams(demo.url.hash.slice(1)).get('token'));
  await until(() => demo.doors.length > used, 'the next door');
  await door.close();
  return token;
}

async function certificate(demo) {
  const {hostname, port} = demo.url;
  const connect = options => new Promise(resolve => {
    const socket = tls.connect({host: hostname, port, rejectUnauthorized: false, ...options});
    socket.once('secureConnect', () => { resolve({bits: socket.getPeerCertificate().bits, protocol: socket.getProtocol()}); socket.destroy(); });
    socket.once('error', error => resolve({error: error.code}));
  });
  const seen = await connect({});
  check(seen.bits === 4096, 'the gateway shows a certificate with 4096 bits', seen);
  check(seen.protocol === 'TLSv1.3', 'it speaks TLS 1.3', seen);
  const old = await connect({maxVersion: 'TLSv1.2'});
  check(Boolean(old.error), 'and nothing older', old);
}

// The scenarios.

const screen = {width: 1280, height: 720, fps: 30, density: 240};
const session = {app: 'demo', joinable: true, idle_time_min: 5, ephemeral: true, extra_data: null, screen};

async function scenarios(name, browser, origin, demo, token) {
  const page = await browser.newPage();
  page.on('pageerror', error => failures.push(name + ' page error: ' + error.message));
  await page.goto(origin);
  await until(() => page.evaluate(() => window.loaded), 'the page');
  await page.evaluate((gateway, secret) => { Object.assign(window, {gateway, token: secret}); }, demo.url.origin, token);
  // A browser that has just started in its own network may detect the network late, and cancel pending requests.
  page.on('requestfailed', request => console.log(`        ${name}: ${request.url().slice(0, 60)}: ${request.failure().errorText}`));
  await until(() => page.evaluate(() => fetch(gateway + '/1.0/status').then(reply => reply.ok, () => false)), 'the gateway');
  const run = (what, ...values) => page.evaluate(what, ...values);
  const clean = () => run(async () => {
    for (const client of Object.values(clients)) client.close();
    for (const client of Object.values(clients)) if (client.session) await ask('DELETE', '/sessions/' + client.session, {force: true});
    window.clients = {};
  });
  const scenario = async (what, act) => {
    console.log(name + ': ' + what);
    try {
      await act();
    } catch (error) {
      check(false, name + ': ' + what, String(error));
    }
    await clean().catch(error => check(false, name + ': cleaning after ' + what, String(error)));
  };

  await scenario('data alone', async () => {
    const seen = await run(async request => {
      const c = new Sdk('a', {video: false, channels: ['foo', 'bar']});
      await c.create(request);
      await c.ready();
      await until(() => c.at('open foo') && c.at('open bar'), 'channels');
      await until(() => c.at('socket closed'), 'our close');
      c.control('input::touch-start', {id: 0, x: 1, y: 1});
      c.channels.foo.send('hello');
      c.channels.foo.send(new Uint8Array([1, 2, 3]));
      await until(() => c.received.foo.length === 2, 'the echo');
      await sleep(300);
      const state = await ask('GET', '/sessions/' + c.session);
      return {echo: [c.received.foo[0], [...new Uint8Array(c.received.foo[1])]], discovered: c.discovered, offer: c.offer, took: c.at('open control').at - c.begin, state: state.body.metadata.status,
              errors: c.events.filter(e => /error/.test(e.what))};
    }, session);
    check(seen.discovered.max_api_version === 2 && Array.isArray(seen.discovered.capabilities), 'resp:discover says what it should', seen.discovered);
    check(!/m=(audio|video)/.test(seen.offer) && /a=setup:actpass/.test(seen.offer) && /a=ice-lite/.test(seen.offer), 'the offer has data alone', seen.offer);
    check(JSON.stringify(seen.echo) === '["hello",[1,2,3]]', 'a channel of its own answers', seen.echo);
    check(seen.errors.length === 0, 'nothing went wrong', seen.errors);
    check(seen.state === 'active', 'a socket closed without a code leaves the session active', seen.state);
    console.log(`        control channel ${Math.round(seen.took)} ms after POST sessions`);
  });

  await scenario('video alone', async () => {
    const seen = await run(async request => {
      const c = new Sdk('a');
      await c.create(request);
      await c.ready();
      const frame = await until(() => c.at('frame') || c.at('playing'), 'a frame');
      const picture = await until(() => c.read(), 'its numbers');
      const photons = [];
      for (let i = 0; i < 20; ++i) {
        const before = await until(() => c.read(), 'numbers'), begin = performance.now();
        c.control('input::touch-start', {id: 0, x: 100 + i, y: 500});
        await until(() => { const now = c.read(); return now && now.inputs > before.inputs; }, 'the touch', 5000);
        photons.push(performance.now() - begin);
        c.control('input::touch-end', {id: 0, last: true});
        await sleep(37 + 11 * i);
      }
      const later = await until(() => { const now = c.read(); return now && now.frame > picture.frame + 30 && now; }, 'more frames');
      return {first: frame.at - c.begin, tracks: c.tracks, size: [c.element.videoWidth, c.element.videoHeight], frames: later.frame - picture.frame,
              photons: photons.map(Math.round).sort((a, b) => a - b), offer: c.offer};
    }, session);
    check(seen.first < 2000, 'the first picture is there within 2 s of POST sessions', seen.first);
    check(seen.tracks.join() === 'video' && seen.size.join('x') === '1280x720', 'one video track of the size asked for', [seen.tracks, seen.size]);
    check(/a=sendonly/.test(seen.offer) && /a=msid:\S+ \S+/.test(seen.offer), 'the section is sendonly and names its stream');
    check(seen.photons.every(ms => ms < 1000), 'every touch is seen', seen.photons);
    const {photons} = seen;
    console.log(`        first picture ${Math.round(seen.first)} ms after POST sessions; touch to photon ms: ` +
                `min ${photons[0]}, median ${photons[10]}, max ${photons[19]}`);
  });

  await scenario('video and audio', async () => {
    const seen = await run(async request => {
      const c = new Sdk('a', {audio: true});
      await c.create(request);
      await c.ready();
      const audio = await until(async () => { const r = await c.report('audio'); return r && r.packetsReceived > 50 && r; }, 'sound');
      const streams = new Set(c.offer.split('\r\n').filter(line => line.startsWith('a=msid:')).map(line => line.slice(7).split(' ')[0]));
      return {tracks: c.tracks.sort(), lost: audio.packetsLost, streams: streams.size, element: c.element.srcObject.getTracks().length};
    }, session);
    check(seen.tracks.join() === 'audio,video' && seen.streams === 1 && seen.element === 2, 'both tracks belong to one stream', seen);
  });

  await scenario('version 1', async () => {
    const seen = await run(async request => {
      const c = new Sdk('a', {api: 1, audio: true, channels: ['foo']});
      await c.create(request);
      await c.ready();
      await until(() => c.at('open foo'), 'foo');
      return c.events.map(e => e.what);
    }, session);
    check(seen.includes('got answer') && !seen.includes('got offer'), 'the client offers and is answered', seen);
  });

  await scenario('a join displaces the first client', async () => {
    const seen = await run(async (request, other) => {
      const a = new Sdk('a');
      await a.create(request);
      await a.ready();
      const b = new Sdk('b');
      const begin = performance.now();
      await b.join(a.session, other);
      const end = await until(() => a.at('close control'), 'the first to be ended', 10000);
      await b.ready();
      const picture = await until(() => b.read(), 'numbers');
      return {took: end.at - begin, joined: b.at('open control').at - begin, causes: a.events.filter(e => e.what === 'channel error').map(e => e.detail.cause), picture};
    }, session, {width: 640, height: 480});
    check(seen.took < 1000, 'the first client hears of it within a second', seen.took);
    if (name === 'chromium') check(seen.causes.length > 0 && seen.causes.every(cause => cause === 12), 'as an SCTP ABORT of cause 12', seen.causes);
    check(seen.picture.width === 640, 'the second sees its own size', seen.picture);
    console.log(`        displaced ${Math.round(seen.took)} ms after POST join; the second connected after ${Math.round(seen.joined)} ms`);
  });

  await scenario('the end of the session', async () => {
    const seen = await run(async request => {
      const c = new Sdk('a');
      await c.create(request);
      await c.ready();
      const begin = performance.now();
      const deleted = await ask('DELETE', '/sessions/' + c.session, {});
      const end = await until(() => c.at('close control'), 'the end', 10000);
      const joined = await ask('POST', '/sessions/' + c.session + '/join', {screen: {width: 640, height: 480}});
      const unknown = await ask('POST', '/sessions/d1k2v9f3pn6a8q46tb00/join', {});
      return {deleted: deleted.status, took: end.at - begin, joined: joined.status, unknown: unknown.status,
              causes: c.events.filter(e => e.what === 'channel error').map(e => e.detail.cause)};
    }, session);
    check(seen.deleted === 200 || seen.deleted === 202, 'DELETE is accepted', seen.deleted);
    check(seen.took < 1000, 'the client hears of it within a second', seen.took);
    if (name === 'chromium') check(seen.causes.length > 0 && seen.causes.every(cause => cause === 12), 'as an SCTP ABORT of cause 12', seen.causes);
    check(seen.joined === 400 || seen.joined === 404, 'nobody joins it any more', seen.joined);
    check(seen.unknown === 404, 'an unknown session is not found', seen.unknown);
    console.log(`        ended ${Math.round(seen.took)} ms after DELETE`);
  });

  await scenario('a session that nobody may join', async () => {
    const seen = await run(async request => {
      const c = new Sdk('a', {video: false});
      await c.create({...request, joinable: false});
      await c.ready();
      return (await ask('POST', '/sessions/' + c.session + '/join', {screen: {width: 640, height: 480}})).status;
    }, session);
    check(seen === 400, 'a join gets 400', seen);
  });

  await scenario('the client leaves and comes again', async () => {
    const seen = await run(async request => {
      const a = new Sdk('a');
      await a.create(request);
      await a.ready();
      a.control('stream::disconnect', {});
      await until(() => a.at('close control'), 'the goodbye');
      const b = new Sdk('b');
      await b.join(a.session, {width: 800, height: 600});
      await b.ready();
      return (await until(() => b.read(), 'numbers')).width;
    }, session);
    check(seen === 800, 'the session goes on', seen);
  });

  await scenario('odd sizes', async () => {
    const seen = await run(async request => {
      const a = new Sdk('a');
      await a.create({...request, screen: {...request.screen, width: 1279, height: 719}});
      await a.ready();
      const b = new Sdk('b');
      await b.join(a.session, {width: 801, height: 599});
      await b.ready();
      await until(() => b.element.videoWidth === 802, 'the size of the second');
      return [a.element.videoWidth, a.element.videoHeight, b.element.videoWidth, b.element.videoHeight];
    }, session);
    check(seen.join() === '1280,720,802,600', 'are rounded up', seen);
  });

  await page.close();
}

// Main.

fs.mkdirSync(folder, {recursive: true});
const server = await serve();
const origin = `http://127.0.0.1:${server.address().port}/`;
for (const name of wanted.length ? wanted : Object.keys(browsers)) {
  if (!fs.existsSync(browsers[name].executablePath)) {
    console.log(`skipped: ${name} is not installed`);
    continue;
  }
  const demo = await Demo.start();
  await certificate(demo);
  const browser = await puppeteer.launch({...browsers[name], userDataDir: path.join(scratch, name)});
  try {
    const token = await enter(browser, demo);
    await scenarios(name, browser, origin, demo, token);
  } catch (error) {
    failures.push(`${name}: ${error.stack}`);
  }
  await browser.close();
  check((await demo.stop()) === 0, `${name}: the demo ends with 0`);
}
server.close();
fs.rmSync(scratch, {recursive: true, force: true});
console.log(failures.length ? `${failures.length} of ${checks} FAILED:\n` + failures.join('\n') : `all ${checks} checks hold`);
process.exit(failures.length ? 1 : 0);
