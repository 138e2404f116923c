// The transfers as a tab sees them. The tabs of a browser share one worker: the tab that holds the lock owns it, the others show what
// it tells and send it commands. When the owner is closed, the lock goes to another tab, which goes on.

import { isActive, type Problem, type StoredTransfer, topLevel, type TransferView } from './model';
import { channelName, type Command, type FromWorker, type Message, type ToWorker } from './protocol';
import type { Selection } from './selection';
import type { Given } from './sources';
import { IndexedStore } from './store';
import workerUrl from './worker.ts?worker&url';
import { ownScript } from '../trusted';

const namesKept = 5;

/** What kept core from giving a transfer spec. */
export class SpecRefused extends Error {
  constructor(
    readonly problem: Problem,
    /** Whether another try makes sense. */
    readonly temporary = false,
  ) {
    super(problem.code);
  }
}

export interface TransfersOptions {
  account: string;
  /** Base of the gateway's API. */
  gateway: string;
  /** Asks core for a spec to upload these paths; rejects with SpecRefused. */
  spec: (packageId: string, paths: string[]) => Promise<unknown>;
}

export class Transfers {
  private readonly channel: BroadcastChannel;
  private readonly account: string;
  private readonly store = new IndexedStore();
  private readonly listeners = new Set<() => void>();
  private readonly release = new AbortController();
  private readonly held = new Map<string, Given>();
  private shown: TransferView[] = [];
  private worker: Worker | null = null;
  private sessions: string[] = [];
  private others = false;

  constructor(private readonly options: TransfersOptions) {
    // Without a secure origin there are no locks: each tab is then alone with its transfers.
    const alone = !('locks' in navigator);
    this.account = alone ? `${options.account} ${randomId()}` : options.account;
    this.channel = new BroadcastChannel(channelName(this.account));
    this.channel.onmessage = ({ data }: MessageEvent<Message>) => this.take(data);
    window.addEventListener('beforeunload', this.warn);
    window.addEventListener('pagehide', this.leave);
    window.addEventListener('pageshow', this.comeBack);
    window.addEventListener('online', this.wake);
    document.addEventListener('visibilitychange', this.wake);
    this.say({ type: 'hello' });
    if (alone) this.own();
    else {
      void navigator.locks
        .request(channelName(this.account), { signal: this.release.signal }, () => {
          this.own();
          return new Promise<void>((resolve) => this.release.signal.addEventListener('abort', () => resolve()));
        })
        .catch(() => undefined); // given up while waiting
    }
  }

  /** Ends what this tab does for transfers, at the end of the session. They are taken up again after the next login. */
  close(): void {
    window.removeEventListener('beforeunload', this.warn);
    window.removeEventListener('pagehide', this.leave);
    window.removeEventListener('pageshow', this.comeBack);
    window.removeEventListener('online', this.wake);
    document.removeEventListener('visibilitychange', this.wake);
    this.leave();
    this.channel.close();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** All transfers of the person, oldest first. The same array until something changes. */
  readonly snapshot = (): readonly TransferView[] => this.shown;

  /** Begins to send files into a package, and gives the transfer's id. */
  async add(packageId: string, title: string, selection: Selection): Promise<string> {
    const { files, folders, given } = selection;
    const transfer: StoredTransfer = {
      id: randomId(),
      account: this.account,
      packageId,
      title,
      created: Date.now(),
      intent: 'run',
      bytes: files.reduce((sum, { size }) => sum + size, 0),
      files: files.length,
      folders,
      names: topLevel(selection).slice(0, namesKept),
      sent: 0,
      filesDone: 0,
      problem: null,
      restarted: [],
      handles: given.handles,
    };
    await this.store.add(transfer, files);
    this.held.set(transfer.id, given);
    this.say({ type: 'added', id: transfer.id, given });
    return transfer.id;
  }

  pause(id: string): void {
    this.command('pause', id);
  }

  resume(id: string): void {
    this.command('resume', id);
  }

  /** Ends a transfer for good. What has arrived stays at the node, unpublished. */
  cancel(id: string): void {
    this.command('cancel', id);
  }

  /** Takes a completed transfer off the list. */
  dismiss(id: string): void {
    this.command('dismiss', id);
  }

  /** Gives the files of a transfer once more, after the browser has forgotten them. */
  give(id: string, selection: Selection): void {
    this.held.set(id, selection.given);
    this.say({ type: 'sources', id, given: selection.given });
  }

  /** Asks the person whether the files may be read again. It must be called by a click. */
  async allow(id: string): Promise<boolean> {
    const transfer = await this.store.get(id);
    if (!transfer) return false;
    for (const { handle } of transfer.handles) {
      if ((await handle.requestPermission({ mode: 'read' })) !== 'granted') return false;
    }
    this.say({ type: 'sources', id, given: { handles: transfer.handles, files: new Map() } });
    return true;
  }

  private command(command: Command, id: string): void {
    this.say({ type: 'command', command, id });
  }

  private say(message: Message): void {
    this.channel.postMessage(message);
  }

  private own(): void {
    const worker = new Worker(ownScript(workerUrl), { type: 'module', name: 'transfers' });
    worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      if (data.type === 'sessions') this.sessions = data.urls;
      else void this.answer(worker, data);
    };
    const { gateway } = this.options;
    const held = [...this.held];
    worker.postMessage({ type: 'begin', account: this.account, channel: this.channel.name, gateway, held } satisfies ToWorker);
    this.worker = worker;
  }

  private async answer(worker: Worker, { call, packageId, paths }: Extract<FromWorker, { type: 'spec' }>): Promise<void> {
    let answer: ToWorker;
    try {
      answer = { type: 'spec', call, spec: await this.options.spec(packageId, paths) };
    } catch (error) {
      const refused = error instanceof SpecRefused ? error : new SpecRefused({ code: 'unreachable' }, true);
      answer = { type: 'spec', call, problem: refused.problem, temporary: refused.temporary };
    }
    worker.postMessage(answer);
  }

  private take(message: Message): void {
    switch (message.type) {
      case 'state':
        this.show(message.transfers);
        break;
      case 'added':
      case 'sources':
        this.held.set(message.id, message.given);
        break;
      case 'hello':
        // A tab that has just come can go on with the transfers only if it knows their files.
        if (!this.worker) break;
        for (const [id, given] of this.held) this.say({ type: 'sources', id, given });
        break;
    }
  }

  private show(transfers: TransferView[]): void {
    this.shown = transfers;
    const unfinished = new Set(transfers.filter(({ state }) => state !== 'completed').map(({ id }) => id));
    const known = new Set(transfers.map(({ id }) => id));
    // One that was just added is not in the worker's list yet.
    for (const id of this.held.keys()) if (known.has(id) && !unfinished.has(id)) this.held.delete(id);
    this.listeners.forEach((listener) => listener());
    if (this.worker && 'locks' in navigator) void this.lookForOthers();
  }

  private async lookForOthers(): Promise<void> {
    const { pending } = await navigator.locks.query();
    this.others = (pending ?? []).some(({ name }) => name === channelName(this.account));
  }

  /** Warns of leaving when this tab sends and no other one can go on. */
  private readonly warn = (event: BeforeUnloadEvent) => {
    if (this.worker && !this.others && this.shown.some(({ state }) => isActive(state))) event.preventDefault();
  };

  /**
   * Ends the sessions of a page that goes away, so that the node lets go of the files at once, and lets another tab go on: a
   * browser may keep the page, and the lock with it, for the way back.
   */
  private readonly leave = () => {
    for (const url of this.sessions) void fetch(url, { method: 'DELETE', keepalive: true }).catch(() => undefined);
    this.sessions = [];
    this.worker?.terminate();
    this.worker = null;
    this.release.abort();
  };

  /** A page that the browser kept has given its transfers up: it begins anew. */
  private readonly comeBack = ({ persisted }: PageTransitionEvent) => {
    if (persisted) window.location.reload();
  };

  private readonly wake = () => {
    if (document.visibilityState === 'visible') this.say({ type: 'wake' });
  };
}

function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
