// One upload from its spec to the published package: sessions, streams, and what to do about each failure.

import type { Gateway, Session } from './gateway';
import { type Manifest, type ManifestFile, topLevel } from './model';
import { type Patience, persist, Tries } from './patience';
import { FileChanged, OffsetMismatch, SessionLost, Temporary, TransferError } from './problem';
import type { Sources } from './sources';

/** A cut of the connection costs at most this much a stream. */
export const defaultChunk = 16 * 1024 * 1024;

/** Sessions in a row that may end without one byte more at the node. */
const barrenSessions = 4;
/** New sessions after a refusal that a new token could mend. */
const refusedSessions = 1;

export interface UploadOptions {
  packageId: string;
  manifest: Manifest;
  sources: Sources;
  gateway: Gateway;
  /** Asks core for a transfer spec with a token for these paths. */
  spec: (packageId: string, paths: string[], signal: AbortSignal) => Promise<unknown>;
  patience: Patience;
  chunk: number;
  /** Told when a session was opened: a page that goes away a moment later has to end it. */
  opened: () => void;
  streams: number;
  /** Told of bytes that went out. */
  sent: (bytes: number) => void;
  /** Told when a file is another one than was chosen, and is started anew. */
  changed: (index: number, file: ManifestFile) => Promise<void>;
}

export class Upload {
  /** Bytes and files that the node holds. */
  private confirmed = 0;
  private done = 0;
  /** Bytes on their way, by the index of their file. */
  private readonly flying = new Map<number, number>();
  /** Files whose offset must be asked for: their last request was cut off, or the node had not told it. */
  private readonly cut = new Set<number>();
  private session: Session | null = null;
  private complete = false;

  constructor(private readonly options: UploadOptions) {}

  get bytes(): number {
    let sum = this.confirmed;
    for (const bytes of this.flying.values()) sum += bytes;
    return sum;
  }

  get files(): number {
    return this.done;
  }

  /** Says that every byte is at the node, which checks and publishes them. */
  get finishing(): boolean {
    return this.complete;
  }

  /** The address of the open session, for ending it when the page goes away. */
  get sessionUrl(): string | null {
    return this.session?.url ?? null;
  }

  /** Runs until the package is complete. An abort leaves the session open, so that the same object can go on with it. */
  async run(signal: AbortSignal): Promise<void> {
    let tries = new Tries(this.options.patience);
    let barren = 0;
    let refused = 0;
    for (;;) {
      const before = this.confirmed;
      try {
        if (!this.session) {
          this.session = await this.open(signal);
          this.options.opened();
        }
        await this.sendAll(this.session, signal);
        this.complete = true;
        await this.finish(this.session, signal);
        this.session = null;
        return;
      } catch (failed) {
        signal.throwIfAborted();
        const error = sessionError(failed);
        const over = this.end();
        if (error instanceof FileChanged) await this.startAnew(error);
        else if (error instanceof SessionLost) {
          const isRefusal = error.problem.code === 'token_withdrawn' || error.problem.code === 'no_such_package';
          if (this.confirmed > before) {
            barren = 0;
            tries = new Tries(this.options.patience);
          } else barren++;
          refused = isRefusal ? refused + 1 : 0;
          if (barren > barrenSessions || refused > refusedSessions) throw new TransferError(error.problem);
          if (barren > 1) await tries.after(new Temporary(error.problem.code), signal);
        } else throw error;
        await over; // the next session finds the files free
      } finally {
        this.complete = false;
        this.flying.clear();
      }
    }
  }

  /** Ends the session at the gateway, so that the node lets go of the files. A session that cannot be reached ends by itself. */
  async end(): Promise<void> {
    const session = this.session;
    this.session = null;
    if (!session) return;
    await this.options.gateway.end(session, AbortSignal.timeout(10_000)).catch(() => undefined);
  }

  private async open(signal: AbortSignal): Promise<Session> {
    const { gateway, manifest, packageId, patience, spec } = this.options;
    const session = await persist(patience, signal, async () =>
      gateway.open(await spec(packageId, topLevel(manifest), signal), manifest, signal),
    );
    // The gateway may hold a file under another size than the manifest says only if it did not read the manifest.
    session.files.forEach((file, index) => {
      const size = manifest.files[index]?.size ?? 0;
      if (file.size !== size || file.offset > size) throw new SessionLost({ code: 'session_ended' });
    });
    this.cut.clear();
    this.confirmed = 0;
    this.done = 0;
    session.files.forEach(({ offset, size, known }, index) => {
      this.confirmed += offset;
      if (offset === size) this.done++;
      if (!known) this.cut.add(index);
    });
    return session;
  }

  private async sendAll(session: Session, signal: AbortSignal): Promise<void> {
    const stop = new AbortController();
    const either = AbortSignal.any([signal, stop.signal]);
    let next = 0;
    let first: unknown;
    const stream = async () => {
      while (next < session.files.length && !either.aborted) {
        const index = next++;
        const { offset, size } = session.files[index]!;
        if (offset < size) await this.sendFile(session, index, either);
      }
    };
    const guarded = () =>
      stream().catch((error: unknown) => {
        first ??= error;
        stop.abort();
      });
    await Promise.all(Array.from({ length: this.options.streams }, guarded));
    signal.throwIfAborted();
    if (first !== undefined) throw first;
  }

  private async sendFile(session: Session, index: number, signal: AbortSignal): Promise<void> {
    const { gateway, patience, sources, chunk } = this.options;
    const remote = session.files[index]!;
    const wanted = this.options.manifest.files[index]!;
    let file = this.same(index, await sources.open(wanted.path));
    let tries = new Tries(patience);
    let ask = this.cut.delete(index);
    let mismatches = 0;
    while (remote.offset < remote.size) {
      try {
        if (ask) {
          this.arrived(session, index, await gateway.offset(remote.url, signal));
          ask = false;
          continue;
        }
        const end = Math.min(remote.offset + chunk, remote.size);
        const part = file.slice(remote.offset, end);
        const offset = await gateway.patch(remote.url, remote.offset, part, (bytes) => this.fly(index, bytes), signal);
        if (offset <= remote.offset) throw new OffsetMismatch(`the gateway stays at ${offset}`);
        this.arrived(session, index, offset);
        tries = new Tries(patience);
        mismatches = 0;
      } catch (error) {
        this.flying.delete(index);
        this.cut.add(index);
        signal.throwIfAborted();
        ask = true;
        if (error instanceof OffsetMismatch) {
          // Two in a row without progress are no accident of a request that was cut off.
          if (++mismatches > patience.waits.length) throw new SessionLost({ code: 'session_ended', path: wanted.path });
          await tries.after(new Temporary('unreachable', 0), signal);
          continue;
        }
        if (error instanceof TransferError && !error.problem.path) throw new TransferError({ ...error.problem, path: wanted.path });
        if (sessionError(error) !== error) throw error;
        // The browser tells neither a lost connection nor a file that changed on disk from the other: look at the file.
        if (error instanceof Temporary) file = this.same(index, await sources.check(wanted.path, remote.offset));
        await tries.after(error, signal);
      }
    }
    this.cut.delete(index);
    this.done++;
  }

  private arrived(session: Session, index: number, offset: number): void {
    const remote = session.files[index]!;
    this.flying.delete(index);
    this.confirmed += offset - remote.offset;
    remote.offset = offset;
  }

  private fly(index: number, bytes: number): void {
    const before = this.flying.get(index) ?? 0;
    this.flying.set(index, bytes);
    if (bytes > before) this.options.sent(bytes - before);
  }

  private same(index: number, file: File): File {
    const wanted = this.options.manifest.files[index]!;
    if (file.size !== wanted.size || file.lastModified !== wanted.modified) throw new FileChanged(index, file.size, file.lastModified);
    return file;
  }

  private async startAnew({ index, size, modified }: FileChanged): Promise<void> {
    const { manifest, changed } = this.options;
    const old = manifest.files[index]!;
    const file: ManifestFile = { path: old.path, size, modified };
    manifest.files[index] = file;
    await changed(index, file);
  }

  private async finish(session: Session, signal: AbortSignal): Promise<void> {
    await persist(this.options.patience, signal, () =>
      this.options.gateway.complete(session, signal).catch((error: unknown) => {
        throw sessionError(error);
      }),
    );
  }
}

/** A session whose node is lost is over, though the gateway still knows it; the next one waits until the node is there. */
function sessionError(error: unknown): unknown {
  if (error instanceof Temporary && error.code === 'node_unreachable') return new SessionLost({ code: error.code });
  if (error instanceof OffsetMismatch) return new SessionLost({ code: 'session_ended' });
  return error;
}
