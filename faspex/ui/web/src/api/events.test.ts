import { describe, expect, it } from 'vitest';
import { parseEvents, toldBy } from './events';

describe('parseEvents', () => {
  it('takes whole events and keeps the rest', () => {
    expect(parseEvents(': hello\n\nid: 7\nevent: package\ndata: {"id":"3"}\n\nid: 8\neve')).toEqual({
      events: [{ id: '7', type: 'package', data: '{"id":"3"}' }],
      rest: 'id: 8\neve',
    });
  });
  it('joins lines of data, whatever ends them', () => {
    expect(parseEvents('data:a\r\ndata: b\r\n\r\n').events).toEqual([{ id: '', type: 'message', data: 'a\nb' }]);
  });
});

describe('toldBy', () => {
  it.each([
    [{ package: '3' }, 'package', '{"id":"3"}'],
    [{ package: '3' }, 'transfer', '{"id":"3"}'],
    [{ all: true }, 'reset', ''],
    [null, 'ready', '{}'],
    [null, 'package', 'null'],
    [null, 'package', '{'],
    [null, 'package', '{"id":3}'],
  ])('%j of %s %s', (want, type, data) => expect(toldBy({ id: '', type, data })).toEqual(want));
});
