import { describe, expect, it } from 'vitest';
import { clientChange, clientValues, lines, newClient } from './clients';

describe('lines', () => {
  it('drops blanks', () => expect(lines(' https://a.example/ \r\n\n b ')).toEqual(['https://a.example/', 'b']));
});

describe('clientChange', () => {
  it('names only what was changed', () => {
    expect(clientChange({ name: 'x' })).toEqual({ name: 'x' });
    expect(clientChange({ redirect_uris: '', access_grant_to_users: 'a\nb' })).toEqual({ redirect_uris: [], access_grant_to_users: ['a', 'b'] });
  });
  it('is the reverse of what the form shows', () => {
    const client = { ...clientChange(newClient), client_id: 'c', client_type: 'public', redirect_uris: ['https://a/'], access_grant_to_users: [{ id: '1', name: 'ulf' }] };
    const values = clientValues(client as unknown as Parameters<typeof clientValues>[0]);
    expect([values.redirect_uris, values.access_grant_to_users]).toEqual(['https://a/', 'ulf']);
  });
});
