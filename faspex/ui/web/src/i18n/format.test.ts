import { describe, expect, it } from 'vitest';
import { Format, numberOf, personName } from './format';

const format = new Format('en');

describe('format', () => {
  it('tells numbers and times in the language of the page', () => {
    expect(new Format('de').bytes(1_572_864)).toBe('1,5\u00a0MiB');
    expect(new Format('de').date('2026-11-30T04:36:00Z')).toMatch(/^30\. Nov\. 2026.* \S+$/);
  });
  it('calls only a whole one 100 %', () => {
    expect(format.share(0.9999)).toBe('99%');
    expect(format.share(1)).toBe('100%');
  });
  it.each([
    [0, '0\u00a0B'],
    [1023, '1,023\u00a0B'],
    [1024, '1.0\u00a0KiB'],
    [1_572_864, '1.5\u00a0MiB'],
    [1_073_741_824, '1.0\u00a0GiB'],
    [150 * 1024 ** 4, '150\u00a0TiB'],
    [null, '–'],
    [undefined, '–'],
  ])('bytes %s', (bytes, want) => {
    expect(format.bytes(bytes)).toBe(want);
  });
  it('prefers the name a person goes by', () => {
    expect(personName({ name: 'ada@example.com', first_name: 'Ada', last_name: 'Lovelace' })).toBe('Ada Lovelace');
    expect(personName({ name: 'ada@example.com', first_name: '', last_name: '' })).toBe('ada@example.com');
    expect(personName(null)).toBe('–');
  });
  it('reads numbers that come as text', () => {
    expect(numberOf('42.5%')).toBe(42.5);
    expect(numberOf('7')).toBe(7);
    expect(numberOf('')).toBeNull();
    expect(numberOf('soon')).toBeNull();
  });
  it('says nothing about a date it cannot read', () => {
    expect(format.date('never')).toBe('–');
    expect(format.date(null)).toBe('–');
  });
});
