// What the server tells by itself: ids of packages that changed. One tab of the browser listens, the one that holds a lock,
// and passes it on to the others. The events hold no content: what is shown is read again.

import type { QueryClient } from '@tanstack/react-query';
import type { Session } from '../auth/session';
import { basePath } from '../config';

export interface ServerEvent {
  id: string;
  type: string;
  data: string;
}

/** Takes the complete events out of the text of a stream, and gives what is left of it. */
export function parseEvents(text: string): { events: ServerEvent[]; rest: string } {
  const blocks = text.replaceAll('\r\n', '\n').split('\n\n');
  const rest = blocks.pop() ?? '';
  const events = blocks.flatMap((block) => {
    const event: ServerEvent = { id: '', type: 'message', data: '' };
    for (const line of block.split('\n')) {
      const colon = line.indexOf(':');
      const name = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (name === 'id') event.id = value;
      else if (name === 'event') event.type = value;
      else if (name === 'data') event.data += event.data === '' ? value : `\n${value}`;
    }
    return block === '' || block.startsWith(':') ? [] : [event];
  });
  return { events, rest };
}

const firstWait = 2_000;
const longestWait = 120_000;
/** Several changes within this time are read at once. */
const gather = 400;

type Told = { package: string } | { all: true };

/** Keeps the cache current by what the server tells, until the signal aborts or nobody is logged in any more. */
export function followEvents(session: Session, queries: QueryClient, person: string, stop: AbortSignal): void {
  const signal = AbortSignal.any([stop, session.over]);
  const name = `faspex.events.${person}`;
  const channel = new BroadcastChannel(name);
  const take = staleness(queries, signal);
  channel.onmessage = ({ data }: MessageEvent<Told>) => take(data);
  signal.addEventListener('abort', () => channel.close());
  const tell = (told: Told) => {
    take(told);
    if (!signal.aborted) channel.postMessage(told);
  };
  void navigator.locks.request(name, { signal }, () => listen(session, tell, signal)).catch(() => undefined); // aborted
}

async function listen(session: Session, tell: (told: Told) => void, signal: AbortSignal): Promise<void> {
  let wait = firstWait;
  let last = '';
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = { Accept: 'text/event-stream', Authorization: `Bearer ${await session.accessToken()}` };
      if (last !== '') headers['Last-Event-ID'] = last;
      const response = await fetch(`${basePath}/api/v5/events`, { headers, cache: 'no-store', signal });
      if (!response.ok || !response.body) throw new Error(`HTTP ${response.status}`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = '';
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        wait = firstWait;
        const { events, rest } = parseEvents(text + value);
        text = rest;
        for (const event of events) {
          if (event.id !== '') last = event.id;
          const told = toldBy(event);
          if (told) tell(told);
        }
      }
    } catch {
      // The lists are read again by themselves from time to time, so that a stream that fails costs only time.
    }
    if (signal.aborted) return;
    const pause = wait * (0.75 + Math.random() / 2);
    await new Promise<void>((resolve) => {
      const timer = window.setTimeout(resolve, pause);
      signal.addEventListener('abort', () => {
        window.clearTimeout(timer);
        resolve();
      }, { once: true });
    });
    wait = Math.min(wait * 2, longestWait);
  }
}

/** What an event means for the cache. */
export function toldBy({ type, data }: ServerEvent): Told | null {
  if (type === 'reset') return { all: true };
  if (type !== 'package' && type !== 'transfer') return null;
  try {
    const id = (JSON.parse(data) as { id?: unknown } | null)?.id;
    return typeof id === 'string' ? { package: id } : null;
  } catch {
    return null;
  }
}

/** Marks what was told as stale. What is shown of it is read again, at once for several changes. */
function staleness(queries: QueryClient, signal: AbortSignal): (told: Told) => void {
  const ids = new Set<string>();
  let all = false;
  let timer: number | undefined;
  signal.addEventListener('abort', () => window.clearTimeout(timer));
  return (told) => {
    if ('all' in told) all = true;
    else ids.add(told.package);
    timer ??= window.setTimeout(() => {
      timer = undefined;
      const everything = all;
      const changed = new Set(ids);
      ids.clear();
      all = false;
      void queries.invalidateQueries({
        predicate: ({ queryKey: [, path, init] }) => {
          if (typeof path !== 'string' || !path.includes('/packages')) return everything;
          const id = (init as { params?: { path?: { id?: string } } } | undefined)?.params?.path?.id;
          return everything || id === undefined || changed.has(id);
        },
      });
    }, gather);
  };
}
