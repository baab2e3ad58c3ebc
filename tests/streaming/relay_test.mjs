// A browser that may use only a TURN server, a real coturn, with credentials from the gateway: the stream plays. With
// expired or altered credentials it fails with a message and in bounded time. Screenshots of the demo's page go to the
// folder given. Usage: node relay_test.mjs REDAN FOLDER
import {spawn} from 'node:child_process';
import {createHmac, randomBytes} from 'node:crypto';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import puppeteer from 'puppeteer-core';

const [redan, folder] = process.argv.slice(2);
const turnserver = '/usr/bin/turnserver', chromium = '/usr/bin/chromium';
for (const program of [turnserver, chromium]) {
  if (!fs.existsSync(program)) {
    console.log(`skipped: ${program} is not installed`);
    process.exit(77);
  }
}
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'redan-relay-'));
const failures = [];
function check(condition, what, detail = '') {
  if (!condition) failures.push(what);
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

// An address that is not loopback: coturn does not relay to loopback peers, and the network namespace of the tests has
// one.
const address = Object.values(os.networkInterfaces()).flat().find(each => each.family === 'IPv4' && !each.internal).address;
const port = 3478;
const secret = randomBytes(32).toString('hex');
const secretFile = path.join(scratch, 'turn.secret');
fs.writeFileSync(secretFile, secret + '\n', {mode: 0o600});
fs.writeFileSync(path.join(scratch, 'turn.conf'), [
  `listening-ip=${address}`, `relay-ip=${address}`, `listening-port=${port}`, 'realm=redan.example', 'use-auth-secret',
  `static-auth-secret=${secret}`, 'no-tls', 'no-dtls', 'no-cli', 'no-multicast-peers', 'verbose', 'log-file=stdout', 'simple-log',
  `pidfile=${scratch}/pid`, `userdb=${scratch}/db`, 'min-port=50000', 'max-port=50100', ''].join('\n'), {mode: 0o600});
const log = fs.openSync(path.join(scratch, 'turn.log'), 'w');
const coturn = spawn(turnserver, ['-c', path.join(scratch, 'turn.conf')], {stdio: ['ignore', log, log]});

const demo = spawn(redan, ['demo', '--json', '--bind', address, '--port', '0', '--data-dir', path.join(scratch, 'state'),
                           '--turn', `turn:${address}:${port}`, '--turn-secret-file', secretFile], {stdio: ['ignore', 'pipe', 'inherit']});
const demoEnded = once(demo, 'exit');
const doors = [];
readline.createInterface({input: demo.stdout}).on('line', line => {
  const message = JSON.parse(line);
  if (message.event === 'ready') doors.push(message.url);
  if (line.includes(secret)) failures.push('the TURN secret is in the output');
});

const browser = await puppeteer.launch({
  executablePath: chromium, browser: 'chrome', acceptInsecureCerts: true, headless: true, userDataDir: path.join(scratch, 'profile'),
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--disable-dev-shm-usage'],
});
try {
  await until(() => doors.length > 0, 'the demo');
  const page = await browser.newPage();
  page.on('pageerror', error => failures.push('page error: ' + error.message));
  await page.setViewport({width: 1280, height: 1400});
  await page.goto(doors[0].replace('/#', '/?relay#'));
  await until(() => page.evaluate(() => window.redan && window.redan.state === 'connected' && window.redan.frame > 0), 'the picture');
  const seen = await page.evaluate(async () => {
    const {client} = window.redan;
    const before = window.redan.frame;
    await new Promise(done => setTimeout(done, 2000));
    return {transport: (await client.stats()).transport, frames: window.redan.frame - before, policy: client.configuration.iceTransportPolicy};
  });
  check(seen.policy === 'relay' && seen.transport.relayed && seen.transport.local === 'relay', 'the path leads through the relay', seen);
  check(seen.frames > 30, 'the video plays', seen.frames);
  console.log(`        ${seen.frames} pictures in 2 s, round trip ${seen.transport.rttMs} ms`);
  fs.mkdirSync(folder, {recursive: true});
  await page.screenshot({path: path.join(folder, 'stream-laptop.png')});
  await page.setViewport({width: 390, height: 2400});
  await new Promise(done => setTimeout(done, 1000));
  check(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'nothing is wider than a phone');
  await page.screenshot({path: path.join(folder, 'stream-phone.png')});

  // The same session with credentials made by the test.
  const credential = (expires, altered) => {
    const username = expires + ':somebody';
    const password = createHmac('sha1', secret).update(username).digest('base64');
    return {username, password: altered ? (password[0] === 'A' ? 'B' : 'A') + password.slice(1) : password};
  };
  const now = Math.floor(Date.now() / 1000);
  const attempt = (username, password) => page.evaluate(async (urls, user, pass) => {
    const {StreamClient} = await import('/stream.js');
    const headers = {Authorization: 'macaroon root=' + window.redan.token, 'Content-Type': 'application/json'};
    const reply = await fetch('/1.0/sessions/' + window.redan.session + '/join', {method: 'POST', headers, body: '{"screen":{"width":640,"height":480}}'});
    const grant = (await reply.json()).metadata;
    const url = new URL(grant.url);
    url.host = location.host;
    const begin = performance.now();
    const client = new StreamClient({socketUrl: url.href, iceServers: [{urls, username: user, password: pass}], relayOnly: true});
    try {
      await client.connect();
      client.close();
      return {connected: true, given: grant.stun_servers};
    } catch (error) {
      return {code: error.code, message: error.message, ms: Math.round(performance.now() - begin)};
    }
  }, [`turn:${address}:${port}`], username, password);
  const good = credential(now + 600, false);
  const connected = await attempt(good.username, good.password);
  check(connected.connected, 'a credential of the same secret connects', connected);
  const given = (connected.given || [{}])[0];
  check(given.urls && given.urls[0] === `turn:${address}:${port}` && given.username && given.password, 'the gateway hands out its own', given);
  for (const [what, {username, password}] of [['an expired', credential(now - 10, false)], ['an altered', credential(now + 600, true)]]) {
    const refused = await attempt(username, password);
    check(refused.code === 9 && refused.ms < 20000, `${what} credential fails with code 9 in bounded time`, refused);
    console.log(`        after ${refused.ms} ms: ${refused.message}`);
  }
} catch (error) {
  failures.push(String(error.stack));
}
await browser.close();
demo.kill('SIGINT');
check((await demoEnded)[0] === 0, 'the demo ends with 0');
coturn.kill('SIGKILL');
if (failures.length) console.log(fs.readFileSync(path.join(scratch, 'turn.log'), 'utf8').split('\n').slice(-20).join('\n'));
fs.rmSync(scratch, {recursive: true, force: true});
console.log(failures.length ? failures.length + ' FAILED:\n' + failures.join('\n') : 'all checks hold');
process.exit(failures.length ? 1 : 0);
