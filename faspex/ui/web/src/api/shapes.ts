// What the page relies on in answers. An answer that lacks it, from a proxy or a server of another version, becomes a problem
// at the door instead of an odd failure of some component. Types are the compiler's affair; this is about what really came.

type Kind = 'string' | 'number' | 'boolean' | 'array';

const list = (name: string): Record<string, Kind> => ({ [name]: 'array', total_count: 'number' });

const shapes: readonly [pattern: RegExp, fields: Record<string, Kind>][] = [
  [/\/account$/, { id: 'string', name: 'string', capabilities: 'array' }],
  [/\/account\/preferences$/, { locale: 'string', rows_per_page: 'number', email: 'string' }],
  [/\/account\/password_rules$/, { min_length: 'number', max_length: 'number' }],
  [/\/packages$/, list('packages')],
  [/\/v5\/packages\/[^/]+$/, { id: 'string', title: 'string', state: 'string', recipients: 'array', actions: 'array', sides: 'array' }],
  [/\/files\/(sent|received)$/, list('items')],
  [/\/contacts$/, list('contacts')],
  [/\/accounts$/, list('accounts')],
  [/\/nodes$/, list('nodes')],
  [/\/transfer_spec\/(upload|download)$/, { token: 'string', remote_host: 'string', remote_user: 'string' }],
];

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}

/** Whether an answer has what the page relies on. Calls that the table does not name are taken as they come. */
export function hasShape(method: string, url: string, body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  if (method === 'DELETE') return true;
  const { pathname } = new URL(url);
  const fields = shapes.find(([pattern]) => pattern.test(pathname))?.[1];
  if (!fields || (method === 'POST' && !/\/files\/|transfer_spec/.test(pathname))) return true;
  return !Array.isArray(body) && Object.entries(fields).every(([name, kind]) => kindOf((body as Record<string, unknown>)[name]) === kind);
}
