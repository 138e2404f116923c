// What a metadata profile asks of a package beside its files, and whether what was typed keeps its rules. The server checks
// the same (faspex/metadata).

import type { components } from '../api/schema';
import type { Contact } from '../api/types';
import type { Draft } from './draft';
import { noteLimit, titleLimit } from './request';

export type Profile = components['schemas']['MetadataProfile'];
export type MetadataField = components['schemas']['MetadataField'];

/** What is wrong with a value: the key of its sentence, and the values in that. */
export interface MetadataFault {
  key: 'required' | 'long' | 'illegal' | 'choice' | 'day';
  most?: number;
  characters?: string;
}

const valueLimit = 16_000;
const usualDate = 'MM/DD/YY';

/** The profile of a package: that of its shared inbox, which may have none; the default one of every other package. */
export function profileOf(profiles: readonly Profile[], inbox: Contact | undefined): Profile | null {
  const found = inbox ? profiles.find(({ id }) => id === inbox.metadata_profile_id) : profiles.find((profile) => profile.default);
  return found ?? null;
}

/** The fields that are shown, in their order. One that is hidden has its default value, and is shown when it has none but needs one. */
export function shownFields(profile: Profile | null): MetadataField[] {
  return (profile?.fields ?? []).filter((field) => field.visible !== false || (field.require && !field.default_value));
}

export function limitsOf(profile: Profile | null): { title: number; note: number; hasNote: boolean } {
  return {
    title: Math.min(titleLimit, profile?.title.max_length ?? titleLimit),
    note: Math.min(noteLimit, profile?.note.max_length ?? noteLimit),
    hasNote: profile?.note.enabled ?? true,
  };
}

/** What a field holds: what was typed, else its default value. Dates are as the browser has them: YYYY-MM-DD. */
export function valueOf(field: MetadataField, typed: Readonly<Record<string, string>>): string {
  return typed[field.name] ?? field.default_value ?? '';
}

/** Faults by the name of the field; `title` and `note` are kept apart, for a field may be called the same. */
export function metadataFaults(profile: Profile | null, draft: Pick<Draft, 'title' | 'note' | 'metadata'>) {
  const fields: Record<string, MetadataFault> = {};
  const text: { title?: MetadataFault; note?: MetadataFault } = {};
  if (!profile) return { fields, text };
  const title = textFault(draft.title.trim(), profile.title.max_length, profile.title.illegal_chars);
  if (title) text.title = title;
  const note = profile.note.enabled ? textFault(draft.note.trim(), profile.note.max_length, profile.note.illegal_chars) : null;
  if (note) text.note = note;
  for (const field of shownFields(profile)) {
    const fault = field.type === 'text_block' ? null : fieldFault(field, valueOf(field, draft.metadata));
    if (fault) fields[field.name] = fault;
  }
  return { fields, text };
}

function fieldFault(field: MetadataField, value: string): MetadataFault | null {
  if (value.trim() === '') return field.require ? { key: 'required' } : null;
  switch (field.type) {
    case 'option_list':
      return (field.choices ?? []).includes(value) ? null : { key: 'choice' };
    case 'date_field':
      return dateInFormat(value, field.date_format) === null ? { key: 'day' } : null;
    default:
      return textFault(value, field.max_length || valueLimit, field.illegal_chars ?? []);
  }
}

function textFault(text: string, most: number, illegal: readonly string[]): MetadataFault | null {
  if ([...text].length > most) return { key: 'long', most };
  const found = illegal.filter((character) => character !== '' && text.includes(character));
  return found.length > 0 ? { key: 'illegal', characters: found.join(' ') } : null;
}

/** What is sent: the values that are there, dates in the format of their field. */
export function metadataOf(profile: Profile | null, typed: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    (profile?.fields ?? []).flatMap((field) => {
      if (field.type === 'text_block') return [];
      const value = valueOf(field, typed);
      if (value.trim() === '') return [];
      return [[field.name, field.type === 'date_field' ? (dateInFormat(value, field.date_format) ?? value) : value]];
    }),
  );
}

/** A day as a profile writes it; null for what is no day. */
export function dateInFormat(day: string, format?: string): string | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(day);
  if (!parts) return null;
  const [, year = '', month = '', date = ''] = parts;
  return (format || usualDate).replace('YYYY', year).replace('YY', year.slice(2)).replace('MM', month).replace('DD', date);
}
