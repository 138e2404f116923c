import { describe, expect, it } from 'vitest';
import { bestMatch, generatePath, matchPath } from './match';

describe('matchPath', () => {
  it.each([
    ['/packages/sent/:id', '/packages/sent/7', { id: '7' }],
    ['/packages/sent/:id', '/packages/sent/7/', { id: '7' }],
    ['/packages/sent/:id', '/packages/sent', null],
    ['/packages/sent/:id', '/packages/sent/7/files', null],
    ['/admin/api-clients/:id', '/admin/api-clients/a%2Fb%20c', { id: 'a/b c' }],
    ['/admin/api-clients/:id', '/admin/api-clients/%', null],
    ['/', '/', {}],
  ])('%s: %s', (pattern, path, want) => expect(matchPath(pattern, path)).toEqual(want));
});

describe('bestMatch', () => {
  const table = ['/admin/users/:id', '/admin/users/new', '/admin/users'];
  it.each([
    ['/admin/users/new', '/admin/users/new'],
    ['/admin/users/5', '/admin/users/:id'],
    ['/admin/nodes', undefined],
  ])('%s is of %s', (path, want) => expect(bestMatch(table, (line) => line, path)?.line).toBe(want));
});

it('generatePath encodes what it puts in', () => expect(generatePath('/a/:id/b', { id: 'x/ü' })).toBe('/a/x%2F%C3%BC/b'));
