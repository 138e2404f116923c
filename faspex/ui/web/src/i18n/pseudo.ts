// Pseudo-languages for tests: texts that are 40 % longer and accented, or set from right to left, made from English. A text
// that looks plain in them is in no catalogue.

export type Catalogue = { [key: string]: string | Catalogue };

const accents: Record<string, string> = {
  a: 'á', b: 'ƀ', c: 'ç', d: 'ð', e: 'é', f: 'ƒ', g: 'ĝ', h: 'ĥ', i: 'í', j: 'ĵ', k: 'ķ', l: 'ļ', m: 'ɱ', n: 'ñ', o: 'ó', p: 'þ', q: 'ɋ',
  r: 'ŕ', s: 'š', t: 'ţ', u: 'ú', v: 'ṽ', w: 'ŵ', x: 'ẋ', y: 'ý', z: 'ž',
  A: 'Á', B: 'Ɓ', C: 'Ç', D: 'Ð', E: 'É', F: 'Ƒ', G: 'Ĝ', H: 'Ĥ', I: 'Í', J: 'Ĵ', K: 'Ķ', L: 'Ļ', M: 'Ṁ', N: 'Ñ', O: 'Ó', P: 'Þ', Q: 'Ɋ',
  R: 'Ŕ', S: 'Š', T: 'Ţ', U: 'Ú', V: 'Ṽ', W: 'Ŵ', X: 'Ẋ', Y: 'Ý', Z: 'Ž',
};

/** The plural forms that English lacks. */
const forms = ['zero', 'two', 'few', 'many'];

/** Places for values and tags of a text stay as they are. */
const kept = /(\{\{[^}]*\}\}|<[^>]*>)/;

export function pseudoText(text: string, kind: 'accents' | 'mirrored'): string {
  const parts = text.split(kept);
  const accented = parts.map((part) => (kept.test(part) ? part : [...part].map((c) => accents[c] ?? c).join(''))).join('');
  if (kind === 'mirrored') return `\u202e${accented}\u202c`;
  return `[${accented}${'~'.repeat(Math.ceil(text.length * 0.4))}]`;
}

export function pseudoCatalogue(catalogue: Catalogue, kind: 'accents' | 'mirrored'): Catalogue {
  return Object.fromEntries(
    Object.entries(catalogue).flatMap(([key, value]): [string, string | Catalogue][] => {
      if (typeof value !== 'string') return [[key, pseudoCatalogue(value, kind)]];
      const text = pseudoText(value, kind);
      return key.endsWith('_other') ? [[key, text], ...forms.map((form): [string, string] => [key.replace(/other$/, form), text])] : [[key, text]];
    }),
  );
}
