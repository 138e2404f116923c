// Where the bytes of a transfer come from: handles that outlive a reload, or the File objects that a form gave.

import type { RootHandle } from './model';
import { NeedsPerson, TransferError } from './problem';

/** What a tab gives for the files of a transfer. */
export interface Given {
  handles: RootHandle[];
  /** Files by their path in the package, where there is no handle. */
  files: Map<string, File>;
}

export class Sources {
  private readonly roots = new Map<string, FileSystemHandle>();
  private readonly files = new Map<string, File>();
  /** The folder that was read last: files of one folder come one after the other. */
  private last: { path: string; handle: FileSystemDirectoryHandle } | null = null;

  constructor(given: Given) {
    this.add(given);
  }

  add(given: Given): void {
    for (const { name, handle } of given.handles) this.roots.set(name, handle);
    for (const [path, file] of given.files) this.files.set(path, file);
    this.last = null;
  }

  /** The file as it is now. It rejects with NeedsPerson when the browser may not, or cannot, read it. */
  async open(path: string): Promise<File> {
    const [name = path, ...rest] = path.split('/');
    // A folder's handle does not know every file in it (collect.ts).
    const file = this.files.get(path);
    if (file) return file;
    const root = this.roots.get(name);
    if (!root) throw new NeedsPerson('files');
    if ((await root.queryPermission({ mode: 'read' })) !== 'granted') throw new NeedsPerson('permission');
    try {
      return await (await this.find(root, rest, path)).getFile();
    } catch (error) {
      throw unreadable(error, path);
    }
  }

  /** Finds out whether a file that could not be sent can be read; gives the file as it is now. */
  async check(path: string, offset: number): Promise<File> {
    const file = await this.open(path);
    try {
      await file.slice(offset, offset + 1).arrayBuffer();
      return file;
    } catch (error) {
      // A File of a form is a picture of that moment: after a change on disk it can never be read again.
      if (this.files.delete(path)) throw new NeedsPerson('files');
      throw unreadable(error, path);
    }
  }

  private async find(root: FileSystemHandle, rest: string[], path: string): Promise<FileSystemFileHandle> {
    if (isFile(root)) return root;
    const name = rest.at(-1) ?? '';
    const folder = path.slice(0, path.length - name.length);
    if (this.last?.path !== folder) {
      let handle = root as FileSystemDirectoryHandle;
      for (const part of rest.slice(0, -1)) handle = await handle.getDirectoryHandle(part);
      this.last = { path: folder, handle };
    }
    return this.last.handle.getFileHandle(name);
  }
}

function isFile(handle: FileSystemHandle): handle is FileSystemFileHandle {
  return handle.kind === 'file';
}

function unreadable(error: unknown, path: string): Error {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError') return new NeedsPerson('permission');
  // The browser does not let this name be asked for.
  if (error instanceof TypeError) return new NeedsPerson('files');
  if (name === 'NotFoundError' || name === 'TypeMismatchError') return new TransferError({ code: 'file_missing', path });
  return new TransferError({ code: 'file_unreadable', path });
}
