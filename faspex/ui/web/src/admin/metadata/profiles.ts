// Metadata profiles in their form. The fields are kept in it as one text, so that it is told at once whether they were changed.

import type { QueryClient } from '@tanstack/react-query';
import type { components } from '../../api/schema';

type Schemas = components['schemas'];
export type Profile = Schemas['MetadataProfile'];
export type ProfileChange = Schemas['MetadataProfileChange'];
export type Field = Schemas['MetadataField'];

export const fieldTypes = ['text_field', 'text_area', 'option_list', 'date_field', 'text_block'] as const;
export const dateFormats = ['MM/DD/YY', 'MM/DD/YYYY', 'DD/MM/YYYY', 'DD.MM.YYYY', 'YYYY-MM-DD'] as const;

export interface ProfileValues {
  name: string;
  default: boolean;
  title_length: number;
  title_illegal: string;
  note_enabled: boolean;
  note_length: number;
  note_illegal: string;
  fields: string;
}

export const newProfile: ProfileValues = {
  name: '', default: false, title_length: 255, title_illegal: '', note_enabled: true, note_length: 16000, note_illegal: '', fields: '[]',
};

export function profileValues(profile: Profile): ProfileValues {
  return {
    name: profile.name,
    default: profile.default,
    title_length: profile.title.max_length,
    title_illegal: profile.title.illegal_chars.join(' '),
    note_enabled: profile.note.enabled,
    note_length: profile.note.max_length,
    note_illegal: profile.note.illegal_chars.join(' '),
    fields: JSON.stringify(profile.fields),
  };
}

/** Characters are written with blanks between them; a blank itself is allowed always. */
function characters(text: string): string[] {
  return [...new Set(text.split(/\s+/).filter(Boolean))];
}

/** What is sent of a whole form; the fields have the order in which they stand. */
export function profileChange(values: ProfileValues): ProfileChange {
  return {
    name: values.name,
    default: values.default,
    title: { max_length: values.title_length, illegal_chars: characters(values.title_illegal) },
    note: { enabled: values.note_enabled, max_length: values.note_length, illegal_chars: characters(values.note_illegal) },
    fields: fieldsOf(values.fields).map((field, index) => ({ ...field, ordering: index + 1 })),
  };
}

export function fieldsOf(text: string): Field[] {
  return JSON.parse(text) as Field[]; // written by this form
}

/** The fields with one of them moved by a step; as they are when it cannot be moved. */
export function moved(fields: readonly Field[], index: number, step: -1 | 1): Field[] {
  const to = index + step;
  const next = [...fields];
  const [one] = next.splice(index, 1);
  if (!one || to < 0 || to >= fields.length) return [...fields];
  next.splice(to, 0, one);
  return next;
}

/** What is wrong with the fields: the key of a sentence, and the field that it is about. */
export function fieldsFault(fields: readonly Field[]): { index: number; key: 'nameless' | 'twice' | 'choiceless' } | null {
  const names = new Set<string>();
  for (const [index, { name, type, choices }] of fields.entries()) {
    if (name.trim() === '' || name.startsWith('_')) return { index, key: 'nameless' };
    if (names.has(name.trim().toLowerCase())) return { index, key: 'twice' };
    names.add(name.trim().toLowerCase());
    if (type === 'option_list' && (choices ?? []).length === 0) return { index, key: 'choiceless' };
  }
  return null;
}

export function forgetProfiles(queries: QueryClient): void {
  void queries.invalidateQueries({ queryKey: ['get', '/api/v5/configuration/metadata_profiles'] });
}
