// Chromium exchanges messages with docs/examples/python/echo.py. Usage: node python_echo_test.mjs ECHO
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import puppeteer from 'puppeteer-core';

const [program] = process.argv.slice(2);
const executablePath = '/usr/bin/chromium';
if (!fs.existsSync(executablePath)) {
  console.log(`skipped: ${executablePath} is not installed`);
  process.exit(77);
}
const address = Object.values(os.networkInterfaces()).flat().find(each => each.family === 'IPv4' && !each.internal).address;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'redan-python-'));
const failures = [];
function check(condition, what, detail = '') {
  if (!condition) failures.push(what);
  console.log((condition ? '  ok    ' : '  FAIL  ') + what + (condition ? '' : ': ' + JSON.stringify(detail)));
}

const echo = spawn(program, [address], {stdio: ['pipe', 'pipe', 'inherit']});
const lines = readline.createInterface({input: echo.stdout})[Symbol.asyncIterator]();
async function answerTo(offer) {
  echo.stdin.write(offer.trimEnd() + '\r\n\r\n');
  let answer = '';
  for (let {value, done} = await lines.next(); !done && value !== ''; {value, done} = await lines.next()) answer += value.trimEnd() + '\r\n';
  return answer;
}

/** Sends each message to the echo and returns what came back, in their order; a binary one as its sum. */
async function exchange(page) {
  const offer = await page.evaluate(async () => {
    const pc = window.pc = new RTCPeerConnection();
    window.channel = pc.createDataChannel('talk');
    await pc.setLocalDescription();
    while (pc.iceGatheringState !== 'complete') await new Promise(done => pc.addEventListener('icegatheringstatechange', done, {once: true}));
    return pc.localDescription.sdp;
  });
  const sdp = await answerTo(offer);
  return page.evaluate(async answer => {
    const timeout = new Promise((_, fail) => setTimeout(() => fail(new Error('no echo in 20 s')), 20000));
    await window.pc.setRemoteDescription({type: 'answer', sdp: answer});
    const channel = window.channel;
    channel.binaryType = 'arraybuffer';
    if (channel.readyState !== 'open') await Promise.race([timeout, new Promise(done => channel.addEventListener('open', done, {once: true}))]);
    const received = [];
    const all = new Promise(done => channel.addEventListener('message', ({data}) => {
      received.push(typeof data === 'string' ? data : new Uint8Array(data).reduce((sum, byte) => sum + byte, 0));
      if (received.length === 3) done();
    }));
    channel.send('hello, Python');
    channel.send('');
    channel.send(new Uint8Array(100000).fill(3));
    await Promise.race([timeout, all]);
    window.pc.close();
    return received;
  }, sdp);
}

const browser = await puppeteer.launch({executablePath, browser: 'chrome', headless: true, userDataDir: scratch,
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-dev-shm-usage',
         '--disable-features=WebRtcHideLocalIpsWithMdns']});
try {
  for (const peer of ['the first peer', 'the second peer']) {
    const received = await exchange(await browser.newPage());
    check(JSON.stringify(received) === JSON.stringify(['hello, Python', '', 300000]), peer + ' receives text, nothing and bytes', received);
  }
} catch (error) {
  check(false, error.message, error.stack);
} finally {
  await browser.close();
  echo.stdin.end();
  const [status] = await once(echo, 'exit');
  check(status === 0, 'the echo ends with its input', status);
  fs.rmSync(scratch, {recursive: true, force: true});
}
process.exit(failures.length === 0 ? 0 : 1);
