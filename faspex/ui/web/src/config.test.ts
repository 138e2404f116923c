import { describe, expect, it } from 'vitest';
import { parseConfig } from './config';

describe('parseConfig', () => {
  it('reads what the server writes', () => {
    expect(parseConfig("faspexConfig = {client_id:'ui-1',redirect_uri:'/aspera/faspex/'}")).toEqual({
      clientId: 'ui-1',
      redirectPath: '/aspera/faspex/',
    });
  });
  it('takes blanks and double quotes', () => {
    expect(parseConfig('x = { client_id : "a b", redirect_uri : "/r" }')).toEqual({ clientId: 'a b', redirectPath: '/r' });
  });
  it('names what is missing', () => {
    expect(() => parseConfig("x = {client_id:'a'}")).toThrow('redirect_uri');
    expect(() => parseConfig("x = {client_id:'',redirect_uri:'/'}")).toThrow('client_id');
  });
});
