// What was typed into the form, kept for a reload or a new login in this tab. It holds no file and nothing secret.

import type { Contact } from '../api/types';
import type { Recipient } from './people';

export interface Options {
  release: 'now' | 'on_date' | 'later';
  /** As the browser's field has it: local, without a time zone. */
  releaseDate: string;
  expiration: 'none' | 'delete_after_any_download' | 'delete_after_all_download' | 'delete_after_expiration_date';
  expirationDate: string;
  /** Empty: no limit. */
  downloadLimit: string;
  preventHttpDownload: boolean;
}

export interface Draft {
  title: string;
  note: string;
  recipients: readonly Recipient[];
  privateRecipients: readonly Recipient[];
  /** Who is told of it by mail. */
  notifiedOnUpload: readonly Recipient[];
  notifiedOnDownload: readonly Recipient[];
  /** What was typed into the fields of the metadata profile, by their names. */
  metadata: Readonly<Record<string, string>>;
  options: Options;
  /** Names of the files and folders that were chosen: the browser forgets the files themselves. */
  files: string[];
}

export const emptyDraft: Draft = {
  title: '',
  note: '',
  recipients: [],
  privateRecipients: [],
  notifiedOnUpload: [],
  notifiedOnDownload: [],
  metadata: {},
  options: { release: 'now', releaseDate: '', expiration: 'none', expirationDate: '', downloadLimit: '', preventHttpDownload: false },
  files: [],
};

const filesKept = 20;

/** The draft of a person; another person who logs in on this tab is not shown it. */
export class DraftStore {
  private readonly key: string;

  constructor(
    account: string,
    private readonly storage: Storage,
  ) {
    this.key = `faspex.draft.${account}`;
  }

  read(): Draft | null {
    try {
      const text = this.storage.getItem(this.key);
      return text === null ? null : draftOf(JSON.parse(text));
    } catch {
      return null;
    }
  }

  write(draft: Draft): void {
    try {
      this.storage.setItem(this.key, JSON.stringify({ ...draft, files: draft.files.slice(0, filesKept) }));
    } catch {
      // A storage that is full or switched off keeps nothing.
    }
  }

  clear(): void {
    try {
      this.storage.removeItem(this.key);
    } catch {
      // as above
    }
  }
}

export function isEmpty(draft: Draft): boolean {
  return JSON.stringify(draft) === JSON.stringify(emptyDraft);
}

/** Reads what an earlier version of the page may have written: what does not fit is left out. */
export function draftOf(stored: unknown): Draft {
  const fields = record(stored);
  const options = record(fields['options']);
  const text = (value: unknown, otherwise: string) => (typeof value === 'string' ? value : otherwise);
  const one = <T extends string>(value: unknown, allowed: readonly T[], otherwise: T) => allowed.find((name) => name === value) ?? otherwise;
  const before = emptyDraft.options;
  return {
    title: text(fields['title'], ''),
    note: text(fields['note'], ''),
    recipients: list(fields['recipients']).flatMap(recipientOf),
    privateRecipients: list(fields['privateRecipients']).flatMap(recipientOf),
    notifiedOnUpload: list(fields['notifiedOnUpload']).flatMap(recipientOf),
    notifiedOnDownload: list(fields['notifiedOnDownload']).flatMap(recipientOf),
    metadata: Object.fromEntries(Object.entries(record(fields['metadata'])).filter((entry): entry is [string, string] => typeof entry[1] === 'string')),
    options: {
      release: one(options['release'], ['now', 'on_date', 'later'], before.release),
      releaseDate: text(options['releaseDate'], ''),
      expiration: one(
        options['expiration'],
        ['none', 'delete_after_any_download', 'delete_after_all_download', 'delete_after_expiration_date'],
        before.expiration,
      ),
      expirationDate: text(options['expirationDate'], ''),
      downloadLimit: text(options['downloadLimit'], ''),
      preventHttpDownload: options['preventHttpDownload'] === true,
    },
    files: list(fields['files']).filter((name) => typeof name === 'string'),
  };
}

function recipientOf(stored: unknown): Recipient[] {
  const { text, state, contact } = record(stored);
  if (typeof text !== 'string') return [];
  const { id, name, type } = record(contact);
  if (state === 'known' && [id, name, type].every((part) => typeof part === 'string')) return [{ text, state, contact: contact as Contact }];
  return [{ text, state: 'unchecked' }];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
