import { expect, test } from 'vitest';
import type { Contact } from '../api/types';
import { type Draft, emptyDraft, type Options } from './draft';
import { type Faults, faultsOf, requestOf } from './request';

const ada = { text: 'ada', state: 'known', contact: { id: '1', name: 'ada', type: 'user' } as Contact } as const;
const now = new Date('2026-11-30T12:00:00Z');
const right: Draft = { ...emptyDraft, title: ' A title ', recipients: [ada] };
const withOptions = (options: Partial<Options>): Draft => ({ ...right, options: { ...right.options, ...options } });

test.each<[string, Draft, Faults]>([
  ['nothing', emptyDraft, { recipients: 'recipients', title: 'title' }],
  ['what is right', right, {}],
  ['a text that is nobody', { ...right, recipients: [ada, { text: 'x', state: 'unknown' }] }, { recipients: 'unresolved' }],
  ['one that is still looked up', { ...right, privateRecipients: [{ text: 'x', state: 'checking' }] }, { privateRecipients: 'unresolved' }],
  ['a release without a date', withOptions({ release: 'on_date' }), { releaseDate: 'date' }],
  ['a release in the past', withOptions({ release: 'on_date', releaseDate: '2020-01-01T00:00' }), { releaseDate: 'past' }],
  ['an end in the past', withOptions({ expiration: 'delete_after_expiration_date', expirationDate: '2020-01-01T00:00' }), { expirationDate: 'past' }],
  ['a date that is not asked for', withOptions({ releaseDate: 'x' }), {}],
  ['a limit of none', withOptions({ downloadLimit: '0' }), { downloadLimit: 'limit' }],
])('faults of %s', (_, draft, faults) => {
  expect(faultsOf(draft, 'some', now)).toEqual(faults);
});

test('faults of files', () => {
  expect(faultsOf(right, 'none', now)).toEqual({ files: 'files' });
  expect(faultsOf(right, 'reading', now)).toEqual({ files: 'reading' });
  expect(faultsOf(right, 'not needed', now)).toEqual({});
});

test('a request holds what was chosen and nothing else', () => {
  expect(requestOf(right)).toEqual({ title: 'A title', recipients: [{ name: 'ada', recipient_type: 'user' }] });
  const options: Options = {
    release: 'on_date',
    releaseDate: '2030-01-02T03:04',
    expiration: 'delete_after_any_download',
    expirationDate: '2030-01-02T03:04',
    downloadLimit: '3',
    preventHttpDownload: true,
  };
  expect(requestOf({ ...right, note: ' n ', privateRecipients: [ada], options })).toEqual({
    title: 'A title',
    note: 'n',
    recipients: [{ name: 'ada', recipient_type: 'user' }],
    private_recipients: [{ name: 'ada', recipient_type: 'user' }],
    release_policy: 'on_date',
    release_date: new Date('2030-01-02T03:04').toISOString(),
    expiration_policy: 'delete_after_any_download',
    download_limit: 3,
    prevent_http_download: true,
  });
});
