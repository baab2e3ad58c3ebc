// A malicious gateway and the demo's page in real browsers: every attack succeeds with plaintext signalling, and the
// man in the middle reads and forwards messages without being noticed; with sealed signalling each attack is refused
// with its code. Usage: node mitm_test.mjs REDAN FOLDER [chromium|firefox ...]
import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import puppeteer from 'puppeteer-core';

const [redan, folder, ...wanted] = process.argv.slice(2);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'redan-mitm-'));
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

const browsers = {
  chromium: {
    executablePath: '/usr/bin/chromium', browser: 'chrome', acceptInsecureCerts: true, headless: true,
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update',
           '--disable-sync', '--autoplay-policy=no-user-gesture-required', '--mute-audio', '--disable-dev-shm-usage'],
  },
  firefox: {
    executablePath: '/usr/bin/firefox-esr', browser: 'firefox', protocol: 'webDriverBiDi', acceptInsecureCerts: true, headless: true,
    extraPrefsFirefox: {'media.autoplay.default': 0, 'app.update.enabled': false, 'network.captive-portal-service.enabled': false,
                        'network.connectivity-service.enabled': false, 'media.gmp-manager.updateEnabled': false, 'network.trr.mode': 5,
                        'services.settings.server': 'data:,#remote-settings-dummy/v1'},
  },
};

const address = Object.values(os.networkInterfaces()).flat().find(each => each.family === 'IPv4' && !each.internal).address;

/** `redan demo` with a gateway that performs an attack. */
class Demo {
  static async start(attack) {
    const demo = new Demo();
    demo.process = spawn(redan, ['demo', '--json', '--bind', address, '--port', '0', '--data-dir', path.join(scratch, 'state'), '--attack', attack],
                         {stdio: ['ignore', 'pipe', 'inherit']});
    demo.ended = once(demo.process, 'exit');
    demo.doors = [];
    readline.createInterface({input: demo.process.stdout}).on('line', line => {
      const message = JSON.parse(line);
      if (message.event === 'ready') demo.doors.push(message.url);
    });
    await until(() => demo.doors.length > 0, 'the demo');
    return demo;
  }
  async stop() {
    this.process.kill('SIGINT');
    await this.ended;
  }
}

/** The demo's /attack response, requested by the page with its own token. */
const attackOf = page => page.evaluate(
    async () => (await fetch('/attack', {headers: {Authorization: 'macaroon root=' + window.redan.token}})).json());

const connected = page => page.evaluate(() => window.redan && window.redan.state === 'connected');
/** Sends a message on a channel and returns the echo from the runtime; null if none arrives. */
const say = (page, text) => page.evaluate(async said => {
  const channel = window.redan.client.channels.chat;
  while (channel.readyState !== 'open') await new Promise(done => setTimeout(done, 50));
  channel.binaryType = 'arraybuffer';
  const heard = new Promise(done => channel.addEventListener('message', event => {
    const answer = typeof event.data === 'string' ? event.data : new TextDecoder().decode(event.data);
    if (answer === said) done(answer);
  }));
  channel.send(said);
  return Promise.race([heard, new Promise(done => setTimeout(() => done(null), 3000))]);
}, text);

/** Runs a new session under an attack, sealed or not. Returns the page's verdict, the client's refusal and what the gateway obtained. */
async function under(page, attack, sealed) {
  await page.evaluate(({name, seal}) => {
    document.getElementById('sealed').checked = seal;
    window.redan.verdict = 'waiting';
    document.querySelector(`[data-attack="${name}"]`).click();
  }, {name: attack, seal: sealed});
  const verdict = await until(async () => {
    const kind = await page.evaluate(() => window.redan.verdict);
    return kind !== 'waiting' && kind !== null && {kind};
  }, attack + ' to be judged');
  const code = await page.evaluate(() => (window.redan.client && window.redan.client.sealFailure) || null);
  return {...verdict, code, ...(await attackOf(page))};
}

async function visit(browser, demo) {
  const page = await browser.newPage();
  page.on('pageerror', error => failures.push('page error: ' + error.message));
  await page.setViewport({width: 1280, height: 1900});
  await page.goto(demo.doors[demo.doors.length - 1]);
  await until(() => page.evaluate(() => window.redan && window.redan.token), 'the page');
  return page;
}
const shot = (page, name) => page.screenshot({path: path.join(folder, `mitm-${name}.png`), fullPage: true});
const picture = page => until(() => page.evaluate(() => window.redan.frame > 0), 'the picture');

const codes = {
  'swap-fingerprint': 'sealed_bad_record', 'replay-offer': 'sealed_bad_record', 'answer-in-place': 'sealed_bad_certificate',
  'strip': 'sealed_clear', 'inject-clear': 'sealed_clear',
};

async function sealedSessions(name, page) {
  await until(() => connected(page), name + ' to connect');
  check(await say(page, 'my password') === 'my password', name + ' talks to the runtime, sealed');
  await picture(page);
  for (const [attack, code] of Object.entries(codes)) {
    const seen = await under(page, attack, true);
    check(seen.code === code && seen.kind === 'good', `${name}, sealed: ${attack} is refused as ${code}`, seen);
    check(!seen.succeeded && seen.read.length === 0, `${name}, sealed: ${attack} reads nothing`, seen);
    check(!(await connected(page)), `${name}, sealed: ${attack} gets no connection`);
    if (attack === 'swap-fingerprint') await shot(page, name + '-sealed');
  }
  const honest = await under(page, 'none', true);
  await until(() => connected(page), name + ' to connect again');
  check(!honest.succeeded && honest.code === null, name + ' is let in again by an honest gateway', honest);
}

async function clearSessions(name, page) {
  const seen = await under(page, 'swap-fingerprint', false);
  check(seen.kind === 'bad' && seen.succeeded, `${name}, clear: swap-fingerprint succeeds, and the page says so`, seen);
  await until(() => connected(page), name + ' to connect');
  check(await say(page, 'my password') === 'my password', name + ', clear: the runtime answers as ever, through the middle');
  const read = await until(async () => {
    const now = await attackOf(page);
    return now.read.includes('client: my password') && now.read.includes('runtime: my password') && now.read;
  }, 'the middle to read');
  check(read.length > 0, name + ', clear: the middle has read both ways');
  await picture(page);
  check(true, name + ', clear: the picture comes, through the middle');
  await shot(page, name + '-clear');
  for (const attack of ['replay-offer', 'answer-in-place', 'strip', 'inject-clear']) {
    const other = await under(page, attack, false);
    check(other.kind === 'bad' && other.succeeded && other.read.length > 0, `${name}, clear: ${attack} succeeds`, other);
  }
  const honest = await under(page, 'none', false);
  await until(() => connected(page), name + ' to connect directly');
  check(await say(page, 'my password') === 'my password', name + ', clear: talks to the runtime directly');
  const after = await attackOf(page);
  check(!honest.succeeded && !after.succeeded && after.read.length === 0, name + ', clear: an honest gateway reads nothing', after);
}

async function door(page) {
  const stranger = await page.evaluate(async () => (await fetch('/attack')).status);
  check(stranger === 401, 'without a token nobody is told what was read', stranger);
  const wrong = await page.evaluate(async () => (await fetch('/attack', {
    method: 'POST', headers: {Authorization: 'macaroon root=' + window.redan.token}, body: '{"name":"no-such-attack"}'})).status);
  check(wrong === 400, 'there is no attack of another name', wrong);
}

fs.mkdirSync(folder, {recursive: true});
const listed = spawnSync(redan, ['demo', '--attack', 'list'], {encoding: 'utf8'});
check(listed.status === 0 && Object.keys(codes).every(name => listed.stdout.includes(name)), '--attack list names them all', listed.stdout);
const unknown = spawnSync(redan, ['demo', '--attack', 'no-such-attack'], {encoding: 'utf8'});
check(unknown.status === 2 && /--attack list/.test(unknown.stderr), 'another name is wrong usage', unknown.stderr);
for (const [name, options] of Object.entries(browsers)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (!fs.existsSync(options.executablePath)) {
    console.log(`skipped: ${options.executablePath} is not installed`);
    continue;
  }
  const demo = await Demo.start('none');
  const browser = await puppeteer.launch({...options, userDataDir: path.join(scratch, name)});
  try {
    const page = await visit(browser, demo);
    await sealedSessions(name, page);
    await clearSessions(name, page);
    await door(page);
  } catch (error) {
    failures.push(name + ': ' + error.message);
    console.log('  FAIL  ' + name + ': ' + error.stack);
  } finally {
    await browser.close();
    await demo.stop();
  }
}
fs.rmSync(scratch, {recursive: true, force: true});
console.log(failures.length === 0 ? 'all well' : failures.length + ' failures');
process.exit(failures.length === 0 ? 0 : 1);
