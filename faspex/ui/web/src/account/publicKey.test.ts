import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readPublicKey } from './publicKey';

const pem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' }).toString();
const print = (key: KeyObject) =>
  createHash('sha256').update(key.export({ type: 'spki', format: 'der' })).digest('hex').replace(/..(?!$)/g, '$&:');

describe('readPublicKey', () => {
  it.each([
    ['RSA 2048', generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey],
  ])('%s', async (algorithm, key) => {
    expect(await readPublicKey(`\n${pem(key)}\n`)).toEqual({ algorithm, fingerprint: print(key) });
  });
  it('knows a private key', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    expect(await readPublicKey(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString())).toBe('private');
  });
  it.each([
    ['unknown', pem(generateKeyPairSync('ed25519').publicKey)],
    ['unknown', pem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey)],
    ['form', 'ssh-ed25519 AAAA'],
    ['form', '-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----'],
    ['unknown', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----'],
  ])('%s: %s', async (problem, text) => expect(await readPublicKey(text)).toBe(problem));
});
