// Files and folders that a person chose or dropped, as a tree below the package.

import { type Manifest, type RootHandle, topLevel } from './model';
import type { Given } from './sources';

export interface Selection extends Manifest {
  given: Given;
}

/** One file or folder that was chosen, as a form lists it. */
export interface Root {
  name: string;
  isFolder: boolean;
  files: number;
  bytes: number;
}

export const emptySelection: Selection = { files: [], folders: [], given: { handles: [], files: new Map() } };

export function rootsOf(selection: Selection): Root[] {
  const roots = new Map<string, Root>();
  const rootOf = (path: string, isFolder: boolean) => {
    const name = path.split('/', 1)[0] ?? path;
    const root = roots.get(name) ?? { name, isFolder, files: 0, bytes: 0 };
    roots.set(name, root);
    return root;
  };
  for (const path of selection.folders) rootOf(path, true);
  for (const { path, size } of selection.files) {
    const root = rootOf(path, path.includes('/'));
    root.files++;
    root.bytes += size;
  }
  return [...roots.values()].sort((a, b) => a.name.localeCompare(b.name));
}

/** Puts two selections together. */
export function merge(first: Selection, second: Selection): Selection {
  return combine([first, second]);
}

/** Puts selections together. What was chosen twice under one name gets a name of its own, as a desktop would give it. */
export function combine(selections: readonly Selection[]): Selection {
  const taken = new Set<string>();
  const all: Selection = { files: [], folders: [], given: { handles: [], files: new Map() } };
  for (const selection of selections) {
    const names = new Map<string, string>();
    for (const name of topLevel(selection)) {
      const free = freeName(name, taken);
      taken.add(free);
      names.set(name, free);
    }
    const { files, folders, given } = rename(selection, names);
    for (const file of files) all.files.push(file);
    for (const folder of folders) all.folders.push(folder);
    all.given.handles.push(...given.handles);
    for (const [path, file] of given.files) all.given.files.set(path, file);
  }
  return all;
}

/** The selection without one of its roots. */
export function without(selection: Selection, root: string): Selection {
  const stays = (path: string) => path !== root && !path.startsWith(`${root}/`);
  return {
    files: selection.files.filter(({ path }) => stays(path)),
    folders: selection.folders.filter(stays),
    given: {
      handles: selection.given.handles.filter(({ name }) => name !== root),
      files: new Map([...selection.given.files].filter(([path]) => stays(path))),
    },
  };
}

function rename(selection: Selection, names: Map<string, string>): Selection {
  const move = (path: string) => {
    const [root = path] = path.split('/', 1);
    return (names.get(root) ?? root) + path.slice(root.length);
  };
  return {
    files: selection.files.map((file) => ({ ...file, path: move(file.path) })),
    folders: selection.folders.map(move),
    given: {
      handles: selection.given.handles.map((root): RootHandle => ({ ...root, name: move(root.name) })),
      files: new Map([...selection.given.files].map(([path, file]) => [move(path), file])),
    },
  };
}

function freeName(name: string, taken: Set<string>): string {
  if (!taken.has(name)) return name;
  const dot = name.lastIndexOf('.');
  const [stem, extension] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  for (let n = 2; ; n++) {
    const free = `${stem} (${n})${extension}`;
    if (!taken.has(free)) return free;
  }
}
