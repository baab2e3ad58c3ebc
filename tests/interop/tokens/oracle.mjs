// One question of macaroon_oracle.hpp, as JSON on standard input, answered with npm's macaroon.
import { readFileSync } from 'node:fs';
import Module, { createRequire } from 'node:module';

// Version 3.0.4 compares with a capacity that it never sets, so its buffer doubles at every append: four caveats would
// need gigabytes.
function load(project) {
  const file = createRequire(project + '/package.json').resolve('macaroon');
  const loaded = new Module(file);
  loaded.filename = file;
  loaded.paths = Module._nodeModulePaths(project);
  loaded._compile(readFileSync(file, 'utf8').replace('<= this._capacity', '<= this._buf.length'), file);
  return loaded.exports;
}

// argv: the project's folder, which has node_modules; a further argument only tests whether the library is installed.
const library = load(process.argv[2]);

function answer(ask) {
  const key = new Uint8Array(Buffer.from(ask.key, 'hex'));
  const json = ask.form.startsWith('json');
  let macaroon;
  if (ask.text !== undefined) {
    macaroon = library.importMacaroon(json ? JSON.parse(ask.text) : ask.text);
  } else {
    macaroon = library.newMacaroon({
      identifier: ask.identifier, location: ask.location, rootKey: key, version: ask.form.endsWith('1') ? 1 : 2 });
  }
  for (const caveat of ask.add) macaroon.addFirstPartyCaveat(caveat);
  if (ask.third_party) {
    macaroon.addThirdPartyCaveat(new Uint8Array(24).fill(7), 'a secret of theirs', 'https://bank.example');
  }
  let accepted = true;
  try {
    macaroon.verify(key, (condition) => (ask.met.includes(condition) ? null : 'not met'));
  } catch {
    accepted = false;
  }
  return {
    text: json ? JSON.stringify(macaroon.exportJSON()) : library.bytesToBase64(macaroon.exportBinary()),
    signature: Buffer.from(macaroon.signature).toString('hex'),
    accepted,
  };
}

if (process.argv.length === 3) console.log(JSON.stringify(answer(JSON.parse(readFileSync(0, 'utf8')))));
