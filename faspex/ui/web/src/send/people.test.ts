import { describe, expect, test } from 'vitest';
import type { Contact } from '../api/types';
import { added, contains, exact, partsOf, type Recipient, resolved } from './people';

const contact = (id: string, name: string, email: string, first = '', last = ''): Contact => ({
  id,
  name,
  email,
  first_name: first,
  last_name: last,
  type: 'user',
  require_encryption_at_rest: 'server',
  metadata_profile_id: '',
  submitters_instructions: '',
});
const ada = contact('1', 'ada', 'ada@example.com', 'Ada', 'Lovelace');
const adam = contact('2', 'adam', 'adam@example.com', 'Adam', 'Smith');
const twin = contact('3', 'other', 'ADA@example.com', 'Ada', 'Byron');
const known = (one: Contact): Recipient => ({ text: one.name, state: 'known', contact: one });

describe('a text', () => {
  test.each([
    ['ada', ada],
    ['ADA@Example.com ', ada],
    ['Ada Lovelace <ada@example.com>', ada],
    ['ad', 'unknown'],
    ['Ada Lovelace', 'unknown'],
    ['', 'unknown'],
  ])('%j means %j', (text, who) => {
    expect(exact([ada, adam], text)).toBe(who);
  });
  test('that is the address of two is nobody', () => {
    expect(exact([ada, twin], 'ada@example.com')).toBe('ambiguous');
    expect(exact([ada, twin], 'ada')).toBe(ada); // a login is one person's alone
  });
  test.each([
    ['love', true],
    ['ada lov', true],
    ['lovelace ada', true],
    ['@EXAMPLE', true],
    ['adam', false],
  ])('%j is contained in a person: %j', (text, is) => {
    expect(contains(ada, text)).toBe(is);
  });
  test('of many addresses has its parts, however they are separated', () => {
    expect(partsOf('a@x.org, b@x.org;c@x.org\r\n\nBob <d@x.org>\te@x.org,')).toEqual(['a@x.org', 'b@x.org', 'c@x.org', 'd@x.org', 'e@x.org']);
  });
});

describe('recipients', () => {
  test('are there once', () => {
    const list = added([known(ada)], [known(ada), { text: 'x', state: 'checking' }, { text: 'X', state: 'checking' }]);
    expect(list).toHaveLength(2);
    expect(resolved(list, 'x', known(ada))).toEqual([known(ada)]);
  });
  test('that were taken away while they were looked up stay away', () => {
    expect(resolved([known(ada)], 'x', known(adam))).toEqual([known(ada)]);
  });
});
