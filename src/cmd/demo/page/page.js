// The demo's page: requests a session from the gateway, shows its stream, and shows how each hop is protected.
import {Chart} from '/chart.js';
import {Seal} from '/sealed.js';
import {StreamClient} from '/stream.js';

const $ = id => document.getElementById(id);
const redan = window.redan = {state: 'idle', client: null, session: null, photons: [], firstFrame: null, frame: null, lastError: null};
const kSession = {app: 'demo', joinable: true, idle_time_min: 1, ephemeral: true};
const kTouches = 20;
// Sent on a channel of every session: what a gateway in the middle would read.
const kSecret = 'the door code is 4711';
// Uses only a TURN server, to show that it works.
const kRelayOnly = new URLSearchParams(location.search).has('relay');

// Display.

function setState(state, text) {
  redan.state = state;
  $('state').dataset.state = state;
  $('state').textContent = text;
  const up = state === 'connected';
  $('start').disabled = up || state === 'connecting';
  $('join').disabled = up || state === 'connecting' || !redan.session;
  $('end').disabled = !redan.session;
  $('measure').disabled = !up;
}

function showError(text, hint) {
  redan.lastError = text;
  $('error-text').textContent = text;
  $('error-hint').textContent = hint || '';
  $('error').hidden = !text;
}

let began = performance.now();
function trace(event, text) {
  const item = document.createElement('li');
  const parts = [['time', Math.round(performance.now() - began) + ' ms'], ['b', event], ['span', text]];
  for (const [tag, value] of parts) item.append(Object.assign(document.createElement(tag), {textContent: value}));
  $('trace').append(item);
  $('trace').scrollTop = $('trace').scrollHeight;
}

function hop(what, how, by, good) {
  const row = $('security').querySelector(`[data-hop="${CSS.escape(what)}"]`) || $('security').insertRow();
  row.dataset.hop = what;
  row.replaceChildren(Object.assign(document.createElement('th'), {scope: 'row', textContent: what}));
  const value = document.createElement('code');
  value.textContent = how;
  row.insertCell().append(value);
  const verified = row.insertCell();
  if (good !== undefined) {
    verified.append(Object.assign(document.createElement('span'), {className: good ? 'mark' : 'mark bad', textContent: good ? '✓ ' : '✗ '}));
  }
  verified.append(by);
}

// Admission: a one-time token in the URL, then a token for the gateway.

function enter() {
  return new Promise((resolve, reject) => {
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    const session = sessionStorage.getItem('redan-session');
    if (!token && !session) {
      reject({text: 'There is no token in the address.', hint: 'Open the URL that the terminal shows; each works once.'});
      return;
    }
    const socket = new WebSocket('wss://' + location.host + '/signal');
    socket.onopen = () => socket.send(JSON.stringify(token ? {type: 'hello', token} : {type: 'hello', session}));
    socket.onclose = () => reject({text: 'The program closed the connection.', hint: 'Is it still running? Open the URL that it prints.'});
    socket.onmessage = event => {
      const message = JSON.parse(event.data);
      if (replies.has(message.type)) return replies.get(message.type)(message);
      if (message.type === 'error') {
        if (message.code === 'bad_token') sessionStorage.removeItem('redan-session');
        return reject({text: message.text, hint: message.hint});
      }
      if (message.type !== 'welcome') return;
      sessionStorage.setItem('redan-session', message.session);
      history.replaceState(null, '', location.pathname + location.search);
      redan.door = socket;
      resolve(message);
    };
  });
}

// Answers of the page's own back end: one question of each kind at a time.
const replies = new Map();
function question(message) {
  return new Promise((resolve, reject) => {
    replies.set(message.type, reply => {
      replies.delete(message.type);
      if (reply.error) reject({text: reply.error});
      else resolve(reply);
    });
    redan.door.send(JSON.stringify(message));
  });
}

function showChain({tls, chain}) {
  hop('your browser → this page', tls.version + ', ' + tls.cipher + ', ' + tls.fingerprint, 'you: the terminal shows the same SHA-256');
  for (const row of chain) hop(row.hop, row.how, row.by, true);
}

const kSealHop = 'the signalling, end to end';
function showSeal(seal) {
  if (!seal) return hop(kSealHop, 'clear', 'no party: the operator of the gateway can change the fingerprints', false);
  if (!seal.established) return hop(kSealHop, 'sealed: not yet', 'AMS has granted this session to a key of this page');
  const key = Array.from(seal.runtime.key.slice(0, 8), byte => byte.toString(16).padStart(2, '0')).join('');
  hop(kSealHop, 'sealed: X25519, Ed25519, AES-256-GCM; runtime key ' + key + '…',
    'AMS, for instance ' + seal.runtime.instance + ' and for a key of this page; the gateway cannot read or change it', true);
}

// Sessions.

async function ask(method, path, body) {
  const reply = await fetch('/1.0' + path, {method, headers: {Authorization: 'macaroon root=' + redan.token, 'Content-Type': 'application/json'},
    body: body === undefined ? undefined : JSON.stringify(body)});
  const answer = await reply.json();
  trace('gateway', method + ' ' + path.slice(0, 32) + ' → ' + reply.status);
  if (!reply.ok) throw {text: 'The gateway refuses: ' + answer.error, hint: (answer.metadata || {}).hint};
  return answer.metadata;
}

function screenSize() {
  const box = $('stream').getBoundingClientRect();
  const width = Math.min(1280, Math.max(320, Math.round(box.width)));
  return {width, height: Math.round(width * 9 / 16), fps: 30, density: 240};
}

async function start() {
  began = performance.now();
  $('trace').replaceChildren();
  showError('');
  setState('connecting', 'connecting…');
  const grant = await ask('POST', '/sessions', {...kSession, screen: screenSize()});
  redan.session = grant.id;
  stream(grant);
}

// AMS's grant comes from the page's back end, not from the gateway.
function sealFor(session) {
  if (!$('sealed').checked) return null;
  return new Seal({session, authorities: redan.authorities,
    requestGrant: async key => (await question({type: 'grant', session, key})).grant});
}

async function join() {
  began = performance.now();
  showError('');
  setState('connecting', 'connecting…');
  stream(await ask('POST', '/sessions/' + redan.session + '/join', {screen: screenSize()}));
}

function stream(grant) {
  const url = new URL(grant.url);
  url.host = location.host;  // the host by which this page was reached
  const seal = sealFor(redan.session);
  showSeal(seal);
  const client = redan.client = new StreamClient({
    socketUrl: url.href, seal, iceServers: grant.stun_servers, video: $('stream'), audio: true, dataChannels: ['chat'], relayOnly: kRelayOnly, onStats: statistics,
    onState: (state, error) => {
      if (client !== redan.client) return;
      trace('client', state + (error ? ': ' + error.message : ''));
      if (state === 'connecting') showSeal(seal);
      if (state === 'connected') setState('connected', 'connected');
      if (state === 'playing') playing(client);
      if (state === 'ended') ended(error);
    },
  });
  // Counts inputs like the runtime.
  const send = client.send.bind(client);
  client.send = (type, data) => {
    const sent = send(type, data);
    if (sent && type.startsWith('input::')) waiting.push(performance.now());
    return sent;
  };
  waiting.length = 0;
  counted = null;
  client.connect().catch(() => {});  // onState has reported it
  client.channels.chat.addEventListener('open', () => client.channels.chat.send(kSecret));
  client.attachInput();
  watch(client);
}

function playing(client) {
  redan.firstFrame = Math.round(performance.now() - began);
  $('first-frame').textContent = redan.firstFrame;
  proven(client).catch(() => {});
}

function ended(error) {
  if (error) showError('The stream has ended: ' + error.message + '.', redan.session ? 'Join again, or start a new session.' : '');
  setState('idle', 'not connected');
}

async function end() {
  const session = redan.session;
  redan.session = null;
  if (redan.client) redan.client.close();
  await ask('DELETE', '/sessions/' + session, {});
  setState('idle', 'not connected');
}

const DTLS_VERSIONS = {FEFD: 'DTLS 1.2', FEFC: 'DTLS 1.3'};

// What the browser's own DTLS saw, compared with the offer.
async function proven(client) {
  const stats = await client.pc.getStats();
  const promised = (/a=fingerprint:sha-256 (\S+)/.exec(client.pc.remoteDescription.sdp) || [])[1];
  for (const report of stats.values()) {
    if (report.type !== 'transport') continue;
    const remote = stats.get(report.remoteCertificateId);
    const shown = remote ? remote.fingerprint.toUpperCase() : promised;
    hop('your browser → runtime', [DTLS_VERSIONS[report.tlsVersion] || report.tlsVersion, report.dtlsCipher, report.srtpCipher].filter(Boolean).join(', '),
      'both fingerprints: the runtime shows ' + shown.slice(0, 23) + '…, as its offer promised', shown === promised.toUpperCase());
    return;
  }
  hop('your browser → runtime', 'DTLS-SRTP, ' + promised.slice(0, 23) + '…', 'the fingerprint of the offer; this browser tells no more');
}

// Touch-to-photon latency.

// The runtime counts inputs and draws the count: an input is on the screen once a picture shows its number.
const waiting = [];
let counted = null;

// Examines each picture when it is shown.
function watch(client) {
  const video = $('stream');
  const look = () => {
    if (client !== redan.client || client.state === 'ended') return;
    const picture = client.readPicture();
    if (picture) seen(picture);
    next();
  };
  const next = () => video.requestVideoFrameCallback ? video.requestVideoFrameCallback(look) : requestAnimationFrame(look);
  next();
}

function seen({frame, inputs}) {
  redan.frame = frame;
  $('frame').textContent = frame;
  const fresh = counted === null || inputs < counted ? 0 : inputs - counted;
  counted = inputs;
  for (const at of waiting.splice(0, fresh)) redan.photons.push(performance.now() - at);
  if (fresh > 0) showPhotons();
}

const plot = new Chart($('plot'), {height: 180, unit: 'ms', positionUnit: '', dots: true});
function showPhotons() {
  const last = redan.photons.slice(-100);
  const sorted = [...last].sort((a, b) => a - b);
  $('photon').textContent = sorted.length ? sorted[Math.floor(sorted.length / 2)].toFixed(0) : '–';
  plot.show(last.map((_, index) => index + 1), last);
}

async function measure() {
  $('measure').disabled = true;
  waiting.length = 0;
  for (let i = 0; i < kTouches && redan.state === 'connected'; ++i) {
    const touch = {id: 0, x: 60 + 20 * i, y: 200};
    redan.client.send('input::touch-start', touch);
    await new Promise(done => setTimeout(done, 90 + 7 * i));  // not synchronous with the pictures
    redan.client.send('input::touch-end', {id: 0, last: true});
    await new Promise(done => setTimeout(done, 90));
  }
  $('measure').disabled = redan.state !== 'connected';
}

// Statistics.

function statistics({transport, video}) {
  if (transport) $('rtt').textContent = transport.rttMs === null ? '–' : transport.rttMs.toFixed(1);
  if (!video) return;
  $('fps').textContent = video.fps.toFixed(0);
  $('bitrate').textContent = (video.kbps / 1000).toFixed(2);
  $('lost').textContent = video.packetsLost;
  $('size').textContent = [video.width + '×' + video.height, video.codec, transport && transport.relayed ? 'through a relay' : 'direct',
    (video.pli || 0) + ' key frames asked for', (video.nack || 0) + ' packets asked for again'].filter(Boolean).join(', ');
}

// Attacks.

// The gateway's attack and its results; with a name, selects the attack for the next sessions.
async function attacks(name) {
  const headers = {Authorization: 'macaroon root=' + redan.token};
  const reply = await fetch('/attack', name === undefined ? {headers} : {method: 'POST', headers, body: JSON.stringify({name})});
  return reply.json();
}

function offerAttacks({attacks, attack}) {
  for (const {name, text} of attacks) {
    const button = Object.assign(document.createElement('button'), {type: 'button', textContent: name === 'none' ? 'an honest gateway' : name, title: text});
    button.dataset.attack = name;
    button.setAttribute('aria-pressed', String(name === attack));
    button.onclick = guarded(() => underAttack(name));
    $('attacks').append(button);
  }
}

async function underAttack(name) {
  await attacks(name);
  for (const button of $('attacks').children) button.setAttribute('aria-pressed', String(button.dataset.attack === name));
  if (redan.session) await end().catch(() => {});
  redan.verdict = null;
  await start();
  if (name === 'none') return verdict('', 'The gateway does what it should.');
  for (let look = 0; look < 40 && !redan.verdict; ++look) {
    await new Promise(done => setTimeout(done, 250));
    const {succeeded, read, refused} = await attacks();
    const code = (redan.client && redan.client.sealFailure) || (redan.state === 'idle' && refused);
    if (succeeded) verdict('bad', `${name} succeeded${read.length ? ': the gateway read “' + read[read.length - 1] + '”' : ''}.`);
    else if (code) verdict('good', `${name} was refused: ${code}.`);
  }
  if (!redan.verdict) verdict(redan.state === 'connected' ? 'good' : '', `${name} came to nothing.`);
}

function verdict(kind, text) {
  redan.verdict = kind;
  $('verdict').dataset.kind = kind;
  $('verdict').textContent = (kind === 'good' ? '✓ ' : kind === 'bad' ? '✗ ' : '') + text;
}

// Buttons.

const guarded = act => () => act().catch(error => {
  showError(error.text || error.message || String(error), error.hint);
  setState('idle', 'not connected');
});
$('start').onclick = guarded(start);
$('join').onclick = guarded(join);
$('end').onclick = guarded(end);
$('measure').onclick = guarded(measure);
$('sound').onchange = () => { $('stream').muted = !$('sound').checked; };
addEventListener('pagehide', () => {
  if (redan.session) fetch('/1.0/sessions/' + redan.session, {method: 'DELETE', keepalive: true, headers: {Authorization: 'macaroon root=' + redan.token}});
});

guarded(async () => {
  setState('connecting', 'connecting…');
  const welcome = await enter();
  redan.token = welcome.api.token;
  redan.authorities = welcome.authorities;
  showChain(welcome);
  offerAttacks(await attacks());
  await start();
})();
