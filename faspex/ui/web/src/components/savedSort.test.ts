import { describe, expect, it } from 'vitest';
import { ordersFrom, withOrder } from './savedSort';

describe('saved orders', () => {
  it.each(['', '[]', '{"sort":[]}', '{"sort":null}', 'x', 'null'])('are none in %j', (data) => expect(ordersFrom(data)).toEqual({}));
  it('leave what others wrote', () => {
    const data = withOrder('{"columns":[1],"sort":{"sent":"title"}}', 'received', '-size');
    expect(JSON.parse(data)).toEqual({ columns: [1], sort: { sent: 'title', received: '-size' } });
    expect(ordersFrom(data)).toEqual({ sent: 'title', received: '-size' });
  });
  it('begin with nothing', () => expect(withOrder('', 'sent', 'title')).toBe('{"sort":{"sent":"title"}}'));
});
