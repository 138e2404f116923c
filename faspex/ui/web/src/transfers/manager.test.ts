import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeGateway, fetchTransport } from './gateway.fake';
import { Gateway } from './gateway';
import { Manager } from './manager';
import type { StoredTransfer, TransferState, TransferView } from './model';
import { TransferError } from './problem';
import type { Given } from './sources';
import { MemoryStore } from './store.fake';

let server: FakeGateway;
let store: MemoryStore;
beforeEach(async () => {
  server = new FakeGateway();
  store = new MemoryStore();
  await server.start();
});
afterEach(() => server.stop());

const chunk = 1000;
const content = 'abcdefghij'.repeat(500);

/** A tab with a worker: what it showed, and how to wait for a state. */
function tab(change: { running?: number; spec?: () => Promise<unknown> } = {}) {
  let views: TransferView[] = [];
  const shown: TransferView[][] = [];
  const waiters = new Set<() => void>();
  const manager = new Manager({
    account: 'alice',
    store,
    gateway: new Gateway(server.base, fetchTransport),
    spec: change.spec ?? (() => Promise.resolve({})),
    patience: { waits: [1, 1], network: { online: () => true, onReturn: () => () => undefined } },
    chunk,
    streams: 2,
    running: change.running ?? 2,
    publish: (transfers) => {
      views = transfers;
      shown.push(transfers);
      waiters.forEach((wake) => wake());
    },
  });
  const view = (id: string) => views.find((one) => one.id === id);
  const until = (id: string, state: TransferState | 'gone') =>
    new Promise<void>((resolve) => {
      const look = () => {
        if ((view(id)?.state ?? 'gone') !== state) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
    });
  return { manager, view, until, shown };
}

function given(name: string, text = content, modified = 5_000): Given {
  return { handles: [], files: new Map([[name, new File([text], name, { lastModified: modified })]]) };
}

async function write(id: string, created = 1): Promise<void> {
  const transfer: StoredTransfer = {
    id,
    account: 'alice',
    packageId: `package of ${id}`,
    title: id,
    created,
    intent: 'run',
    bytes: content.length,
    files: 1,
    folders: [],
    names: [id],
    sent: 0,
    filesDone: 0,
    problem: null,
    restarted: [],
    handles: [],
  };
  await store.add(transfer, [{ path: id, size: content.length, modified: 5_000 }]);
}

/** Has the gateway hold the request with this number back until it is let go. */
function holdPatch(number: number): { reached: Promise<void>; release: () => void } {
  let release = () => {};
  let arrive = () => {};
  const released = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  let patches = 0;
  server.before = () => {
    if (++patches !== number) return Promise.resolve();
    arrive();
    return released;
  };
  return { reached, release };
}

describe('the queue', () => {
  test('sends one after the other, and the share never falls and is 1 only at the end', async () => {
    const { manager, until, shown, view } = tab({ running: 1 });
    await manager.load(new Map());
    const hold = holdPatch(3);
    await write('first');
    await write('second', 2);
    await manager.added('first', given('first'));
    await manager.added('second', given('second'));
    await hold.reached;
    expect([view('first')?.state, view('second')?.state]).toEqual(['running', 'queued']);
    hold.release();
    await until('second', 'completed');
    expect(server.content('first')).toBe(content);
    expect(server.content('second')).toBe(content);
    for (const id of ['first', 'second']) {
      const shares = shown.flatMap((views) => views.find((one) => one.id === id) ?? []);
      shares.reduce((before, { share, state }) => {
        expect(share).toBeGreaterThanOrEqual(before);
        expect(share === 1).toBe(state === 'completed');
        return share;
      }, 0);
    }
  });

  test('pauses, stays paused over a reload, and resumes without sending more than a chunk a stream again', async () => {
    const first = tab();
    await first.manager.load(new Map());
    const hold = holdPatch(3);
    await write('a');
    await first.manager.added('a', given('a'));
    await hold.reached;
    await first.manager.command('pause', 'a');
    hold.release();
    await first.until('a', 'paused');

    const second = tab();
    await second.manager.load(new Map([['a', given('a')]]));
    expect(second.view('a')).toMatchObject({ state: 'paused', sent: 2000 });
    await second.manager.command('resume', 'a');
    await second.until('a', 'completed');
    expect(server.content('a')).toBe(content);
    expect(server.received).toBeLessThanOrEqual(content.length + 2 * chunk);
  });

  test('asks for the files that a reload has lost, and goes on with the same ones', async () => {
    await write('a');
    server.node.set('a', { path: 'a', size: content.length, mtime: 5, content: Buffer.from(content.slice(0, 3000)) });
    const { manager, until } = tab();
    await manager.load(new Map());
    await until('a', 'needs-files');
    manager.give('a', given('a'));
    await until('a', 'completed');
    expect(server.content('a')).toBe(content);
    expect(server.received).toBe(content.length - 3000);
  });

  test('says that a file is another one than before the reload, and starts it anew', async () => {
    await write('a');
    server.node.set('a', { path: 'a', size: content.length, mtime: 5, content: Buffer.from(content.slice(0, 3000)) });
    const { manager, until, view } = tab();
    await manager.load(new Map());
    await until('a', 'needs-files');
    const other = content.toUpperCase() + '!';
    manager.give('a', given('a', other, 9_000));
    await until('a', 'completed');
    expect(server.content('a')).toBe(other);
    expect(view('a')).toMatchObject({ restarted: ['a'], bytes: other.length, share: 1 });
  });

  test('keeps a failure with its reason over a reload, and Retry goes on', async () => {
    await write('a');
    server.refuse = (request) => (request.startsWith('PATCH') ? { status: 507, code: 'node_full' } : undefined);
    const first = tab();
    await first.manager.load(new Map([['a', given('a')]]));
    await first.until('a', 'failed');
    const second = tab();
    await second.manager.load(new Map([['a', given('a')]]));
    expect(second.view('a')).toMatchObject({ state: 'failed', problem: { code: 'node_full', path: 'a' } });
    server.refuse = () => undefined;
    await second.manager.command('resume', 'a');
    await second.until('a', 'completed');
    expect(second.view('a')?.problem).toBeNull();
  });

  test('goes on by itself after the end of a session', async () => {
    await write('a');
    const first = tab({ spec: () => Promise.reject(new TransferError({ code: 'signed_out' })) });
    await first.manager.load(new Map([['a', given('a')]]));
    await first.until('a', 'failed');
    const second = tab();
    await second.manager.load(new Map([['a', given('a')]]));
    await second.until('a', 'completed');
  });

  test('forgets a transfer that is cancelled, ends its session, and begins the next', async () => {
    const { manager, until } = tab({ running: 1 });
    await manager.load(new Map());
    const hold = holdPatch(2);
    await write('a');
    await write('b', 2);
    await manager.added('a', given('a'));
    await manager.added('b', given('b'));
    await hold.reached;
    const cancelled = manager.command('cancel', 'a');
    hold.release();
    await cancelled;
    await until('a', 'gone');
    await until('b', 'completed');
    expect(server.requests).toContain('DELETE /s1');
    expect(await store.get('a')).toBeUndefined();
    await manager.command('dismiss', 'b');
    await until('b', 'gone');
  });
});
