// autobahn-js with `redan router`, on one WebSocket for each serializer and every pair of them: only plaintext
// payloads, because it supports no others. Usage: node autobahn_js_test.mjs REDAN
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import readline from 'node:readline';

const autobahn = createRequire(import.meta.url)('autobahn');
const [redan] = process.argv.slice(2);
const patience = 20_000;
const serializers = {
  json: () => new autobahn.serializer.JSONSerializer(),
  msgpack: () => new autobahn.serializer.MsgpackSerializer(),
  cbor: () => new autobahn.serializer.CBORSerializer(),
};
let checks = 0;

function within(promise, what) {
  let timer;
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Error('too late: ' + what)), patience); });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function join(url, serializer) {
  const connection = new autobahn.Connection({url, realm: 'realm1', max_retries: 0, serializers: [serializers[serializer]()]});
  return within(new Promise((resolve, reject) => {
    connection.onopen = (session) => resolve({session, connection});
    connection.onclose = (reason, details) => { reject(new Error(reason + ' ' + details.reason)); return true; };
    connection.open();
  }), 'joining with ' + serializer);
}

async function events(one, other) {
  const heard = new Promise((resolve) => other.subscribe('com.topic', (args, kwargs, details) => resolve({args, kwargs, topic: details.topic}),
                                                         {match: 'prefix'}).then(() => one.publish('com.topic', [1, 'zwölf', null, [true]], {a: {b: 2.5}})));
  const event = await within(heard, 'an event');
  assert.deepEqual({...event, kwargs: {...event.kwargs}}, {args: [1, 'zwölf', null, [true]], kwargs: {a: {b: 2.5}}, topic: 'com.topic'});
  const publication = await within(one.publish('com.nobody', [], {}, {acknowledge: true}), 'PUBLISHED');
  assert.ok(publication.id > 0);
  checks += 2;
}

async function calls(one, other) {
  const registration = await within(other.register('com.work', async (args, kwargs) => {
    if (args[0] < 0) throw new autobahn.Error('com.error.negative', [args[0]], {sign: -1});
    return new autobahn.Result(args, kwargs);
  }), 'REGISTERED');
  const result = await within(one.call('com.work', [3, 'x'], {k: [1]}), 'RESULT');
  assert.deepEqual({args: result.args, kwargs: {...result.kwargs}}, {args: [3, 'x'], kwargs: {k: [1]}});
  await assert.rejects(within(one.call('com.work', [-1]), 'ERROR'), (error) => {
    assert.equal(error.error, 'com.error.negative');
    assert.deepEqual({args: error.args, kwargs: {...error.kwargs}}, {args: [-1], kwargs: {sign: -1}});
    return true;
  });
  await assert.rejects(within(one.call('com.nobody'), 'ERROR'), (error) => error.error === 'wamp.error.no_such_procedure');
  await within(other.unregister(registration), 'UNREGISTERED');
  checks += 4;
}

const router = spawn(redan, ['router', '--open-realm', 'realm1', '--listen', '127.0.0.1:0', '--plain', '--json'],
                     {stdio: ['ignore', 'pipe', 'inherit']});
const watchdog = setTimeout(() => { router.kill('SIGKILL'); process.exit(1); }, 120_000);
try {
  const {value: line} = await readline.createInterface({input: router.stdout})[Symbol.asyncIterator]().next();
  const url = JSON.parse(line).urls[0];
  for (const a of Object.keys(serializers)) {
    for (const b of Object.keys(serializers)) {
      const one = await join(url, a), other = await join(url, b);
      await events(one.session, other.session);
      await calls(one.session, other.session);
      for (const {connection} of [one, other]) {
        connection.onclose = () => true;
        connection.close();
      }
      console.log(`ok    ${a} with ${b}`);
    }
  }
  console.log(`${checks} checks`);
} finally {
  router.kill('SIGTERM');
  clearTimeout(watchdog);
}
process.exit(0);
