import { expect, test } from 'vitest';
import { fromDrop, fromFiles, fromHandles } from './collect';

const file = (name: string, path = '', text = 'x') => {
  const made = new File([text], name, { lastModified: 7 });
  Object.defineProperty(made, 'webkitRelativePath', { value: path });
  return made;
};

function fileHandle(name: string): FileSystemFileHandle {
  return { kind: 'file', name, getFile: () => Promise.resolve(file(name)) } as unknown as FileSystemFileHandle;
}

function folderHandle(name: string, children: FileSystemHandle[]): FileSystemDirectoryHandle {
  async function* values() {
    yield* children;
  }
  return { kind: 'directory', name, values } as unknown as FileSystemDirectoryHandle;
}

function entry(name: string, children?: FileSystemEntry[]): FileSystemEntry {
  const rest = [...(children ?? [])];
  return {
    name,
    isFile: children === undefined,
    isDirectory: children !== undefined,
    file: (resolve: (file: File) => void) => resolve(file(name)),
    // Like a browser, in several portions.
    createReader: () => ({ readEntries: (resolve: (some: FileSystemEntry[]) => void) => resolve(rest.splice(0, 2)) }),
  } as unknown as FileSystemEntry;
}

function drop(...items: Partial<DataTransferItem>[]): DataTransfer {
  return { items: items.map((item) => ({ kind: 'file', getAsFile: () => null, ...item })) } as unknown as DataTransfer;
}

test('files of a form keep the path that their folder gave them', () => {
  const { selection } = fromFiles([file('1', 'a/b/1'), file('2', 'a/2'), file('3')]);
  expect(selection.files.map(({ path }) => path)).toEqual(['3', 'a/b/1', 'a/2']);
  expect(selection.folders.sort()).toEqual(['a', 'a/b']);
  expect([...selection.given.files.keys()].sort()).toEqual(['3', 'a/2', 'a/b/1']);
});

test('two files of one name that were chosen together are both sent', () => {
  expect(fromFiles([file('a.txt', '', '1'), file('a.txt', '', '22')]).selection.files.map(({ path }) => path)).toEqual(['a.txt', 'a (2).txt']);
});

test('a dropped folder arrives with its empty folders, by handles', async () => {
  const folder = folderHandle('a', [folderHandle('empty', []), fileHandle('1'), folderHandle('b', [fileHandle('2')])]);
  const counts: number[] = [];
  const { selection } = await fromDrop(drop({ getAsFileSystemHandle: () => Promise.resolve(folder) }), (n) => counts.push(n));
  expect(selection.files).toEqual([
    { path: 'a/1', size: 1, modified: 7 },
    { path: 'a/b/2', size: 1, modified: 7 },
  ]);
  expect(selection.folders).toEqual(['a', 'a/b', 'a/empty']);
  expect(selection.given.handles).toEqual([{ name: 'a', handle: folder }]);
  expect(selection.given.files.size).toBe(0);
  expect(counts.at(-1)).toBe(2);
});

test('a dropped folder arrives with what its handle leaves out', async () => {
  const handle = folderHandle('a', [fileHandle('1')]);
  const whole = entry('a', [entry('1'), entry('left out', [entry('2')]), entry('empty', [])]);
  const item = { getAsFileSystemHandle: () => Promise.resolve(handle), webkitGetAsEntry: () => whole };
  const { selection } = await fromDrop(drop(item));
  expect(selection.files.map(({ path }) => path)).toEqual(['a/1', 'a/left out/2']);
  expect(selection.folders).toEqual(['a', 'a/empty', 'a/left out']);
  expect(selection.given.handles).toEqual([{ name: 'a', handle }]);
  expect([...selection.given.files.keys()]).toEqual(['a/left out/2']);
});

test('a dropped folder arrives with its empty folders in a browser without handles', async () => {
  const folder = entry('a', [entry('empty', []), entry('1'), entry('2'), entry('b', [entry('3')])]);
  const { selection } = await fromDrop(drop({ webkitGetAsEntry: () => folder }, { webkitGetAsEntry: () => entry('c') }));
  expect(selection.files.map(({ path }) => path)).toEqual(['a/1', 'a/2', 'a/b/3', 'c']);
  expect(selection.folders).toEqual(['a', 'a/b', 'a/empty']);
  expect([...selection.given.files.keys()].sort()).toEqual(['a/1', 'a/2', 'a/b/3', 'c']);
});

test('what cannot be read is told and does not hinder the rest', async () => {
  const broken = { ...fileHandle('broken'), getFile: () => Promise.reject(new Error('no')) } as unknown as FileSystemFileHandle;
  const { selection, unreadable } = await fromHandles([folderHandle('a', [broken, fileHandle('1')])]);
  expect(unreadable).toEqual(['a/broken']);
  expect(selection.files.map(({ path }) => path)).toEqual(['a/1']);
});
