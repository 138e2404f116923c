// The rules for a new password, as the server tells them, checked before it is sent.

import type { components } from '../api/schema';

export type PasswordRules = components['schemas']['PasswordRules'];

export const ruleNames = ['length', 'letter', 'digit', 'symbol'] as const;
export type RuleName = (typeof ruleNames)[number];

/** Which rules there are, and whether a password keeps them. Characters are counted, not UTF-16 units. */
export function checkRules(rules: PasswordRules, password: string): { name: RuleName; kept: boolean }[] {
  const characters = [...password].length;
  const checks: { name: RuleName; asked: boolean; kept: boolean }[] = [
    { name: 'length', asked: true, kept: characters >= rules.min_length && characters <= rules.max_length },
    { name: 'letter', asked: rules.needs_letter, kept: /\p{L}/u.test(password) },
    { name: 'digit', asked: rules.needs_digit, kept: /\p{Nd}/u.test(password) },
    { name: 'symbol', asked: rules.needs_symbol, kept: /[\p{P}\p{S}]/u.test(password) },
  ];
  return checks.filter(({ asked }) => asked).map(({ name, kept }) => ({ name, kept }));
}
