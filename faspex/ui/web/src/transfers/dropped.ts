// Files that were dropped on the page, on their way to the form that sends them.

import type { Collected } from './collect';

export interface Dropped {
  collected: Promise<Collected>;
  /** Number of files found so far. */
  count: () => number;
}

let waiting: Dropped[] = [];
const listeners = new Set<() => void>();

/** Keeps what was dropped until the form takes it. */
export function offer(dropped: Dropped): void {
  waiting = [...waiting, dropped];
  listeners.forEach((listener) => listener());
}

/** Takes what was dropped, once. */
export function takeDropped(): Dropped[] {
  const taken = waiting;
  waiting = [];
  return taken;
}

/** Calls back each time something was dropped. */
export function onDropped(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
