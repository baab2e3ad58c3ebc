// The demo's page in real browsers: connects, echoes, measures, shows what was verified. Screenshots go to the folder given.
// Usage: node demo_page_test.mjs REDAN FOLDER [chromium|firefox ...]
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import puppeteer from 'puppeteer-core';

const [redan, folder, ...wanted] = process.argv.slice(2);
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'redan-page-'));
const failures = [];
let checks = 0;

function check(condition, what) {
  ++checks;
  if (!condition) failures.push(what);
  console.log((condition ? '  ok    ' : '  FAIL  ') + what);
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

// `redan demo`, with the URLs that it prints.
class Demo {
  static async start(...extra) {
    const demo = new Demo();
    demo.process = spawn(redan, ['demo', '--json', '--port', '0', '--data-dir', path.join(scratch, 'state'), ...extra]);
    demo.lines = [];
    demo.doors = [];
    readline.createInterface({input: demo.process.stdout}).on('line', line => {
      const message = JSON.parse(line);
      demo.lines.push(message);
      if (message.event === 'ready') demo.doors.push(message.url);
    });
    await until(() => demo.doors.length > 0, 'the demo to be ready');
    return demo;
  }
  url() { return this.doors[this.doors.length - 1].replace('/#', '/peer#'); }
  async stop() {
    const ended = once(this.process, 'exit');
    this.process.kill('SIGINT');
    return (await ended)[0];
  }
}

async function until(condition, what, ms = 30000) {
  for (const end = Date.now() + ms; Date.now() < end;) {
    const value = await condition();
    if (value) return value;
    await new Promise(done => setTimeout(done, 100));
  }
  throw new Error('timeout: ' + what);
}

const state = page => page.evaluate(() => window.redan && window.redan.state);
const shown = (page, id) => page.evaluate(name => document.getElementById(name).textContent, id);

async function visit(name, browser, demo) {
  const page = await browser.newPage();
  page.on('pageerror', error => failures.push(name + ' page error: ' + error.message));
  await page.setViewport({width: 1280, height: 1500});
  await page.goto(demo.url());
  await until(async () => (await state(page)) === 'connected', name + ' to connect');
  check(true, name + ' connects from the URL alone');
  await until(async () => Number(await shown(page, 'rtt-count')) > 40, 'echoes');
  check(Number(await shown(page, 'rtt-p50')) < 500, 'round trips are shown');
  await until(async () => /frames of the echo decoded/.test(await shown(page, 'media-note')), 'decoded frames');
  check(parseInt(await shown(page, 'media-note'), 10) > 0, 'video frames of the echo are decoded');
  await page.click('#throughput');
  await until(async () => /^[\d.]+$/.test(await shown(page, 'down')), 'throughput', 40000);
  check(Number(await shown(page, 'up')) > 0.1 && Number(await shown(page, 'down')) > 0.1, 'throughput is measured both ways');
  const frames = async () => parseInt(await shown(page, 'media-note'), 10);
  const decoded = await frames();
  await until(async () => (await frames()) > decoded + 40, 'the video to go on after the bulk data');
  check(true, 'the video goes on after the bulk data');
  await until(() => page.evaluate(() => document.querySelectorAll('.mark').length >= 6), 'the security panel');
  const marks = await page.evaluate(() => [...document.querySelectorAll('.mark')].map(mark => mark.className));
  check(marks.length >= 6 && marks.every(mark => mark === 'mark'), 'every checked row of the security panel has its mark');
  check((await shown(page, 'security')).includes('DTLS 1.3'), 'the panel names the DTLS version');
  check((await shown(page, 'trace')).includes('path selected'), 'the handshake is traced');
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({path: path.join(folder, name + '-laptop.png')});

  await page.click('#restart');
  await until(async () => (await shown(page, 'trace')).includes('ICE restart'), 'the restart');
  const before = Number(await shown(page, 'rtt-count'));
  await until(async () => Number(await shown(page, 'rtt-count')) > before + 20, 'echoes after the restart');
  check((await state(page)) === 'connected', 'echoes go on after an ICE restart');

  // The token is used up; the tab returns with its session secret.
  await page.goto(demo.url().split('#')[0]);
  await until(async () => (await state(page)) === 'connected', 'the reload');
  check(!(await page.evaluate(() => location.hash)), 'a reload connects without a token in the address');

  await page.setViewport({width: 390, height: 1900, isMobile: false});
  await new Promise(done => setTimeout(done, 1500));
  check(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'nothing is wider than a phone');
  await page.evaluate(() => window.scrollTo(0, 0));
  await page.screenshot({path: path.join(folder, name + '-phone.png')});
  if (name === 'chromium') {
    await page.emulateMediaFeatures([{name: 'prefers-color-scheme', value: 'dark'}]);
    await page.setViewport({width: 1280, height: 1500});
    await new Promise(done => setTimeout(done, 1500));
    await page.screenshot({path: path.join(folder, name + '-dark.png')});
  }
  await page.click('#disconnect');
  await until(() => demo.lines.some(line => line.event === 'closed'), 'the peer to be closed');
  check(true, 'disconnecting ends the peer');
  await page.close();

  const stranger = await browser.newPage();
  await stranger.goto(demo.url().replace(/token=[^&]*/, 'token=wrong'));
  await stranger.evaluate(() => sessionStorage.clear());
  await until(async () => (await state(stranger)) === 'failed', 'the refusal');
  check((await shown(stranger, 'error-text')).includes('token'), 'a wrong token is refused in words');
  check((await shown(stranger, 'error-hint')).includes('terminal'), 'and says what to do');
  await stranger.close();
}

// Ten tabs at once on one port, each with its own URL; without media, which would only measure this machine's codecs.
async function tabs(name, browser) {
  const demo = await Demo.start('--no-media');
  const pages = [];
  for (let i = 0; i < 10; ++i) {
    const page = await browser.newPage();
    const doors = demo.doors.length;
    await page.goto(demo.url());
    await until(async () => (await state(page)) === 'connected', name + ' tab ' + i);
    await until(() => demo.doors.length > doors, 'the next door');
    pages.push(page);
  }
  const counts = () => Promise.all(pages.map(page => page.evaluate(() => window.redan.rtts.length)));
  const before = await counts();
  // A background tab may send only once a second.
  await until(async () => (await counts()).every((count, i) => count > before[i] + 2), 'echoes in every tab', 60000);
  check(true, 'ten tabs are connected at once, and all have their echoes');
  check((await shown(pages[0], 'media-note')).includes('without media'), 'a demo without media says so');
  for (const page of pages) await page.close();
  check((await demo.stop()) === 0, 'and the demo stops cleanly');
}

for (const name of wanted.length ? wanted : Object.keys(browsers)) {
  const options = browsers[name];
  if (!fs.existsSync(options.executablePath)) {
    console.log(name + ': skipped, ' + options.executablePath + ' is not installed');
    continue;
  }
  console.log(name);
  const home = fs.mkdtempSync(path.join(scratch, name));
  const demo = await Demo.start();
  const browser = await puppeteer.launch({...options, userDataDir: path.join(home, 'profile'), env: {...process.env, HOME: home, MOZ_CRASHREPORTER_DISABLE: '1'}});
  try {
    await visit(name, browser, demo);
    await tabs(name, browser);
  } catch (error) {
    check(false, name + ': ' + error.message + '; the demo said: ' + JSON.stringify(demo.lines.slice(-3)));
  }
  await browser.close();
  check((await demo.stop()) === 0, 'Ctrl-C stops the demo cleanly');
}
fs.rmSync(scratch, {recursive: true, force: true, maxRetries: 5});
console.log(`${checks} checks, ${failures.length} failed`);
for (const failure of failures) console.log('FAILED: ' + failure);
process.exit(failures.length ? 1 : 0);
