// What is wrong with a form, and what is sent of one that is right.

import type { components } from '../api/schema';
import type { Draft } from './draft';
import { inboxOf, type Recipient } from './people';

export type PackageCreate = components['schemas']['PackageCreate'];

export type Field =
  | 'files'
  | 'recipients'
  | 'title'
  | 'note'
  | 'privateRecipients'
  | 'notifiedOnUpload'
  | 'notifiedOnDownload'
  | 'releaseDate'
  | 'expirationDate'
  | 'downloadLimit'
  | 'terms';

/** Fields in the order of the form, for moving to the first wrong one. */
export const fields: readonly Field[] = [
  'files', 'recipients', 'title', 'note', 'privateRecipients', 'notifiedOnUpload', 'notifiedOnDownload', 'releaseDate', 'expirationDate', 'downloadLimit', 'terms',
];

/** Key of the sentence about a field. */
export type Fault =
  | 'files'
  | 'reading'
  | 'recipients'
  | 'unresolved'
  | 'inboxAlone'
  | 'title'
  | 'date'
  | 'past'
  | 'limit'
  | 'terms';

export type Faults = Partial<Record<Field, Fault>>;

/** The server's limits (PackageCreate). */
export const titleLimit = 255;
export const noteLimit = 16_000;

export type FilesState = 'some' | 'none' | 'reading' | 'not needed';

/** `agreed` is false when there are terms that were not accepted. */
export function faultsOf(draft: Draft, files: FilesState, now: Date, agreed = true): Faults {
  const { title, recipients, privateRecipients, notifiedOnUpload, notifiedOnDownload, options } = draft;
  const faults: Faults = {};
  if (files === 'none') faults.files = 'files';
  if (files === 'reading') faults.files = 'reading';
  if (recipients.length === 0) faults.recipients = 'recipients';
  else if (!recipients.every(isKnown)) faults.recipients = 'unresolved';
  else if (isMixed(recipients)) faults.recipients = 'inboxAlone';
  // The other recipients of a package to a shared inbox are not shown, and not sent.
  if (!inboxOf(recipients) && !privateRecipients.every(isKnown)) faults.privateRecipients = 'unresolved';
  if (!notifiedOnUpload.every(isKnown)) faults.notifiedOnUpload = 'unresolved';
  if (!notifiedOnDownload.every(isKnown)) faults.notifiedOnDownload = 'unresolved';
  if (title.trim() === '') faults.title = 'title';
  if (options.release === 'on_date') setDate(faults, 'releaseDate', options.releaseDate, now);
  if (options.expiration === 'delete_after_expiration_date') setDate(faults, 'expirationDate', options.expirationDate, now);
  if (options.downloadLimit !== '' && !/^[1-9]\d{0,8}$/.test(options.downloadLimit)) faults.downloadLimit = 'limit';
  if (!agreed) faults.terms = 'terms';
  return faults;
}

/** A shared inbox is the only recipient of its packages. */
export function isMixed(recipients: readonly Recipient[]): boolean {
  return inboxOf(recipients) !== undefined && recipients.length > 1;
}

/** What is sent of a form; `metadata` are the values that its profile asks for. */
export function requestOf(draft: Draft, metadata: Record<string, string> = {}): PackageCreate {
  const { title, note, recipients, privateRecipients, options } = draft;
  const hidden = inboxOf(recipients) ? [] : privateRecipients.flatMap(nameOf);
  const onUpload = draft.notifiedOnUpload.flatMap(nameOf);
  const onDownload = draft.notifiedOnDownload.flatMap(nameOf);
  return {
    title: title.trim(),
    recipients: recipients.flatMap(nameOf),
    ...(note.trim() ? { note: note.trim() } : {}),
    ...(hidden.length > 0 ? { private_recipients: hidden } : {}),
    ...(onUpload.length > 0 ? { notified_on_upload: onUpload } : {}),
    ...(onDownload.length > 0 ? { notified_on_download: onDownload } : {}),
    ...(Object.keys(metadata).length > 0 ? { metadata } : {}),
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
