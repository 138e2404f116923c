// Reads a public key in PEM form, as far as is needed to say whether it is one and to show its fingerprint.

const label = '-----BEGIN PUBLIC KEY-----';
const end = '-----END PUBLIC KEY-----';

const algorithms: AlgorithmIdentifier[] = [
  { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as RsaHashedImportParams,
  { name: 'ECDSA', namedCurve: 'P-256' } as EcKeyImportParams,
  { name: 'ECDSA', namedCurve: 'P-384' } as EcKeyImportParams,
  { name: 'Ed25519' },
];

/** Why a text is no public key. `private`: it is a private key, which nobody should be shown. */
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
  for (const algorithm of algorithms) {
    try {
      const key = await crypto.subtle.importKey('spki', der, algorithm, true, ['verify']);
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', der));
      const bits = (key.algorithm as RsaHashedKeyAlgorithm).modulusLength;
      const curve = (key.algorithm as EcKeyAlgorithm).namedCurve;
      return {
        algorithm: bits ? `RSA ${bits}` : (curve ?? key.algorithm.name),
        fingerprint: [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join(':'),
      };
    } catch {
      // not of this kind
    }
  }
  return 'unknown';
}
