// Where the fields of the form stand: their elements, and what the API calls them.

import type { FieldError } from '../api/problem';
import type { MetadataField } from './metadata';
import type { Field } from './request';

/** A field of the form, or of its metadata profile by name. */
export type Place = Field | `metadata:${string}`;

/** The element that has the focus when a field is wrong. */
export const elements: Record<Field, string> = {
  files: 'send-choose',
  recipients: 'recipients',
  privateRecipients: 'private-recipients',
  notifiedOnUpload: 'notified-on-upload',
  notifiedOnDownload: 'notified-on-download',
  title: 'title',
  note: 'note',
  releaseDate: 'release-date',
  expirationDate: 'expiration-date',
  downloadLimit: 'download-limit',
  terms: 'terms',
};

/** Fields that stand in the part that opens. */
export const inOptions: readonly Place[] = ['privateRecipients', 'notifiedOnUpload', 'notifiedOnDownload', 'releaseDate', 'expirationDate', 'downloadLimit'];

const names: Record<string, Field> = {
  title: 'title',
  note: 'note',
  recipients: 'recipients',
  private_recipients: 'privateRecipients',
  notified_on_upload: 'notifiedOnUpload',
  notified_on_download: 'notifiedOnDownload',
  release_date: 'releaseDate',
  expiration_date: 'expirationDate',
  download_limit: 'downloadLimit',
};

/** The sentences of the server by the fields that they are about; those about nothing that is shown are left out. */
export function placesOf(errors: readonly FieldError[], asked: readonly MetadataField[]): [Place, string][] {
  return errors.flatMap(({ field, message }): [Place, string][] => {
    const known = names[field];
    if (known) return [[known, message]];
    const metadata = asked.find(({ name }) => field === `metadata.${name}`);
    return metadata ? [[`metadata:${metadata.name}`, message]] : [];
  });
}
