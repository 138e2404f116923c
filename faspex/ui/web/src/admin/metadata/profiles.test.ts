import { expect, test } from 'vitest';
import { type Field, fieldsFault, moved, newProfile, profileChange } from './profiles';

const field = (name: string, rest: Partial<Field> = {}): Field => ({ name, type: 'text_field', require: false, ordering: 0, ...rest });
const names = (fields: readonly Field[]) => fields.map(({ name }) => name).join('');

test.each<[number, -1 | 1, string]>([
  [0, 1, 'bac'],
  [2, -1, 'acb'],
  [0, -1, 'abc'],
  [2, 1, 'abc'],
])('field %i moved by %i makes %s', (index, step, want) => {
  expect(names(moved([field('a'), field('b'), field('c')], index, step))).toBe(want);
});

test.each<[string, Field[], object | null]>([
  ['no name', [field('a'), field(' ')], { index: 1, key: 'nameless' }],
  ['a name of the server', [field('_pkg')], { index: 0, key: 'nameless' }],
  ['two of a name', [field('A'), field('a')], { index: 1, key: 'twice' }],
  ['a list of nothing', [field('a', { type: 'option_list' })], { index: 0, key: 'choiceless' }],
  ['what is right', [field('a'), field('b', { type: 'option_list', choices: ['x'] })], null],
])('faults of fields: %s', (_, fields, want) => expect(fieldsFault(fields)).toEqual(want));

test('fields are sent in the order in which they stand', () => {
  const sent = profileChange({ ...newProfile, title_illegal: ' #  / #', fields: JSON.stringify([field('b', { ordering: 9 }), field('a', { ordering: 1 })]) });
  expect(sent.fields?.map(({ name, ordering }) => [name, ordering])).toEqual([['b', 1], ['a', 2]]);
  expect(sent.title?.illegal_chars).toEqual(['#', '/']);
});
