import { describe, expect, it } from 'vitest';
import { formatBytes, formatDate, formatNames, numberOf, personName } from './format';

describe('format', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 KiB'],
    [1_572_864, '1.5 MiB'],
    [1_073_741_824, '1.0 GiB'],
    [150 * 1024 ** 4, '150 TiB'],
    [null, '–'],
    [undefined, '–'],
  ])('bytes %s', (bytes, want) => {
    expect(formatBytes(bytes)).toBe(want);
  });
  it('prefers the name a person goes by', () => {
    expect(personName({ name: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' })).toBe('Ada Lovelace');
    expect(personName({ name: 'ada@example.com', first_name: '', last_name: '' })).toBe('ada@example.com');
    expect(personName(null)).toBe('–');
  });
  it('names the first of several people', () => {
    expect(formatNames([])).toBe('–');
    expect(formatNames(['Ada'])).toBe('Ada');
    expect(formatNames(['Ada', 'Bob', 'Cem'])).toBe('Ada and 2 more');
  });
  it('reads numbers that come as text', () => {
    expect(numberOf('42.5%')).toBe(42.5);
    expect(numberOf('7')).toBe(7);
    expect(numberOf('')).toBeNull();
    expect(numberOf('soon')).toBeNull();
  });
  it('says nothing about a date it cannot read', () => {
    expect(formatDate('never')).toBe('–');
    expect(formatDate(null)).toBe('–');
  });
});
