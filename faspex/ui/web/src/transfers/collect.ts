// Makes a selection of what a person dropped or chose, with handles where the browser has them: those outlive a reload.

import type { ManifestFile } from './model';
import { combine, type Selection } from './selection';

export interface Collected {
  selection: Selection;
  /** Paths that the browser could not read. */
  unreadable: string[];
}

/** Told of the number of files found so far, while large folders are read. */
export type Counting = (files: number) => void;

/** Entries of a folder that are looked at together: one by one takes minutes for large folders. */
const together = 64;

interface Tree {
  files: ManifestFile[];
  folders: string[];
  unreadable: string[];
  /** Filled where there are no handles. */
  contents: Map<string, File>;
  count: Counting;
}

/** Takes the files of a form's field; those of a folder carry their path. */
export function fromFiles(files: Iterable<File>): Collected {
  const selections: Selection[] = [];
  const below: File[] = [];
  for (const file of files) {
    if (file.webkitRelativePath) below.push(file);
    else selections.push(single(file.name, file));
  }
  const folders = new Set<string>();
  const inside = new Map(below.map((file) => [file.webkitRelativePath, file]));
  for (const path of inside.keys()) parents(path).forEach((folder) => folders.add(folder));
  selections.push({
    files: [...inside].map(([path, file]) => ({ path, size: file.size, modified: file.lastModified })),
    folders: [...folders],
    given: { handles: [], files: inside },
  });
  return { selection: combine(selections), unreadable: [] };
}

/**
 * Takes what was dropped. It must be called while the event is handled: afterwards the browser gives nothing away.
 * A dropped folder arrives whole, with its empty folders.
 */
export async function fromDrop(data: DataTransfer, count: Counting = () => undefined): Promise<Collected> {
  const waiting = [...data.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => {
      const entry = item.webkitGetAsEntry?.() ?? null;
      const file = item.getAsFile();
      const handle = item.getAsFileSystemHandle?.().catch(() => null) ?? null;
      return { entry, file, handle };
    });
  return gather(
    waiting,
    async ({ entry, file, handle }, counting) => {
      const found = await handle;
      if (found) {
        const byHandle = await fromHandle(found as FileSystemFileHandle | FileSystemDirectoryHandle, counting);
        return found.kind === 'directory' && entry ? completed(byHandle, await fromEntry(entry, () => undefined)) : byHandle;
      }
      if (entry) return fromEntry(entry, counting);
      return fromFiles(file ? [file] : []);
    },
    count,
  );
}

/**
 * Adds what a folder's handle does not tell. Chromium leaves names out there that it thinks unsafe, such as one of several
 * emoji in one, and says nothing.
 */
function completed({ selection, unreadable }: Collected, byEntry: Collected): Collected {
  const known = new Set([...selection.folders, ...selection.files.map(({ path }) => path), ...unreadable]);
  const missing = byEntry.selection.files.filter(({ path }) => !known.has(path));
  const files = new Map(missing.flatMap(({ path }) => {
    const file = byEntry.selection.given.files.get(path);
    return file ? [[path, file] as const] : [];
  }));
  return {
    selection: {
      files: inOrder([...selection.files, ...missing]),
      folders: [...new Set([...selection.folders, ...byEntry.selection.folders])].sort(),
      given: { handles: selection.given.handles, files },
    },
    unreadable: [...new Set([...unreadable, ...byEntry.unreadable])],
  };
}

/** Takes what the browser's own dialog gave. */
export async function fromHandles(
  handles: readonly (FileSystemFileHandle | FileSystemDirectoryHandle)[],
  count: Counting = () => undefined,
): Promise<Collected> {
  return gather(handles, fromHandle, count);
}

async function gather<T>(
  items: readonly T[],
  collect: (item: T, counting: Counting) => Promise<Collected>,
  count: Counting,
): Promise<Collected> {
  const parts: Collected[] = [];
  let before = 0;
  for (const item of items) {
    const part = await collect(item, (files) => count(before + files));
    parts.push(part);
    before += part.selection.files.length;
    count(before);
  }
  return {
    selection: combine(parts.map(({ selection }) => selection)),
    unreadable: parts.flatMap(({ unreadable }) => unreadable),
  };
}

async function fromHandle(handle: FileSystemFileHandle | FileSystemDirectoryHandle, count: Counting): Promise<Collected> {
  const tree = emptyTree(count);
  if (handle.kind === 'file') await takeFile(tree, handle.name, () => handle.getFile(), false);
  else await walkHandle(tree, handle, handle.name);
  return collected(tree, { handles: [{ name: handle.name, handle }], files: new Map() });
}

async function walkHandle(tree: Tree, folder: FileSystemDirectoryHandle, path: string): Promise<void> {
  tree.folders.push(path);
  const children: (FileSystemFileHandle | FileSystemDirectoryHandle)[] = [];
  try {
    for await (const child of folder.values()) children.push(child);
  } catch {
    tree.unreadable.push(path);
  }
  await inGroups(children, (child) => {
    const below = `${path}/${child.name}`;
    return child.kind === 'file' ? takeFile(tree, below, () => child.getFile(), false) : walkHandle(tree, child, below);
  });
}

async function fromEntry(entry: FileSystemEntry, count: Counting): Promise<Collected> {
  const tree = emptyTree(count);
  await walkEntry(tree, entry, entry.name);
  return collected(tree, { handles: [], files: tree.contents });
}

async function walkEntry(tree: Tree, entry: FileSystemEntry, path: string): Promise<void> {
  if (entry.isFile) {
    const get = () => new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
    return takeFile(tree, path, get, true);
  }
  tree.folders.push(path);
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const children: FileSystemEntry[] = [];
  try {
    for (;;) {
      // A reader gives a hundred entries at a time, and none at the end.
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) break;
      children.push(...some);
    }
  } catch {
    tree.unreadable.push(path);
  }
  await inGroups(children, (child) => walkEntry(tree, child, `${path}/${child.name}`));
}

async function takeFile(tree: Tree, path: string, get: () => Promise<File>, keep: boolean): Promise<void> {
  try {
    const file = await get();
    tree.files.push({ path, size: file.size, modified: file.lastModified });
    if (keep) tree.contents.set(path, file);
    tree.count(tree.files.length);
  } catch {
    tree.unreadable.push(path);
  }
}

async function inGroups<T>(items: T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let i = 0; i < items.length; i += together) await Promise.all(items.slice(i, i + together).map(work));
}

function emptyTree(count: Counting): Tree {
  return { files: [], folders: [], unreadable: [], contents: new Map(), count };
}

function collected({ files, folders, unreadable }: Tree, given: Selection['given']): Collected {
  return { selection: { files: inOrder(files), folders: folders.sort(), given }, unreadable };
}

/** Files in the order of their paths, so that those of one folder are sent one after the other. */
function inOrder(files: ManifestFile[]): ManifestFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

function single(name: string, file: File): Selection {
  return {
    files: [{ path: name, size: file.size, modified: file.lastModified }],
    folders: [],
    given: { handles: [], files: new Map([[name, file]]) },
  };
}

function parents(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'));
}
