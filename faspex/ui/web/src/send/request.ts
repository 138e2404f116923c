// What is wrong with a form, and what is sent of one that is right.

import type { components } from '../api/schema';
import type { Draft } from './draft';
import type { Recipient } from './people';

export type PackageCreate = components['schemas']['PackageCreate'];

export type Field = 'files' | 'recipients' | 'privateRecipients' | 'title' | 'releaseDate' | 'expirationDate' | 'downloadLimit';

/** Fields in the order of the form, for moving to the first wrong one. */
export const fields: readonly Field[] = ['files', 'recipients', 'title', 'privateRecipients', 'releaseDate', 'expirationDate', 'downloadLimit'];

/** Key of the sentence about a field. */
export type Fault =
  | 'files'
  | 'reading'
  | 'recipients'
  | 'unresolved'
  | 'title'
  | 'date'
  | 'past'
  | 'limit';

export type Faults = Partial<Record<Field, Fault>>;

/** The server's limits (PackageCreate). */
export const titleLimit = 255;
export const noteLimit = 16_000;

export function faultsOf(draft: Draft, files: 'some' | 'none' | 'reading' | 'not needed', now: Date): Faults {
  const { title, recipients, privateRecipients, options } = draft;
  const faults: Faults = {};
  if (files === 'none') faults.files = 'files';
  if (files === 'reading') faults.files = 'reading';
  if (recipients.length === 0) faults.recipients = 'recipients';
  else if (!recipients.every(isKnown)) faults.recipients = 'unresolved';
  if (!privateRecipients.every(isKnown)) faults.privateRecipients = 'unresolved';
  if (title.trim() === '') faults.title = 'title';
  if (options.release === 'on_date') setDate(faults, 'releaseDate', options.releaseDate, now);
  if (options.expiration === 'delete_after_expiration_date') setDate(faults, 'expirationDate', options.expirationDate, now);
  if (options.downloadLimit !== '' && !/^[1-9]\d{0,8}$/.test(options.downloadLimit)) faults.downloadLimit = 'limit';
  return faults;
}

export function requestOf(draft: Draft): PackageCreate {
  const { title, note, recipients, privateRecipients, options } = draft;
  const hidden = privateRecipients.flatMap(nameOf);
  return {
    title: title.trim(),
    recipients: recipients.flatMap(nameOf),
    ...(note.trim() ? { note: note.trim() } : {}),
    ...(hidden.length > 0 ? { private_recipients: hidden } : {}),
    ...(options.release === 'now' ? {} : { release_policy: options.release }),
    ...(options.release === 'on_date' ? { release_date: new Date(options.releaseDate).toISOString() } : {}),
    ...(options.expiration === 'none' ? {} : { expiration_policy: options.expiration }),
    ...(options.expiration === 'delete_after_expiration_date' ? { expiration_date: new Date(options.expirationDate).toISOString() } : {}),
    ...(options.downloadLimit === '' ? {} : { download_limit: Number(options.downloadLimit) }),
    ...(options.preventHttpDownload ? { prevent_http_download: true } : {}),
  };
}

function isKnown({ state }: Recipient): boolean {
  return state === 'known';
}

function nameOf(recipient: Recipient): { name: string; recipient_type: string }[] {
  return recipient.state === 'known' ? [{ name: recipient.contact.name, recipient_type: recipient.contact.type }] : [];
}

function setDate(faults: Faults, field: 'releaseDate' | 'expirationDate', text: string, now: Date): void {
  const date = new Date(text);
  if (Number.isNaN(date.getTime())) faults[field] = 'date';
  else if (date <= now) faults[field] = 'past';
}
