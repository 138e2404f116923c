import { describe, expect, it } from 'vitest';
import { sections } from './sections';
import { changeOf, settingsOf, valuesOf } from './values';

describe('settings in a form', () => {
  const section = sections.find(({ id }) => id === 'users');
  const transfers = sections.find(({ id }) => id === 'transfers');
  if (!section || !transfers) throw new Error('no sections');
  it('shows lists by line and null as nothing', () => {
    expect(valuesOf(section, { registration_blocklist: ['a.example', 'b.example'], private_user_dir: true })).toMatchObject({
      registration_blocklist: 'a.example\nb.example',
      private_user_dir: true,
    });
    expect(valuesOf(transfers, { encryption_type: null })).toMatchObject({ encryption_type: '' });
  });
  it('sends what was changed alone', () => {
    expect(changeOf(section, { registration_blocklist: 'a.example\n b.example, ', private_user_dir: false })).toEqual({
      registration_blocklist: ['a.example', 'b.example'],
      private_user_dir: false,
    });
    expect(changeOf(transfers, { encryption_type: '', connect_url: '' })).toEqual({ encryption_type: null, connect_url: null });
  });
  it('has each setting once', () => {
    const names = sections.flatMap((each) => settingsOf(each).map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
  });
});
