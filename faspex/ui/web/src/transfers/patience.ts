// When to try again: growing waits, cut short when the network comes back, and not counted while the browser knows it is offline.

import { Temporary, TransferError } from './problem';

export interface Network {
  online: () => boolean;
  /** Calls back each time the network has come back, until the function it gives is called. */
  onReturn: (callback: () => void) => () => void;
}

export interface Patience {
  /** Milliseconds before each further try; after the last one the transfer fails. */
  waits: readonly number[];
  network: Network;
  /** Told while a try is waited for. */
  waiting: (yes: boolean) => void;
}

/** More than three minutes in all: a closed laptop, a change of networks and a restart of the server fit in. */
export const defaultWaits = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000, 30_000, 30_000, 30_000, 30_000, 30_000] as const;

/** The tries of one request or one file. Success starts the count anew. */
export class Tries {
  private failed = 0;

  constructor(private readonly patience: Patience) {}

  succeeded(): void {
    this.failed = 0;
  }

  /** Waits after a failure that is worth another try; throws when it is not, or was the last. */
  async after(error: unknown, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!(error instanceof Temporary)) throw error;
    const { network, waits, waiting } = this.patience;
    waiting(true);
    try {
      if (!network.online()) {
        await sleep(null, network, signal);
        return;
      }
      const wait = waits[this.failed++];
      if (wait === undefined) throw new TransferError({ code: error.code });
      // A part of the wait is chance, so that many clients do not come back at the same moment.
      await sleep(Math.max(wait * (0.75 + Math.random() / 2), error.retryAfter ?? 0), network, signal);
    } finally {
      waiting(false);
    }
  }
}

/** Repeats a request while its failures are temporary. */
export async function persist<T>(patience: Patience, signal: AbortSignal, request: () => Promise<T>): Promise<T> {
  const tries = new Tries(patience);
  for (;;) {
    try {
      return await request();
    } catch (error) {
      await tries.after(error, signal);
    }
  }
}

/** Ends after the time, or when the network comes back; null waits for the network alone. */
function sleep(milliseconds: number | null, network: Network, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (finish: () => void) => {
      clearTimeout(timer);
      forget();
      signal.removeEventListener('abort', abort);
      finish();
    };
    const abort = () => end(() => reject(signal.reason as Error));
    const timer = milliseconds === null ? undefined : setTimeout(() => end(resolve), milliseconds);
    const forget = network.onReturn(() => end(resolve));
    signal.addEventListener('abort', abort);
  });
}
