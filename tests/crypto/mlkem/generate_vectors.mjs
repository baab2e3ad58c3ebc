// Makes tests/vectors/mlkem768.json with an independent implementation:
//
//   npm install --no-save @noble/post-quantum && node tests/crypto/mlkem/generate_vectors.mjs > tests/vectors/mlkem768.json
import { createHash } from 'node:crypto';
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';

const hex = (bytes) => Buffer.from(bytes).toString('hex');
const sha256 = (bytes) => createHash('sha256').update(bytes).digest('hex');
const bytes = (label, i, size) => new Uint8Array(createHash('shake256', { outputLength: size }).update(`${label} ${i}`).digest());

const cases = [];
for (let i = 0; i < 40; ++i) {
  const seed = bytes('seed', i, 64);
  const message = bytes('message', i, 32);
  const { publicKey, secretKey } = ml_kem768.keygen(seed);
  const { cipherText, sharedSecret } = ml_kem768.encapsulate(publicKey, message);
  const altered = cipherText.slice();
  altered[(i * 29) % altered.length] ^= 1 << i % 8;
  cases.push({
    seed: hex(seed), message: hex(message), encapsulation_key_sha256: sha256(publicKey),
    decapsulation_key_sha256: sha256(secretKey), ciphertext_sha256: sha256(cipherText), secret: hex(sharedSecret),
    altered_byte: (i * 29) % altered.length, altered_bit: i % 8, secret_of_altered: hex(ml_kem768.decapsulate(altered, secretKey)),
  });
}
console.log(JSON.stringify({ generator: '@noble/post-quantum', cases }, null, 1));
