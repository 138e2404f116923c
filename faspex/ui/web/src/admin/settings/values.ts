// The values of settings in a form: lists are one entry a line, and what may be null is empty.

import type { Section, Setting } from './sections';

export type Value = string | number | boolean;
export type Values = Record<string, Value>;
type Stored = Record<string, unknown>;

export function settingsOf(section: Section): Setting[] {
  return section.groups.flatMap((group) => [...group.settings]);
}

export function valuesOf(section: Section, stored: Stored): Values {
  return Object.fromEntries(settingsOf(section).map(({ name }) => [name, shown(stored[name])]));
}

function shown(value: unknown): Value {
  if (Array.isArray(value)) return value.join('\n');
  if (typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string') return value;
  return '';
}

/** What the server is sent of the values that were changed. */
export function changeOf(section: Section, changed: Partial<Values>): Stored {
  return Object.fromEntries(
    settingsOf(section).flatMap(({ name, kind }) => {
      const value = changed[name];
      return value === undefined ? [] : [[name, sent(kind, value)]];
    }),
  );
}

function sent(kind: Setting['kind'], value: Value): unknown {
  if (kind === 'list') return String(value).split(/[\n,;]/).map((line) => line.trim()).filter(Boolean);
  if ((kind === 'url' || kind === 'choice?') && value === '') return null;
  return value;
}
