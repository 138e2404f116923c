// Sizes, dates and names as people read them.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes)) return '–';
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || value >= 100 ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

export function formatCount(count: number | null | undefined): string {
  return count === null || count === undefined ? '–' : count.toLocaleString();
}

export function formatDate(text: string | null | undefined): string {
  const date = text ? new Date(text) : null;
  if (!date || Number.isNaN(date.getTime())) return '–';
  return date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' });
}

/** First and last name where they are known, else the account's name. */
export function personName(person: { name: string; first_name?: string; last_name?: string } | null | undefined): string {
  if (!person) return '–';
  return [person.first_name, person.last_name].filter(Boolean).join(' ') || person.name;
}

/** The first name, and how many more there are. */
export function formatNames(names: string[]): string {
  const [first, ...others] = names;
  if (first === undefined) return '–';
  return others.length === 0 ? first : `${first} and ${others.length} more`;
}

/** A number that the API sent as text; null when it is none. */
export function numberOf(value: string | number | null | undefined): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(typeof value === 'string' ? value.replace(/%$/, '') : value);
  return Number.isFinite(number) ? number : null;
}
