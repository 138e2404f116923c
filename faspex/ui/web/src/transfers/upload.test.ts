import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeGateway, fetchTransport } from './gateway.fake';
import { Gateway } from './gateway';
import type { Manifest } from './model';
import type { Network } from './patience';
import { NeedsPerson, Temporary, TransferError } from './problem';
import { Sources } from './sources';
import { Upload, type UploadOptions } from './upload';

let server: FakeGateway;
beforeEach(async () => {
  server = new FakeGateway();
  await server.start();
});
afterEach(() => server.stop());

const chunk = 1000;
const always: Network = { online: () => true, onReturn: () => () => undefined };
const text = (length: number, seed = 'a') => Array.from({ length }, (_, i) => String.fromCharCode(97 + ((i * 7 + seed.charCodeAt(0)) % 26))).join('');
const fileOf = (path: string, content: string, modified = 5_000) => new File([content], path.split('/').at(-1) ?? path, { lastModified: modified });

function upload(contents: Record<string, string>, change: Partial<UploadOptions> = {}, folders: string[] = []) {
  const files = new Map(Object.entries(contents).map(([path, content]) => [path, fileOf(path, content)]));
  const manifest: Manifest = {
    files: [...files].map(([path, file]) => ({ path, size: file.size, modified: file.lastModified })),
    folders,
  };
  let specs = 0;
  const changes: string[] = [];
  const options: UploadOptions = {
    packageId: 'p1',
    manifest,
    sources: new Sources({ handles: [], files }),
    gateway: new Gateway(server.base, fetchTransport),
    spec: (packageId, paths) => Promise.resolve({ packageId, paths, number: ++specs }),
    patience: { waits: [1, 1, 1, 1, 1], network: always, waiting: () => undefined },
    chunk,
    streams: 3,
    opened: () => undefined,
    sent: () => undefined,
    changed: async (_, file) => void changes.push(file.path),
    ...change,
  };
  return { upload: new Upload(options), options, changes };
}

const never = new AbortController().signal;

async function problemOf(run: Promise<void>) {
  const error: unknown = await run.then(
    () => new Error('the upload did not fail'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof TransferError)) throw error;
  return error.problem;
}

describe('an upload', () => {
  test('brings every byte in chunks, several files at once, with empty files and folders', async () => {
    const contents = { 'a/one.txt': text(3500), 'a/b/two.txt': text(2000, 'b'), 'three.txt': text(999, 'c'), 'empty': '' };
    const { upload: up } = upload(contents, {}, ['a', 'a/b', 'nothing']);
    // The first request is answered only when there is a second: files wait for each other in vain if they go one by one.
    let release = () => {};
    const second = new Promise<void>((resolve) => (release = resolve));
    server.before = () => {
      if (server.atOnce > 1) release();
      return second;
    };
    await up.run(never);
    for (const [path, content] of Object.entries(contents)) expect(server.content(path), path).toBe(content);
    expect([...server.folders]).toEqual(['a', 'a/b', 'nothing']);
    expect(server.published).toBe(true);
    expect(Math.max(...server.sizes)).toBe(chunk);
    expect(server.specs).toEqual([{ packageId: 'p1', paths: ['a', 'three.txt', 'empty', 'nothing'], number: 1 }]);
    expect([up.bytes, up.files]).toEqual([6499, 4]);
  });

  test('goes on with what the node holds of the same file', async () => {
    const content = text(4000);
    server.node.set('big', { path: 'big', size: 4000, mtime: 5, content: Buffer.from(content.slice(0, 2500)) });
    await upload({ big: content }).upload.run(never);
    expect(server.content('big')).toBe(content);
    expect(server.received).toBe(1500);
  });

  test('sends less than one chunk a stream again after a cut in the middle of a request', async () => {
    const contents = { a: text(5000), b: text(5000, 'b') };
    let cuts = 0;
    server.breakAfter = () => (++cuts % 3 === 0 && cuts < 10 ? 700 : undefined);
    await upload(contents).upload.run(never);
    expect(server.content('a')).toBe(contents.a);
    expect(server.content('b')).toBe(contents.b);
    expect(server.received).toBe(10_000); // what arrived before a cut is asked for and not sent again
  });

  test('goes on after failures in a row as long as there is progress, and fails after the last try', async () => {
    let answers = 0;
    server.refuse = (request) => (request.startsWith('PATCH') && ++answers % 3 !== 0 ? { status: 503 } : undefined);
    const content = text(8000);
    await upload({ a: content }).upload.run(never);
    expect(server.content('a')).toBe(content);

    let broken = true;
    server.refuse = (request) => (broken && request.startsWith('PATCH') ? { status: 502 } : undefined);
    const second = upload({ b: content });
    expect(await problemOf(second.upload.run(never))).toMatchObject({ code: 'unreachable' });
    expect(server.content('b')).toBe('');
    broken = false;
    await second.upload.run(never); // what Retry does
    expect(server.content('b')).toBe(content);
  });

  test('does not count tries while the browser is offline, and goes on when it is online again', async () => {
    const content = text(3000);
    let online = false;
    let failures = 0;
    const returns = new Set<() => void>();
    const transport: typeof fetchTransport = (request) => {
      if (online || failures > 20) return fetchTransport(request);
      if (++failures > 20) online = true;
      queueMicrotask(() => setTimeout(() => returns.forEach((call) => call()), 1));
      return Promise.reject(new Temporary('unreachable'));
    };
    const network: Network = {
      online: () => online,
      onReturn: (call) => {
        returns.add(call);
        return () => returns.delete(call);
      },
    };
    await upload({ a: content }, { gateway: new Gateway(server.base, transport), patience: { waits: [1], network, waiting: () => undefined } }).upload.run(never);
    expect(server.content('a')).toBe(content);
    expect(failures).toBe(21);
  });

  test('opens a new session with a new spec when the gateway knows the old one no more', async () => {
    const content = text(6000);
    let patches = 0;
    server.refuse = (request) => {
      if (request.startsWith('PATCH') && ++patches === 4) server.forget();
      return undefined;
    };
    await upload({ a: content }).upload.run(never);
    expect(server.content('a')).toBe(content);
    expect(server.received).toBe(6000);
    expect(server.specs).toHaveLength(2);
  });

  test('opens a new session when the node was lost, and asks for offsets that the node had not told', async () => {
    const content = text(6000);
    let patches = 0;
    server.refuse = (request) => (request.startsWith('PATCH') && ++patches === 3 ? { status: 502, code: 'node_unreachable' } : undefined);
    server.silent = true;
    await upload({ a: content }).upload.run(never);
    expect(server.content('a')).toBe(content);
    expect(server.received).toBe(6000);
    expect(server.specs).toHaveLength(2);
  });

  test('gives up when sessions end again and again without progress', async () => {
    server.refuse = (request) => (request.startsWith('PATCH') ? { status: 409, code: 'session_ended', message: 'the node broke it off' } : undefined);
    expect(await problemOf(upload({ a: text(10) }).upload.run(never))).toEqual({ code: 'session_ended', detail: 'the node broke it off' });
  });

  test.each([
    ['node_full', 507],
    ['quota', 403],
    ['token_refused', 401],
    ['token_withdrawn', 403],
    ['no_such_package', 404],
    ['too_long', 413],
  ])('ends with its own problem: %s', async (code, status) => {
    server.refuse = (request) => (request.startsWith('PATCH') ? { status, code } : undefined);
    expect(await problemOf(upload({ a: text(10) }).upload.run(never))).toMatchObject({ code });
    expect(server.published).toBe(false);
  });

  test('asks once for a new token when one was withdrawn', async () => {
    let refused = false;
    server.refuse = (request) => {
      if (!request.startsWith('PATCH') || refused) return undefined;
      refused = true;
      return { status: 403, code: 'token_withdrawn' };
    };
    const content = text(2000);
    await upload({ a: content }).upload.run(never);
    expect(server.content('a')).toBe(content);
    expect(server.specs).toHaveLength(2);
  });

  test('says that the package was deleted when core knows it no more', async () => {
    const spec = () => Promise.reject(new TransferError({ code: 'package_deleted' }));
    expect(await problemOf(upload({ a: 'x' }, { spec }).upload.run(never))).toEqual({ code: 'package_deleted' });
  });

  test('stops at an abort, and goes on at the byte where it stopped', async () => {
    const content = text(9000);
    const stop = new AbortController();
    let patches = 0;
    server.refuse = (request) => {
      if (request.startsWith('PATCH') && ++patches === 4) stop.abort();
      return undefined;
    };
    const { upload: up } = upload({ a: content });
    await expect(up.run(stop.signal)).rejects.toThrow();
    server.refuse = () => undefined;
    await up.run(never);
    expect(server.content('a')).toBe(content);
    expect(server.received).toBeLessThanOrEqual(9000 + chunk);
    expect(server.specs).toHaveLength(1);
    expect(server.requests.filter((name) => name.startsWith('HEAD'))).toHaveLength(1);
  });

  test('asks for the offset when the gateway does not agree', async () => {
    const content = text(4000);
    let patches = 0;
    server.refuse = (request) => {
      // A request that was believed lost arrives after all.
      if (request.startsWith('PATCH') && ++patches === 2) {
        const held = server.node.get('a')!;
        held.content = Buffer.from(content.slice(0, 1700));
      }
      return undefined;
    };
    await upload({ a: content }).upload.run(never);
    expect(server.content('a')).toBe(content);
  });
});

/** A handle to a file that a test can change, as the browser's database gives it back. */
function handleTo(state: { file: File; permission?: PermissionState }): FileSystemFileHandle {
  return {
    kind: 'file',
    name: state.file.name,
    getFile: () => Promise.resolve(state.file),
    queryPermission: () => Promise.resolve(state.permission ?? 'granted'),
  } as unknown as FileSystemFileHandle;
}

describe('a file that changed', () => {
  test.each([
    ['with another time', 9_000, 5000],
    ['within the same second', 5_400, 5000],
    ['with another size', 5_000, 4100],
  ])('is started anew and never joined with its former version: %s', async (_, modified, size) => {
    const before = text(5000);
    const after = text(size, 'z');
    const state = { file: fileOf('a', before) };
    let patches = 0;
    server.refuse = (request) => {
      if (request.startsWith('PATCH') && ++patches === 3) {
        state.file = fileOf('a', after, modified);
        return { status: 503 }; // the browser fails a request whose file changed like one that the network lost
      }
      return undefined;
    };
    const { upload: up, changes, options } = upload({ a: before }, { sources: new Sources({ handles: [{ name: 'a', handle: handleTo(state) }], files: new Map() }) });
    await up.run(never);
    expect(server.content('a')).toBe(after);
    expect(changes).toEqual(['a']);
    expect(options.manifest.files[0]).toMatchObject({ size, modified });
  });

  test('needs the person when the browser has only a picture of the former one', async () => {
    const { upload: up } = upload({ a: text(10) }, { sources: new Sources({ handles: [], files: new Map() }) });
    await expect(up.run(never)).rejects.toEqual(new NeedsPerson('files'));
    const handle = handleTo({ file: fileOf('a', text(10)), permission: 'prompt' });
    const second = upload({ a: text(10) }, { sources: new Sources({ handles: [{ name: 'a', handle }], files: new Map() }) });
    await expect(second.upload.run(never)).rejects.toEqual(new NeedsPerson('permission'));
  });
});
