// The dedicated worker that moves the bytes: no page, no long task and no hidden tab stands in its way. One tab owns it.

import { Gateway } from './gateway';
import { Manager } from './manager';
import { defaultWaits, type Network } from './patience';
import { Temporary, TransferError } from './problem';
import type { FromWorker, Message, ToWorker } from './protocol';
import { IndexedStore } from './store';
import { xhrTransport } from './transport';
import { defaultChunk } from './upload';

/** The part of a worker's global scope that is used here; TypeScript's libraries of pages and workers exclude each other. */
interface WorkerScope {
  postMessage(message: FromWorker): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  addEventListener(type: 'online', listener: () => void): void;
}
const scope = self as unknown as WorkerScope;

// With HTTP/1.1 a browser has six connections to an origin. Two uploads leave two of them to the page.
const running = 2;
const streams = 2;

const returns = new Set<() => void>();
const wake = () => [...returns].forEach((callback) => callback());
const network: Network = {
  online: () => navigator.onLine,
  onReturn: (callback) => {
    returns.add(callback);
    return () => returns.delete(callback);
  },
};
scope.addEventListener('online', wake);

interface Call {
  resolve: (spec: unknown) => void;
  reject: (error: Error) => void;
}
const calls = new Map<number, Call>();
let lastCall = 0;

/** Asks the tab for a transfer spec: the worker has no token of the API. */
function spec(packageId: string, paths: string[], signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const call = ++lastCall;
    calls.set(call, { resolve, reject });
    signal.addEventListener('abort', () => {
      calls.delete(call);
      reject(signal.reason as Error);
    });
    scope.postMessage({ type: 'spec', call, packageId, paths });
  });
}

function begin({ account, channel: name, gateway, held }: Extract<ToWorker, { type: 'begin' }>): void {
  const channel = new BroadcastChannel(name);
  let told = '';
  const manager = new Manager({
    account,
    store: new IndexedStore(),
    gateway: new Gateway(gateway, xhrTransport),
    spec,
    patience: { waits: defaultWaits, network },
    chunk: defaultChunk,
    streams,
    running,
    publish: (transfers, urls) => {
      channel.postMessage({ type: 'state', transfers } satisfies Message);
      const sessions = urls.join('\n');
      if (sessions !== told) scope.postMessage({ type: 'sessions', urls });
      told = sessions;
    },
  });
  const loaded = manager.load(new Map(held));
  channel.onmessage = ({ data }: MessageEvent<Message>) => {
    if (data.type === 'wake') wake();
    void loaded.then(() => take(manager, data));
  };
  loaded.catch((error: unknown) => {
    // Private windows of some browsers have no database: transfers work there until the tab is closed.
    console.warn('transfers of earlier visits could not be read', error);
  });
}

async function take(manager: Manager, message: Message): Promise<void> {
  switch (message.type) {
    case 'hello':
      return manager.publish();
    case 'added':
      return manager.added(message.id, message.given);
    case 'sources':
      return manager.give(message.id, message.given);
    case 'command':
      return manager.command(message.command, message.id);
  }
}

scope.onmessage = ({ data }) => {
  if (data.type === 'begin') return begin(data);
  const call = calls.get(data.call);
  calls.delete(data.call);
  if (data.problem) call?.reject(data.temporary ? new Temporary(data.problem.code) : new TransferError(data.problem));
  else call?.resolve(data.spec);
};
