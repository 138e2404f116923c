import { describe, expect, it } from 'vitest';
import { listStateFrom, withListState } from './listState';

const defaults = { size: 50, sort: '-created', filters: ['status'] };

describe('list state', () => {
  it('is read from the address', () => {
    expect(listStateFrom(new URLSearchParams('page=3&size=100&q=a+b&sort=title&status=failed&folder=x'), defaults)).toEqual({
      page: 3, size: 100, q: 'a b', sort: 'title', filters: { status: 'failed' },
    });
  });
  it.each(['page=-1&size=7', 'page=one', ''])('ignores what makes no sense in %j', (text) => {
    const state = listStateFrom(new URLSearchParams(text), { sort: 'x' });
    expect([state.page, state.size]).toEqual([1, 25]);
  });
  it('leaves out what is as by default, and keeps what is not its own', () => {
    const state = { page: 1, size: 50, q: '', sort: '-created', filters: {} };
    expect(withListState(new URLSearchParams('page=2&folder=x&status=failed'), state, defaults).toString()).toBe('folder=x');
    expect(withListState(new URLSearchParams(), { ...state, page: 2, filters: { status: 'failed' } }, defaults).toString()).toBe('page=2&status=failed');
  });
});
