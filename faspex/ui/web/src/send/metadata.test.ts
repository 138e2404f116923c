import { expect, test } from 'vitest';
import type { Contact } from '../api/types';
import { dateInFormat, metadataFaults, metadataOf, type MetadataField, type Profile, profileOf, shownFields } from './metadata';

const field = (name: string, rest: Partial<MetadataField> = {}): MetadataField => ({ name, type: 'text_field', require: false, ordering: 0, ...rest });
const profile = (fields: MetadataField[], rest: Partial<Profile> = {}): Profile => ({
  id: '7', name: 'P', default: false, created_at: '', updated_at: '', fields,
  title: { max_length: 10, illegal_chars: ['#'] }, note: { max_length: 5, illegal_chars: [], enabled: true }, ...rest,
});
const draft = (metadata: Record<string, string>, title = 'T', note = '') => ({ title, note, metadata });

test('the profile of a package is that of its shared inbox, else the default one', () => {
  const [own, usual] = [profile([]), profile([], { id: '8', default: true })];
  const inbox = (id: string) => ({ metadata_profile_id: id }) as Contact;
  expect(profileOf([own, usual], inbox('7'))).toBe(own);
  expect(profileOf([own, usual], inbox(''))).toBeNull();
  expect(profileOf([own, usual], undefined)).toBe(usual);
});

test.each<[string, MetadataField, string, object]>([
  ['a field that is needed', field('a', { require: true }), ' ', { a: { key: 'required' } }],
  ['a field that is too long', field('a', { max_length: 3 }), 'four', { a: { key: 'long', most: 3 } }],
  ['characters that are not allowed', field('a', { illegal_chars: ['/', '*'] }), 'a/b', { a: { key: 'illegal', characters: '/' } }],
  ['an option that is none', field('a', { type: 'option_list', choices: ['x'] }), 'y', { a: { key: 'choice' } }],
  ['a date that is none', field('a', { type: 'date_field' }), 'soon', { a: { key: 'day' } }],
  ['what is not needed', field('a'), '', {}],
  ['a text block', field('a', { type: 'text_block', require: true }), '', {}],
])('faults: %s', (_, one, value, faults) => {
  expect(metadataFaults(profile([one]), draft({ a: value })).fields).toEqual(faults);
});

test('title and note keep the rules of the profile', () => {
  expect(metadataFaults(profile([]), draft({}, 'a # title that is long', '123456')).text).toEqual({ title: { key: 'long', most: 10 }, note: { key: 'long', most: 5 } });
  expect(metadataFaults(profile([]), draft({}, 'a #')).text).toEqual({ title: { key: 'illegal', characters: '#' } });
});

test('a hidden field is sent with its default value, and shown only when it lacks one that it needs', () => {
  const hidden = field('h', { visible: false, default_value: 'v', require: true });
  expect(shownFields(profile([hidden]))).toEqual([]);
  expect(metadataOf(profile([hidden, field('empty')]), {})).toEqual({ h: 'v' });
  expect(shownFields(profile([{ ...hidden, default_value: '' }]))).toHaveLength(1);
});

test.each([
  ['2026-11-30', undefined, '11/30/26'],
  ['2026-11-30', 'DD.MM.YYYY', '30.11.2026'],
  ['30.11.2026', 'DD.MM.YYYY', null],
])('%s in the format %s is %s', (day, format, want) => expect(dateInFormat(day, format)).toBe(want));
