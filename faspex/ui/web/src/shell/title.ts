// Titles of pages: in the browser's tab, in menus and in breadcrumbs.

import { useTranslation } from 'react-i18next';

const product = 'Faspex';

// Control characters, and those that change the direction of the text after them.
const controls = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** The title of a page; characters that could change the text around it are taken out, since a tab has no markup. */
export function setPageTitle(title: string): void {
  document.title = `${title.replace(controls, '')} – ${product}`;
}

/** Gives the texts of titles of the table of routes. Their catalogues, those of `titles` too, are loaded when it returns. */
export function useTitles(titles: readonly string[] = []): (title: string) => string {
  const namespaces = new Set(titles.map((title) => title.split(':')[0] as 'shell'));
  const { t } = useTranslation([...namespaces]);
  return t as (title: string) => string; // the keys of the table are checked by a test, not by the compiler
}
