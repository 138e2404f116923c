import type { QueryClient } from '@tanstack/react-query';
import type { components } from '../../api/schema';

export type Webhook = components['schemas']['WebhookAnswer'];
export type Call = components['schemas']['WebhookEvent'];

/** Texts of which a whole value or a part is wanted, each with its switch. */
export const texts = ['package_name', 'sender_name', 'sender_email', 'recipient_name', 'recipient_email', 'package_note'] as const;
/** Ends of ranges: days, bytes and numbers of files. */
export const ends = ['package_date_start', 'package_date_end', 'package_size_min', 'package_size_max', 'package_file_count_min', 'package_file_count_max'] as const;

type Filters = Record<(typeof texts)[number] | (typeof ends)[number], string> & Record<`${(typeof texts)[number]}_exact`, boolean>;

/** What the form of a webhook holds; an empty text is no filter. */
export interface WebhookValues extends Filters {
  name: string;
  url: string;
  connection_timeout: number;
  active: boolean;
}

export const newWebhook = valuesOf({ name: '', url: '', connection_timeout: 60, active: true });

export function valuesOf(webhook: Partial<Webhook>): WebhookValues {
  const filled = Object.fromEntries([...texts, ...ends].map((field) => [field, webhook[field] ?? '']));
  const exact = Object.fromEntries(texts.map((field) => [`${field}_exact`, webhook[`${field}_exact`] ?? false]));
  const { name = '', url = '', connection_timeout = 60, active = true } = webhook;
  return { name, url, connection_timeout, active, ...filled, ...exact } as WebhookValues;
}

/** What is stored of the form: an empty field sets no filter. */
export function changeOf(values: WebhookValues) {
  return { ...values, ...Object.fromEntries([...texts, ...ends].map((field) => [field, values[field].trim() === '' ? null : values[field].trim()])) };
}

export function forgetWebhooks(queries: QueryClient): void {
  void queries.invalidateQueries({ predicate: ({ queryKey }) => String(queryKey[1]).includes('webhooks') });
}
