import { describe, expect, it } from 'vitest';
import { checkRules } from './rules';

const rules = { rules: '', min_length: 6, max_length: 8, needs_letter: true, needs_digit: true, needs_symbol: true };
const broken = (password: string) => checkRules(rules, password).flatMap(({ name, kept }) => (kept ? [] : [name]));

describe('checkRules', () => {
  it.each([
    ['', ['length', 'letter', 'digit', 'symbol']],
    ['abc12 ', ['symbol']],
    ['äöü12!', []],
    ['a1!😀😀😀😀😀', []],
    ['abc12!789', ['length']],
  ])('%j', (password, want) => expect(broken(password)).toEqual(want));
  it('leaves out rules that there are not', () => {
    expect(checkRules({ ...rules, needs_digit: false, needs_symbol: false }, 'abcdef')).toEqual([
      { name: 'length', kept: true },
      { name: 'letter', kept: true },
    ]);
  });
});
