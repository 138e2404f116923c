// The transfers in IndexedDB, so that a reload, a crash of the browser or another tab goes on with them.

import type { ManifestFile, StoredTransfer } from './model';

/** Where transfers are kept. */
export interface TransferStore {
  all(account: string): Promise<StoredTransfer[]>;
  get(id: string): Promise<StoredTransfer | undefined>;
  files(id: string): Promise<ManifestFile[]>;
  add(transfer: StoredTransfer, files: ManifestFile[]): Promise<void>;
  /** Writes a transfer that is still there; one that was removed stays removed. */
  update(transfer: StoredTransfer): Promise<void>;
  replaceFile(id: string, index: number, file: ManifestFile): Promise<void>;
  remove(id: string): Promise<void>;
}

const databaseName = 'faspex-transfers';
/** Files are kept in blocks: a row each would take seconds for 100,000. */
const block = 1000;

interface Block {
  transfer: string;
  block: number;
  files: ManifestFile[];
}

export class IndexedStore implements TransferStore {
  private database: Promise<IDBDatabase> | null = null;

  async all(account: string): Promise<StoredTransfer[]> {
    return this.run('readonly', (tx) => answer<StoredTransfer[]>(tx.objectStore('transfers').index('account').getAll(account)));
  }

  async get(id: string): Promise<StoredTransfer | undefined> {
    return this.run('readonly', (tx) => answer<StoredTransfer | undefined>(tx.objectStore('transfers').get(id)));
  }

  async files(id: string): Promise<ManifestFile[]> {
    const blocks = await this.run('readonly', (tx) => answer<Block[]>(tx.objectStore('files').getAll(blocksOf(id))));
    return blocks.flatMap(({ files }) => files);
  }

  async add(transfer: StoredTransfer, files: ManifestFile[]): Promise<void> {
    await this.run('readwrite', (tx) => {
      for (let i = 0; i < files.length; i += block) {
        const row: Block = { transfer: transfer.id, block: i / block, files: files.slice(i, i + block) };
        tx.objectStore('files').put(row);
      }
      return answer(tx.objectStore('transfers').put(transfer));
    });
  }

  async update(transfer: StoredTransfer): Promise<void> {
    await this.run('readwrite', async (tx) => {
      const transfers = tx.objectStore('transfers');
      if (await answer(transfers.getKey(transfer.id))) await answer(transfers.put(transfer));
    });
  }

  async replaceFile(id: string, index: number, file: ManifestFile): Promise<void> {
    await this.run('readwrite', async (tx) => {
      const files = tx.objectStore('files');
      const row = await answer<Block | undefined>(files.get([id, Math.floor(index / block)]));
      if (!row) return;
      row.files[index % block] = file;
      await answer(files.put(row));
    });
  }

  async remove(id: string): Promise<void> {
    await this.run('readwrite', async (tx) => {
      tx.objectStore('files').delete(blocksOf(id));
      await answer(tx.objectStore('transfers').delete(id));
    });
  }

  private async run<T>(mode: IDBTransactionMode, work: (tx: IDBTransaction) => Promise<T>): Promise<T> {
    this.database ??= open();
    const tx = (await this.database).transaction(['transfers', 'files'], mode);
    const ended = new Promise<void>((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? new Error('the transaction was ended'));
    });
    const [result] = await Promise.all([work(tx), ended]);
    return result;
  }
}

function open(): Promise<IDBDatabase> {
  const request = indexedDB.open(databaseName, 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('transfers', { keyPath: 'id' }).createIndex('account', 'account');
    request.result.createObjectStore('files', { keyPath: ['transfer', 'block'] });
  };
  return answer(request);
}

function blocksOf(id: string): IDBKeyRange {
  return IDBKeyRange.bound([id, 0], [id, Infinity]);
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error('the database did not answer'));
  });
}
