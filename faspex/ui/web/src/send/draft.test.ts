import { expect, test } from 'vitest';
import { draftOf, DraftStore, emptyDraft, isEmpty } from './draft';

function memory(): Storage {
  const rows = new Map<string, string>();
  return {
    getItem: (key: string) => rows.get(key) ?? null,
    setItem: (key: string, value: string) => void rows.set(key, value),
    removeItem: (key: string) => void rows.delete(key),
  } as Storage;
}

test('a draft comes back to the person who wrote it, and to nobody else', () => {
  const storage = memory();
  const draft = { ...emptyDraft, title: 'T', recipients: [{ text: 'x', state: 'unknown' as const }], files: ['a'] };
  new DraftStore('1', storage).write(draft);
  expect(new DraftStore('1', storage).read()).toMatchObject({ title: 'T', files: ['a'], recipients: [{ text: 'x' }] });
  expect(new DraftStore('2', storage).read()).toBeNull();
  new DraftStore('1', storage).clear();
  expect(new DraftStore('1', storage).read()).toBeNull();
});

test.each([[null], [[]], ['x'], [{ recipients: [null, 3, { text: 'x', state: 'known' }], options: { release: 'soon' }, files: [1] }]])(
  'what is no draft becomes one without it: %j',
  (stored) => {
    const draft = draftOf(stored);
    expect({ ...draft, recipients: [] }).toEqual(emptyDraft);
    expect(draft.recipients.every(({ state }) => state === 'unchecked')).toBe(true);
  },
);

test('a draft is empty until something was typed', () => {
  expect(isEmpty(draftOf({}))).toBe(true);
  expect(isEmpty({ ...emptyDraft, note: 'x' })).toBe(false);
});
