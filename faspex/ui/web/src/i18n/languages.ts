// The languages of the page. Adding one is adding a folder of `locales` and a line here.

export interface Language {
  /** BCP 47 tag, as it stands in `lang` and in the account's preferences. */
  tag: string;
  /** Folder of its catalogues; a pseudo-language is made from English. */
  catalogue: 'en' | 'de' | 'fr' | 'es';
  /** The language's own name; null for pseudo-languages, which are for tests and offered to nobody. */
  name: string | null;
  dir: 'ltr' | 'rtl';
  pseudo?: 'accents' | 'mirrored';
}

export const languages: readonly Language[] = [
  { tag: 'en', catalogue: 'en', name: 'English', dir: 'ltr' },
  { tag: 'de', catalogue: 'de', name: 'Deutsch', dir: 'ltr' },
  { tag: 'fr', catalogue: 'fr', name: 'Français', dir: 'ltr' },
  { tag: 'es', catalogue: 'es', name: 'Español', dir: 'ltr' },
  { tag: 'en-XA', catalogue: 'en', name: null, dir: 'ltr', pseudo: 'accents' },
  { tag: 'ar-XB', catalogue: 'en', name: null, dir: 'rtl', pseudo: 'mirrored' },
];

/** The first of the wanted tags that there is, by its whole tag or by its language; English when there is none. */
export function bestLanguage(wanted: readonly (string | null | undefined)[]): Language {
  for (const tag of wanted) {
    if (!tag) continue;
    const exact = languages.find((language) => language.tag.toLowerCase() === tag.toLowerCase());
    const base = tag.toLowerCase().split(/[-_]/)[0];
    const found = exact ?? languages.find((language) => language.tag === base);
    if (found) return found;
  }
  return languages[0] as Language;
}
