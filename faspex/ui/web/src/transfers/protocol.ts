// What tabs and the worker say to each other. Every tab and the worker share one BroadcastChannel; the tab that owns the worker has
// a way of its own to it for what the others must not read: transfer specs, which hold tokens.

import type { TransferView } from './model';
import type { Problem } from './model';
import type { Given } from './sources';

export type Command = 'pause' | 'resume' | 'cancel' | 'dismiss';

/** On the channel, to all. */
export type Message =
  /** A tab has come and wants to know how things stand. */
  | { type: 'hello' }
  /** The worker tells all transfers. */
  | { type: 'state'; transfers: TransferView[] }
  /** A tab has written a transfer into the database, and these are its files. */
  | { type: 'added'; id: string; given: Given }
  /** The files of a transfer, so that any tab can go on with it. */
  | { type: 'sources'; id: string; given: Given }
  | { type: 'command'; command: Command; id: string }
  /** The network is back, or the person has come back. */
  | { type: 'wake' };

/** From the tab to its worker. */
export type ToWorker =
  | { type: 'begin'; account: string; channel: string; gateway: string; held: [string, Given][] }
  | { type: 'spec'; call: number; spec?: unknown; problem?: Problem; temporary?: boolean };

/** From the worker to its tab. */
export type FromWorker =
  | { type: 'spec'; call: number; packageId: string; paths: string[] }
  /** Addresses of the open sessions, which are ended when the page goes away. */
  | { type: 'sessions'; urls: string[] };

export function channelName(account: string): string {
  return `faspex-transfers-${account}`;
}
