import { describe, expect, it } from 'vitest';
import { needsTest, newNode, nodeChange, nodeValues } from './nodes';
import type { Node } from '../types';

describe('nodeChange', () => {
  it('leaves out an empty password, which would be stored', () => {
    expect(nodeChange({ name: 'north', api_password: '' })).toEqual({ name: 'north' });
    expect(nodeChange({ api_password: 'secret' })).toEqual({ api_password: 'secret' });
  });
});

describe('nodeValues', () => {
  it('never holds a password', () => {
    expect(nodeValues({ ...newNode, id: '1', api_password: 'x', public_key: null } as unknown as Node).api_password).toBe('');
  });
});

describe('needsTest', () => {
  it('asks for a call only where the change could make one fail', () => {
    expect([needsTest({ name: 'south' }), needsTest({ host: 'a' }), needsTest({ api_password: 'x' }), needsTest({})]).toEqual([false, true, true, false]);
  });
});
