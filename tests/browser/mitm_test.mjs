// A gateway that means ill, and real browsers: what it reads of a session whose signalling is in clear.
// Usage: node mitm_test.mjs REDAN FOLDER [chromium|firefox ...]
import {spawn} from 'node:child_process';
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

/** `redan demo`, whose gateway makes an attack. */
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

/** What /attack of the demo says, asked by the page with its own token. `name`: switches it. */
const attackOf = (page, name) => page.evaluate(async wish => {
  const reply = await fetch('/attack', {
    method: wish ? 'POST' : 'GET', headers: {Authorization: 'macaroon root=' + window.redan.token, 'Content-Type': 'application/json'},
    body: wish ? JSON.stringify({name: wish}) : undefined,
  });
  return {status: reply.status, ...(await reply.json())};
}, name);

const connected = page => page.evaluate(() => window.redan && window.redan.state === 'connected');
/** The visitor says something on a channel, and hears it again from the runtime, if it is the runtime. */
const say = (page, text) => page.evaluate(async said => {
  const channel = window.redan.client.channels.chat;
  while (channel.readyState !== 'open') await new Promise(done => setTimeout(done, 50));
  const echo = new Promise(done => channel.addEventListener('message', event => done(new TextDecoder().decode(
      typeof event.data === 'string' ? new TextEncoder().encode(event.data) : event.data)), {once: true}));
  channel.binaryType = 'arraybuffer';
  channel.send(said);
  return Promise.race([echo, new Promise(done => setTimeout(() => done(null), 2000))]);
}, text);

async function visit(browser, demo) {
  const page = await browser.newPage();
  page.on('pageerror', error => failures.push('page error: ' + error.message));
  await page.setViewport({width: 1280, height: 1400});
  await page.goto(demo.doors[demo.doors.length - 1]);
  await until(() => page.evaluate(() => window.redan && window.redan.token), 'the page');
  return page;
}

async function inTheMiddle(name, browser, demo) {
  const page = await visit(browser, demo);
  await until(() => connected(page), name + ' to connect');
  check(await say(page, 'my password') === 'my password', name + ' talks to the runtime as ever');
  await until(() => page.evaluate(() => window.redan.frame > 0), 'the picture');
  check(true, name + ' sees its picture');
  const seen = await attackOf(page);
  check(seen.succeeded && seen.read.includes('client: my password') && seen.read.includes('runtime: my password'),
        name + ': the middle has read both ways', seen);
  await page.screenshot({path: path.join(folder, `mitm-${name}.png`), fullPage: true});
  const stranger = await page.evaluate(async () => (await fetch('/attack')).status);
  check(stranger === 401, 'without a token nobody is told what was read', stranger);
  const wrong = await attackOf(page, 'no-such-attack');
  check(wrong.status === 400, 'there is no attack of another name', wrong);
  const switched = await attackOf(page, 'none');
  check(switched.attack === 'none' && !switched.succeeded && switched.read.length === 0, 'the attack can be switched off', switched);
  await again(page);
  check(await say(page, 'my password') === 'my password', name + ' talks to the runtime directly');
  const honest = await attackOf(page);
  check(!honest.succeeded && honest.read.length === 0, name + ': an honest gateway reads nothing', honest);
  return page;
}

async function again(page) {
  await page.evaluate(() => document.getElementById('end').click());
  await until(() => page.evaluate(() => window.redan.state !== 'connected' && !document.getElementById('start').disabled), 'the end');
  await page.evaluate(() => document.getElementById('start').click());
  await until(() => connected(page), 'another session');
}

async function answeredInPlace(name, page) {
  await attackOf(page, 'answer-in-place');
  await again(page);
  await say(page, 'my password');
  const seen = await attackOf(page);
  check(seen.succeeded && seen.read.includes('client: my password'), name + ': who answers in place of the runtime is believed', seen);
}

fs.mkdirSync(folder, {recursive: true});
for (const [name, options] of Object.entries(browsers)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  if (!fs.existsSync(options.executablePath)) {
    console.log(`skipped: ${options.executablePath} is not installed`);
    continue;
  }
  const demo = await Demo.start('swap-fingerprint');
  const browser = await puppeteer.launch({...options, userDataDir: path.join(scratch, name)});
  try {
    const page = await inTheMiddle(name, browser, demo);
    await answeredInPlace(name, page);
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
