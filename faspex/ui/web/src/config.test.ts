import { describe, expect, it } from 'vitest';
import { ApiProblem } from './api/problem';
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
  it('refuses an answer that lacks a part', () => {
    expect(() => parseConfig("x = {client_id:'a'}")).toThrow(ApiProblem);
    expect(() => parseConfig("x = {client_id:'',redirect_uri:'/'}")).toThrow(ApiProblem);
  });
});
