// The queue of transfers: which run, which wait for the person, and what is shown of them. It knows neither tabs nor workers.

import type { Gateway } from './gateway';
import { Meter } from './meter';
import { isActive, type Manifest, type StoredTransfer, type TransferState, type TransferView } from './model';
import type { Patience } from './patience';
import { NeedsPerson, TransferError } from './problem';
import type { Command } from './protocol';
import { type Given, Sources } from './sources';
import type { TransferStore } from './store';
import { Upload, type UploadOptions } from './upload';

export interface ManagerOptions {
  account: string;
  store: TransferStore;
  gateway: Gateway;
  spec: UploadOptions['spec'];
  patience: Omit<Patience, 'waiting'>;
  chunk: number;
  streams: number;
  /** Uploads that run at once; the others wait in their order. */
  running: number;
  publish: (transfers: TransferView[], sessions: string[]) => void;
}

interface Entry {
  stored: StoredTransfer;
  state: TransferState;
  sources: Sources;
  upload: Upload | null;
  stop: AbortController | null;
  /** Ends when the run has ended. */
  over: Promise<void>;
  meter: Meter;
  waiting: number;
  share: number;
}

const publishEvery = 500;
const saveEvery = 5_000;

export class Manager {
  private readonly entries = new Map<string, Entry>();
  private timer: ReturnType<typeof setInterval> | undefined;
  private saved = Date.now();

  constructor(private readonly options: ManagerOptions) {}

  /** Takes up what an earlier run left. held are the files that the tab still has. */
  async load(held: Map<string, Given>): Promise<void> {
    const all = await this.options.store.all(this.options.account);
    all.sort((a, b) => a.created - b.created);
    for (const stored of all) this.enter(stored, held.get(stored.id));
    this.pump();
  }

  /** Takes up a transfer that a tab has written into the store. */
  async added(id: string, given: Given): Promise<void> {
    const stored = this.entries.has(id) ? undefined : await this.options.store.get(id);
    // It may have been read from the store in the meantime, without its files.
    if (this.entries.has(id)) this.give(id, given);
    else if (stored) this.enter(stored, given);
    this.pump();
  }

  /** Takes files that the person chose again, or may now be read. */
  give(id: string, given: Given): void {
    const entry = this.entries.get(id);
    if (!entry) return;
    entry.sources.add(given);
    if (entry.state === 'needs-files' || entry.state === 'needs-permission') {
      entry.state = 'queued';
      this.pump();
    }
  }

  async command(command: Command, id: string): Promise<void> {
    const entry = this.entries.get(id);
    if (!entry) return;
    switch (command) {
      case 'pause':
        if (!isActive(entry.state)) return;
        entry.state = 'paused';
        entry.stored.intent = 'pause';
        entry.stop?.abort();
        break;
      case 'resume':
        if (entry.state !== 'paused' && entry.state !== 'failed') return;
        entry.state = 'queued';
        entry.stored.intent = 'run';
        entry.stored.problem = null;
        break;
      case 'cancel':
      case 'dismiss':
        if (command === 'dismiss' && entry.state !== 'completed') return;
        this.entries.delete(id);
        entry.stop?.abort();
        await this.options.store.remove(id);
        this.pump();
        await entry.over;
        await entry.upload?.end();
        return;
    }
    await this.save(entry);
    this.pump();
  }

  views(): TransferView[] {
    return [...this.entries.values()].map((entry) => this.view(entry));
  }

  publish(): void {
    const sessions = [...this.entries.values()].flatMap(({ upload }) => upload?.sessionUrl ?? []);
    this.options.publish(this.views(), sessions);
  }

  private enter(stored: StoredTransfer, given: Given | undefined): void {
    const sources = new Sources({ handles: stored.handles, files: new Map() });
    if (given) sources.add(given);
    const states: Record<StoredTransfer['intent'], TransferState> = { run: 'queued', pause: 'paused', failed: 'failed', completed: 'completed' };
    this.entries.set(stored.id, {
      stored,
      state: states[stored.intent],
      sources,
      upload: null,
      stop: null,
      over: Promise.resolve(),
      meter: new Meter(),
      waiting: 0,
      share: 0,
    });
  }

  private pump(): void {
    const entries = [...this.entries.values()];
    let running = entries.filter(({ stop }) => stop !== null).length;
    for (const entry of entries) {
      if (running >= this.options.running) break;
      if (entry.state !== 'queued' || entry.stop) continue;
      running++;
      entry.over = this.run(entry);
    }
    this.publish();
    const busy = entries.some(({ state }) => isActive(state));
    if (busy && this.timer === undefined) this.timer = setInterval(() => this.tick(), publishEvery);
    if (!busy) {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  private tick(): void {
    this.publish();
    if (Date.now() - this.saved < saveEvery) return;
    this.saved = Date.now();
    for (const entry of this.entries.values()) if (entry.stop) void this.save(entry).catch(() => undefined);
  }

  private async run(entry: Entry): Promise<void> {
    const stop = new AbortController();
    entry.stop = stop;
    entry.state = 'running';
    entry.waiting = 0;
    entry.meter.start();
    try {
      entry.upload ??= await this.prepare(entry);
      await entry.upload.run(stop.signal);
      entry.state = 'completed';
      Object.assign(entry.stored, { intent: 'completed', sent: entry.stored.bytes, filesDone: entry.stored.files, handles: [] });
      entry.sources = new Sources({ handles: [], files: new Map() });
      entry.upload = null;
    } catch (error) {
      if (!stop.signal.aborted) this.failed(entry, error);
    } finally {
      entry.stop = null;
    }
    if (this.entries.get(entry.stored.id) !== entry) return;
    await this.save(entry).catch(() => undefined);
    this.pump();
  }

  private failed(entry: Entry, error: unknown): void {
    if (error instanceof NeedsPerson) {
      entry.state = error.what === 'files' ? 'needs-files' : 'needs-permission';
      return;
    }
    entry.state = 'failed';
    entry.stored.problem = error instanceof TransferError ? error.problem : { code: 'refused' };
    // A new login goes on by itself with what the end of the session stopped.
    if (entry.stored.problem.code !== 'signed_out') entry.stored.intent = 'failed';
  }

  private async prepare(entry: Entry): Promise<Upload> {
    const { store, gateway, spec, patience, chunk, streams } = this.options;
    const { stored } = entry;
    const manifest: Manifest = { files: await store.files(stored.id), folders: stored.folders };
    return new Upload({
      packageId: stored.packageId,
      manifest,
      sources: entry.sources,
      gateway,
      spec,
      patience: { ...patience, waiting: (yes) => void (entry.waiting += yes ? 1 : -1) },
      chunk,
      streams,
      sent: (bytes) => entry.meter.add(bytes),
      opened: () => this.publish(),
      changed: async (index, file) => {
        if (!stored.restarted.includes(file.path)) stored.restarted.push(file.path);
        stored.bytes = manifest.files.reduce((sum, { size }) => sum + size, 0);
        await store.replaceFile(stored.id, index, file);
        await this.save(entry);
      },
    });
  }

  private async save(entry: Entry): Promise<void> {
    this.look(entry);
    await this.options.store.update(entry.stored);
  }

  /** Notes how far the upload has come. */
  private look({ stored, upload }: Entry): void {
    if (!upload?.sessionUrl) return;
    stored.sent = Math.min(Math.max(stored.sent, upload.bytes), stored.bytes);
    stored.filesDone = Math.max(stored.filesDone, upload.files);
  }

  private view(entry: Entry): TransferView {
    this.look(entry);
    const { stored, upload, meter } = entry;
    let { state } = entry;
    if (state === 'running' && upload?.finishing) state = 'finishing';
    else if (state === 'running' && entry.waiting > 0) state = 'waiting';
    const rate = state === 'running' ? meter.rate() : 0;
    if (state === 'completed') entry.share = 1;
    else entry.share = Math.min(0.999, Math.max(entry.share, stored.bytes > 0 ? stored.sent / stored.bytes : 0));
    return {
      id: stored.id,
      packageId: stored.packageId,
      title: stored.title,
      created: stored.created,
      state,
      bytes: stored.bytes,
      sent: stored.sent,
      share: entry.share,
      files: stored.files,
      filesDone: stored.filesDone,
      rate,
      secondsLeft: rate > 0 ? Math.ceil((stored.bytes - stored.sent) / rate) : null,
      history: isActive(state) ? meter.history() : [],
      problem: stored.problem,
      restarted: stored.restarted,
      names: stored.names,
      hasFolders: stored.folders.length > 0,
    };
  }
}
