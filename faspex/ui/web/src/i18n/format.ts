// Sizes, counts, dates and names as people read them, in the language of the page.

import { useMemo } from 'react';
import { useTranslation } from 'react-i18next';

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
export const nothing = '–';

export interface Person {
  name: string;
  first_name?: string;
  last_name?: string;
}

/** First and last name where they are known, else the account's name. */
export function personName(person: Person | null | undefined): string {
  if (!person) return nothing;
  return [person.first_name, person.last_name].filter(Boolean).join(' ') || person.name || nothing;
}

/** What people wrote, set apart from a sentence around it that has no markup: labels for screen readers, titles of dialogs. */
export function isolated(text: string): string {
  return `\u2068${text}\u2069`;
}

/** A number that the API sent as text; null when it is none. */
export function numberOf(value: string | number | null | undefined): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(typeof value === 'string' ? value.replace(/%$/, '') : value);
  return Number.isFinite(number) ? number : null;
}

export class Format {
  private readonly dates: Intl.DateTimeFormat;
  private readonly days: Intl.DateTimeFormat;
  private readonly counts: Intl.NumberFormat;
  private readonly whole: Intl.NumberFormat;
  private readonly tenths: Intl.NumberFormat;
  private readonly shares: Intl.NumberFormat;
  private readonly lists: Intl.ListFormat;

  constructor(tag: string) {
    // A pseudo-language of the tests is no language of the browser; it takes the nearest that is one.
    this.dates = new Intl.DateTimeFormat(tag, {
      year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', timeZoneName: 'short',
    });
    this.days = new Intl.DateTimeFormat(tag, { dateStyle: 'medium' });
    this.counts = new Intl.NumberFormat(tag);
    this.whole = new Intl.NumberFormat(tag, { maximumFractionDigits: 0 });
    this.tenths = new Intl.NumberFormat(tag, { minimumFractionDigits: 1, maximumFractionDigits: 1 });
    this.shares = new Intl.NumberFormat(tag, { style: 'percent', maximumFractionDigits: 0 });
    this.lists = new Intl.ListFormat(tag, { type: 'conjunction' });
  }

  /** 1.5 GiB. */
  bytes(bytes: number | null | undefined): string {
    if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return nothing;
    let value = bytes;
    let unit = 0;
    while (value >= 1024 && unit < units.length - 1) {
      value /= 1024;
      unit++;
    }
    const number = unit === 0 || value >= 100 ? this.whole : this.tenths;
    return `${number.format(value)}\u00a0${units[unit]}`;
  }

  count(count: number | null | undefined): string {
    return count === null || count === undefined ? nothing : this.counts.format(count);
  }

  /** A share between 0 and 1; 100 % only for a whole one. */
  share(share: number): string {
    return this.shares.format(share >= 1 ? 1 : Math.min(0.99, Math.floor(share * 100) / 100));
  }

  /** Day, time and time zone. */
  date(text: string | number | null | undefined): string {
    return this.at(this.dates, text);
  }

  day(text: string | number | null | undefined): string {
    return this.at(this.days, text);
  }

  list(items: string[]): string {
    return this.lists.format(items);
  }

  private at(format: Intl.DateTimeFormat, text: string | number | null | undefined): string {
    const date = text === null || text === undefined || text === '' ? null : new Date(text);
    return !date || Number.isNaN(date.getTime()) ? nothing : format.format(date);
  }
}

export function useFormat(): Format {
  const { i18n } = useTranslation();
  return useMemo(() => new Format(i18n.language), [i18n.language]);
}
