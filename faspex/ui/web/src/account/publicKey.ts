// Reads a public key in PEM form, as far as is needed to say whether the server takes it and to show its fingerprint.

const label = '-----BEGIN PUBLIC KEY-----';
const end = '-----END PUBLIC KEY-----';
const leastBits = 2048;

/** Why a text is no key that can be stored. `private`: it is a private key, which nobody should be shown. */
export type KeyProblem = 'private' | 'form' | 'unknown';

export interface PublicKey {
  algorithm: string;
  /** SHA-256 of its SubjectPublicKeyInfo, as pairs of hexadecimal digits. */
  fingerprint: string;
}

export async function readPublicKey(text: string): Promise<PublicKey | KeyProblem> {
  const pem = text.trim();
  if (/PRIVATE KEY/.test(pem)) return 'private';
  if (!pem.startsWith(label) || !pem.endsWith(end)) return 'form';
  let der: Uint8Array<ArrayBuffer>;
  try {
    der = Uint8Array.from(atob(pem.slice(label.length, -end.length).replace(/\s+/g, '')), (c) => c.charCodeAt(0));
  } catch {
    return 'form';
  }
  try {
    const key = await crypto.subtle.importKey('spki', der, { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }, true, ['verify']);
    const { modulusLength: bits } = key.algorithm as RsaHashedKeyAlgorithm;
    if (bits < leastBits) return 'unknown';
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
    return { algorithm: `RSA ${bits}`, fingerprint: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(':') };
  } catch {
    return 'unknown'; // a key of another kind
  }
}
