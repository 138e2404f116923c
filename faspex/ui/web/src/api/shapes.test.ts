import { describe, expect, it } from 'vitest';
import { hasShape } from './shapes';

const at = (path: string) => `https://faspex.example.com/aspera/faspex/api/v5${path}`;

describe('hasShape', () => {
  it.each([
    [true, 'GET', '/inbox/packages?limit=5', { packages: [], total_count: 0 }],
    [false, 'GET', '/inbox/packages', { packages: null, total_count: 0 }],
    [false, 'GET', '/inbox/packages', []],
    [false, 'GET', '/account', null],
    [false, 'GET', '/account', { id: 5, name: 'a', capabilities: [] }],
    [true, 'GET', '/configuration', { anything: 1 }],
    [false, 'POST', '/packages/7/files/sent', { items: 3, total_count: 1 }],
    [true, 'GET', '/internal/packages/free_space?days=3', { packages: 1, bytes: 2 }],
    [true, 'POST', '/packages', { id: '7' }],
    [true, 'DELETE', '/packages/7', { status: 'ok' }],
  ])('%s: %s %s %j', (want, method, path, body) => expect(hasShape(method, at(path), body)).toBe(want));
});
