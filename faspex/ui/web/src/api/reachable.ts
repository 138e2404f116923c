// Whether the server can be reached, as a store that components subscribe to. While it cannot, it is asked again with growing
// waits until it answers, whatever it answers.

import { useSyncExternalStore } from 'react';
import { basePath } from '../config';

const firstWait = 1000;
const longestWait = 15_000;

let reachable = true;
const listeners = new Set<() => void>();

function set(value: boolean): void {
  if (reachable === value) return;
  reachable = value;
  for (const listener of listeners) listener();
}

export function noteAnswer(): void {
  set(true);
}

export function noteUnreachable(): void {
  if (!reachable) return;
  set(false);
  void askUntilAnswered(firstWait);
}

async function askUntilAnswered(wait: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = window.setTimeout(resolve, wait);
    window.addEventListener(
      'online',
      () => {
        window.clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
  if (reachable) return;
  try {
    await fetch(`${basePath}/config.js`, { cache: 'no-store' });
    set(true);
  } catch {
    void askUntilAnswered(Math.min(wait * 2, longestWait));
  }
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Calls back each time that the server can be reached again. */
export function onReachableAgain(callback: () => void): void {
  listeners.add(() => {
    if (reachable) callback();
  });
}

export function useReachable(): boolean {
  return useSyncExternalStore(subscribe, () => reachable);
}
