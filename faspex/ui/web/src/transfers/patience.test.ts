import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { defaultWaits, persist } from './patience';
import { Temporary } from './problem';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const network = { online: () => true, onReturn: () => () => undefined };
const never = new AbortController().signal;

/** A request that fails until a moment. */
function failingFor(milliseconds: number) {
  const end = Date.now() + milliseconds;
  const tries: number[] = [];
  const request = () => {
    tries.push(Date.now());
    return Date.now() < end ? Promise.reject(new Temporary('unreachable')) : Promise.resolve('there');
  };
  return { tries, request };
}

// page-17: whatever chance makes of the waits, a cut of a minute is waited out.
test.each([0, 0.999])('a cut of 60 s is waited out, with growing waits (chance %d)', async (chance) => {
  vi.spyOn(Math, 'random').mockReturnValue(chance);
  const { tries, request } = failingFor(60_000);
  const waiting: boolean[] = [];
  const done = persist({ waits: defaultWaits, network, waiting: (yes) => waiting.push(yes) }, never, request);
  await vi.advanceTimersByTimeAsync(120_000);
  await expect(done).resolves.toBe('there');
  const waits = tries.slice(1).map((at, i) => at - (tries[i] ?? 0));
  expect(waits).toEqual([...waits].sort((a, b) => a - b));
  expect(waiting.at(-1)).toBe(false);
});

// page-49: a wait that the server asked for is not cut short.
test('a try waits as long as the server asked for', async () => {
  let asked = 0;
  const request = () => (asked++ === 0 ? Promise.reject(new Temporary('unreachable', 20_000)) : Promise.resolve(asked));
  const done = persist({ waits: defaultWaits, network, waiting: () => undefined }, never, request);
  await vi.advanceTimersByTimeAsync(19_900);
  expect(asked).toBe(1);
  await vi.advanceTimersByTimeAsync(200);
  await expect(done).resolves.toBe(2);
});
