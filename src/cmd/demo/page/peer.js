// The demo's page: signalling over one WebSocket, a peer connection, and the state of both. The messages are described
// in docs/protocols/demo.md.
import {Chart} from '/chart.js';

const $ = id => document.getElementById(id);
const redan = window.redan = {state: 'idle', pc: null, channels: {}, rtts: [], lastError: null};

// Display.

function setState(state, text) {
  redan.state = state;
  $('state').dataset.state = state;
  $('state').textContent = text;
  const up = state === 'connected';
  $('connect').disabled = up || state === 'connecting';
  $('disconnect').disabled = !up;
  $('restart').disabled = !up;
  $('throughput').disabled = !up;
}

function showError(text, hint) {
  redan.lastError = text;
  $('error-text').textContent = text;
  $('error-hint').textContent = hint || '';
  $('error').hidden = !text;
}

function trace({ms, event, text}) {
  const item = document.createElement('li');
  const time = document.createElement('time');
  const kind = document.createElement('b');
  const what = document.createElement('span');
  time.textContent = ms + ' ms';
  kind.textContent = event;
  what.textContent = text;
  item.append(time, kind, what);
  $('trace').append(item);
  $('trace').scrollTop = $('trace').scrollHeight;
}

// Rows of the security panel: name, value, origin; `good` adds a mark.
const rows = new Map();
function fact(what, value, by, good) {
  let row = rows.get(what);
  if (!row) {
    row = $('security').insertRow();
    const head = document.createElement('th');
    head.scope = 'row';
    head.textContent = what;
    row.append(head);
    row.insertCell();
    row.insertCell();
    rows.set(what, row);
  }
  const code = document.createElement('code');
  code.textContent = value;
  row.cells[1].replaceChildren(code);
  row.cells[2].textContent = by;
  if (good !== undefined) {
    const mark = document.createElement('span');
    mark.className = good ? 'mark' : 'mark bad';
    mark.textContent = good ? '✓ ' : '✗ ';
    row.cells[2].prepend(mark);
  }
}

// Signalling.

let socket = null;
let waiting = null;  // resolves with the next answer

function send(message) { socket.send(JSON.stringify(message)); }

function ask(message) {
  return new Promise((resolve, reject) => {
    waiting = {resolve, reject};
    send(message);
  });
}

// A promise of an admitted socket. The token works once; later the session secret admits this tab again.
function openSocket() {
  return new Promise((resolve, reject) => {
    const token = new URLSearchParams(location.hash.slice(1)).get('token');
    const session = sessionStorage.getItem('redan-session');
    if (!token && !session) {
      reject({text: 'There is no token in the address.', hint: 'Open the URL that the terminal shows; each works once.'});
      return;
    }
    socket = new WebSocket('wss://' + location.host + '/signal');
    socket.onopen = () => send(token ? {type: 'hello', token} : {type: 'hello', session});
    socket.onclose = () => {
      reject({text: 'The program closed the connection.', hint: 'Is it still running? Start it again and open the URL it prints.'});
      if (redan.state !== 'failed') setState('idle', 'not connected');
    };
    socket.onmessage = event => {
      const message = JSON.parse(event.data);
      if (message.type === 'welcome') {
        sessionStorage.setItem('redan-session', message.session);
        history.replaceState(null, '', location.pathname);
        welcome(message);
        resolve(message);
      } else if (message.type === 'answer' && waiting) {
        waiting.resolve(message.sdp);
        waiting = null;
      } else if (message.type === 'trace') {
        trace(message);
      } else if (message.type === 'security') {
        security(message);
      } else if (message.type === 'error') {
        if (message.code === 'bad_token') sessionStorage.removeItem('redan-session');
        const error = {text: message.text, hint: message.hint};
        if (waiting) waiting.reject(error);
        waiting = null;
        reject(error);
      }
    };
  });
}

function welcome({tls}) {
  fact('This page', tls.version + ', ' + tls.cipher, 'TLS: your browser, if you compared the certificate below');
  fact('TLS certificate', tls.fingerprint, 'you: the terminal shows the same SHA-256');
  fact('Your right to be here', 'one-time token', 'the program, in constant time; it is spent now', true);
}

async function security(s) {
  fact('Path (ICE)', s.remote + (s.pair ? ' (' + s.pair + ')' : ''), 'each check by HMAC-SHA1 under a password that travelled over TLS', true);
  fact('Data encryption', s.dtls_version + ', ' + s.cipher, 'the Finished messages of both sides', true);
  fact('Key exchange', s.group + (s.extended_master_secret ? ', extended master secret' : ''), 'the signature of the server side, ' + s.signature, true);
  fact('Media encryption', s.srtp_profile || 'no media', s.srtp_profile ? 'keys exported from the DTLS handshake (RFC 5764)' : '–');
  const own = await certificates();
  const same = (ours, theirs) => ours !== undefined && theirs.toUpperCase().endsWith(ours.toUpperCase());
  fact('Our certificate', s.remote_fingerprint, 'the program: our offer promised it; ' + own.by + ' agrees', same(own.local, s.remote_fingerprint));
  fact('The peer’s certificate', s.local_fingerprint, 'your browser: the answer promised it; ' + own.by + ' agrees', same(own.remote, s.local_fingerprint));
  fact('The signalling itself', 'not sealed end to end', 'the server of this page could change both fingerprints');
}

// The fingerprints of both certificates: as the browser's own DTLS saw them, or, where it does not report them
// (Firefox), as in the descriptions that it enforces.
async function certificates() {
  for (let i = 0; i < 10; ++i) {
    const stats = redan.pc ? await redan.pc.getStats() : new Map();
    for (const report of stats.values()) {
      if (report.type !== 'transport' || !report.remoteCertificateId) continue;
      const local = stats.get(report.localCertificateId);
      const remote = stats.get(report.remoteCertificateId);
      if (local && remote) return {local: local.fingerprint, remote: remote.fingerprint, by: 'getStats()'};
    }
    await new Promise(done => setTimeout(done, 100));
  }
  const promised = description => (/a=fingerprint:sha-256 (\S+)/.exec(description.sdp) || [])[1];
  return {local: promised(redan.pc.localDescription), remote: promised(redan.pc.remoteDescription), by: 'the description'};
}

// Media.

// A clock, a moving ball and a frame counter; a soft tone. For visitors without a camera.
function generatedStream() {
  const canvas = Object.assign(document.createElement('canvas'), {width: 640, height: 480});
  const draw = canvas.getContext('2d');
  let frame = 0;
  const timer = setInterval(() => {
    const t = frame++ / 30;
    for (let i = 0; i < 8; ++i) {
      draw.fillStyle = 'hsl(' + (i * 45) + ' 55% 42%)';
      draw.fillRect(i * 80, 0, 80, 480);
    }
    draw.fillStyle = '#fff';
    draw.beginPath();
    draw.arc(320 + 240 * Math.sin(t * 1.3), 240 + 150 * Math.cos(t * 1.7), 42, 0, 2 * Math.PI);
    draw.fill();
    draw.font = 'bold 44px sans-serif';
    draw.fillText(new Date().toLocaleTimeString(), 24, 64);
    draw.fillText('frame ' + frame, 24, 456);
  }, 33);
  const stream = canvas.captureStream(30);
  const audio = new AudioContext();
  const tone = new OscillatorNode(audio, {frequency: 440});
  const out = audio.createMediaStreamDestination();
  tone.connect(new GainNode(audio, {gain: 0.05})).connect(out);
  tone.start();
  stream.addTrack(out.stream.getAudioTracks()[0]);
  stream.stop = () => { clearInterval(timer); audio.close(); };
  return stream;
}

async function localStream() {
  if ($('camera').checked && navigator.mediaDevices) {
    try {
      return await navigator.mediaDevices.getUserMedia({audio: true, video: {width: 640, height: 480}});
    } catch (error) {
      showError('No camera: ' + error.message, 'Going on with a drawn picture and a tone. Allow the camera and connect again to use it.');
    }
  }
  return generatedStream();
}

let lastFrames = {time: 0, frames: 0, bytes: 0};
async function watchMedia() {
  if (!redan.pc) return;
  for (const report of (await redan.pc.getStats()).values()) {
    if (report.type !== 'inbound-rtp' || report.kind !== 'video') continue;
    const seconds = (report.timestamp - lastFrames.time) / 1000;
    const fps = (report.framesDecoded - lastFrames.frames) / seconds;
    const kbit = (report.bytesReceived - lastFrames.bytes) * 8 / 1000 / seconds;
    if (lastFrames.time && seconds > 0.2) {
      $('media-note').textContent = report.framesDecoded + ' frames of the echo decoded, ' + fps.toFixed(0) + ' per second, ' + kbit.toFixed(0) + ' kbit/s';
    }
    lastFrames = {time: report.timestamp, frames: report.framesDecoded, bytes: report.bytesReceived};
  }
}

// Data channels.

const kWindow = 30;  // seconds of the plot
const plot = new Chart($('plot'), {height: 190, unit: 'ms', positionUnit: ' s', dots: false});
const points = [[], []];

function showRoundTrip(ms) {
  redan.rtts.push(ms);
  const now = performance.now() / 1000;
  points[0].push(now);
  points[1].push(ms);
  while (points[0][0] < now - kWindow) { points[0].shift(); points[1].shift(); }
  if (redan.rtts.length > 3000) redan.rtts.shift();
  const sorted = [...redan.rtts].sort((a, b) => a - b);
  const at = share => sorted[Math.floor(share * (sorted.length - 1))].toFixed(1);
  $('rtt-last').textContent = ms.toFixed(1);
  $('rtt-p50').textContent = at(0.5);
  $('rtt-p99').textContent = at(0.99);
  $('rtt-count').textContent = redan.rtts.length;
  plot.show(points[0].map(t => t - points[0][0]), points[1]);
}

let pinger = 0;
function startEcho(channel) {
  channel.onopen = () => {
    pinger = setInterval(() => {
      if (channel.readyState === 'open') channel.send(String(performance.now()));
    }, 100);
  };
  channel.onmessage = event => showRoundTrip(performance.now() - Number(event.data));
  channel.onclose = () => clearInterval(pinger);
}

const kMessage = 16 * 1024;
const kSeconds = 3;

function opened(label) {
  const channel = redan.channels[label] = redan.pc.createDataChannel(label);
  channel.binaryType = 'arraybuffer';
  return new Promise((resolve, reject) => {
    channel.onopen = () => resolve(channel);
    channel.onerror = () => reject({text: 'The data channel ' + label + ' failed.', hint: 'Connect again.'});
  });
}

async function measureUp() {
  const channel = await opened('throughput-up');
  const message = new Uint8Array(kMessage);
  const end = performance.now() + kSeconds * 1000;
  channel.bufferedAmountLowThreshold = 256 * 1024;
  return new Promise(resolve => {
    channel.onmessage = event => { channel.close(); resolve(JSON.parse(event.data)); };
    const push = () => {
      while (performance.now() < end && channel.bufferedAmount < 1024 * 1024) channel.send(message);
      if (performance.now() >= end) {
        channel.onbufferedamountlow = null;
        channel.send('end');
      }
    };
    channel.onbufferedamountlow = push;
    push();
  });
}

async function measureDown() {
  const channel = await opened('throughput-down');
  let bytes = 0;
  let start = 0;
  return new Promise(resolve => {
    channel.onmessage = event => {
      if (typeof event.data === 'string') {
        channel.close();
        resolve({bytes, seconds: (performance.now() - start) / 1000});
        return;
      }
      if (!bytes) start = performance.now();
      bytes += event.data.byteLength;
    };
    channel.send(JSON.stringify({seconds: kSeconds, size: kMessage}));
  });
}

async function measure() {
  $('throughput').disabled = true;
  const rate = result => (result.bytes / result.seconds / 1e6).toFixed(1);
  try {
    $('up').textContent = '…';
    $('up').textContent = rate(await measureUp());
    $('down').textContent = '…';
    $('down').textContent = rate(await measureDown());
  } catch (error) {
    showError(error.text || String(error), error.hint);
  }
  $('throughput').disabled = redan.state !== 'connected';
}

// The connection.

async function gathered(pc) {
  for (let i = 0; i < 100 && pc.iceGatheringState !== 'complete'; ++i) await new Promise(done => setTimeout(done, 20));
}

async function connect() {
  showError('');
  setState('connecting', 'connecting …');
  try {
    const greeting = socket && socket.readyState === WebSocket.OPEN ? {media: redan.media} : await openSocket();
    redan.media = greeting.media;
    const pc = redan.pc = new RTCPeerConnection({bundlePolicy: 'max-bundle'});
    pc.onconnectionstatechange = () => onState(pc);
    pc.ontrack = event => {
      const stream = $('echoed').srcObject || new MediaStream();
      stream.addTrack(event.track);
      $('echoed').srcObject = stream;
    };
    startEcho(redan.channels.echo = pc.createDataChannel('echo'));
    if (greeting.media) {
      redan.stream = await localStream();
      $('sent').srcObject = redan.stream;
      for (const track of redan.stream.getTracks()) pc.addTrack(track, redan.stream);
    } else {
      $('media-note').textContent = 'The program was started without media.';
    }
    await pc.setLocalDescription(await pc.createOffer());
    await gathered(pc);
    await pc.setRemoteDescription({type: 'answer', sdp: await ask({type: 'offer', sdp: pc.localDescription.sdp})});
  } catch (error) {
    disconnect();
    setState('failed', 'failed');
    showError(error.text || String(error), error.hint || 'Reload the page; if it stays so, look at the terminal.');
  }
}

function onState(pc) {
  if (pc !== redan.pc) return;
  if (pc.connectionState === 'connected') setState('connected', 'connected');
  if (pc.connectionState === 'failed') {
    disconnect();
    setState('failed', 'failed');
    showError('The peer cannot be reached, or did not prove its fingerprint.', 'Check that UDP passes between this device and the program; the terminal says more.');
  }
}

function disconnect() {
  clearInterval(pinger);
  if (redan.pc) redan.pc.close();
  if (redan.stream) {
    for (const track of redan.stream.getTracks()) track.stop();
    if (redan.stream.stop) redan.stream.stop();
  }
  redan.pc = redan.stream = null;
  redan.channels = {};
  $('sent').srcObject = $('echoed').srcObject = null;
  lastFrames = {time: 0, frames: 0, bytes: 0};
  setState('idle', 'not connected');
}

async function restartIce() {
  try {
    const pc = redan.pc;
    await pc.setLocalDescription(await pc.createOffer({iceRestart: true}));
    await gathered(pc);
    await pc.setRemoteDescription({type: 'answer', sdp: await ask({type: 'renegotiate', sdp: pc.localDescription.sdp})});
  } catch (error) {
    showError(error.text || String(error), error.hint);
  }
}

$('connect').onclick = connect;
$('disconnect').onclick = disconnect;
$('restart').onclick = restartIce;
$('throughput').onclick = measure;
setInterval(watchMedia, 1000);
setState('idle', 'not connected');
if (location.hash.includes('token=') || sessionStorage.getItem('redan-session')) connect();
