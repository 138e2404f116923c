// The texts of the page. A catalogue is one file for a language and a part of the page (its namespace); it is loaded when the
// part is opened, in the language of the person alone.

import i18next, { type i18n } from 'i18next';
import { initReactI18next } from 'react-i18next';
import { bestLanguage, type Language } from './languages';
import type { Catalogue } from './pseudo';

const catalogues = import.meta.glob<Catalogue>('../locales/*/*.json', { import: 'default' });
const rememberedKey = 'faspex.locale';

/** The last language of this browser, for pages that are shown before the account's preferences are known. */
function remembered(): string | null {
  try {
    return localStorage.getItem(rememberedKey);
  } catch {
    return null;
  }
}

async function load(tag: string, namespace: string): Promise<Catalogue> {
  const language = bestLanguage([tag]);
  const catalogue = await catalogues[`../locales/${language.catalogue}/${namespace}.json`]?.();
  if (!catalogue) throw new Error(`no catalogue ${language.catalogue}/${namespace}`);
  if (!language.pseudo) return catalogue;
  return (await import('./pseudo')).pseudoCatalogue(catalogue, language.pseudo);
}

export async function startI18n(): Promise<i18n> {
  const language = bestLanguage([remembered(), ...navigator.languages]);
  await i18next
    .use({
      type: 'backend',
      read: (tag: string, namespace: string, done: (error: unknown, data: Catalogue | null) => void) =>
        void load(tag, namespace).then(
          (data) => done(null, data),
          (error: unknown) => done(error, null),
        ),
    })
    .use(initReactI18next)
    .init({
      lng: language.tag,
      // Each catalogue has every key (i18n/catalogues.test.ts), so no other language has to be loaded beside.
      fallbackLng: false,
      load: 'currentOnly',
      ns: ['shell'],
      defaultNS: 'shell',
      partialBundledLanguages: true,
      interpolation: { escapeValue: false }, // React escapes
      react: { useSuspense: true },
    });
  apply(language);
  return i18next;
}

/** Shows the page in another language; what is typed in it stays. */
export async function setLanguage(wanted: string | null | undefined): Promise<void> {
  if (!wanted) return;
  const language = bestLanguage([wanted]);
  try {
    localStorage.setItem(rememberedKey, language.tag);
  } catch {
    // storage can be switched off
  }
  if (language.tag !== i18next.language) await i18next.changeLanguage(language.tag);
  apply(language);
}

function apply(language: Language): void {
  document.documentElement.lang = language.tag;
  document.documentElement.dir = language.dir;
}
