// Transfers in memory, for tests without a browser. Rows are copied in and out as a database does it.

import type { ManifestFile, StoredTransfer } from './model';
import type { TransferStore } from './store';

export class MemoryStore implements TransferStore {
  private readonly rows = new Map<string, { transfer: StoredTransfer; files: ManifestFile[] }>();

  all(account: string): Promise<StoredTransfer[]> {
    const found = [...this.rows.values()].filter(({ transfer }) => transfer.account === account);
    return Promise.resolve(found.map(({ transfer }) => copy(transfer)));
  }

  get(id: string): Promise<StoredTransfer | undefined> {
    const row = this.rows.get(id);
    return Promise.resolve(row && copy(row.transfer));
  }

  files(id: string): Promise<ManifestFile[]> {
    return Promise.resolve((this.rows.get(id)?.files ?? []).map((file) => ({ ...file })));
  }

  add(transfer: StoredTransfer, files: ManifestFile[]): Promise<void> {
    this.rows.set(transfer.id, { transfer: copy(transfer), files: files.map((file) => ({ ...file })) });
    return Promise.resolve();
  }

  update(transfer: StoredTransfer): Promise<void> {
    const row = this.rows.get(transfer.id);
    if (row) row.transfer = copy(transfer);
    return Promise.resolve();
  }

  replaceFile(id: string, index: number, file: ManifestFile): Promise<void> {
    const row = this.rows.get(id);
    if (row) row.files[index] = { ...file };
    return Promise.resolve();
  }

  remove(id: string): Promise<void> {
    this.rows.delete(id);
    return Promise.resolve();
  }
}

function copy(transfer: StoredTransfer): StoredTransfer {
  return { ...transfer, folders: [...transfer.folders], restarted: [...transfer.restarted], handles: [...transfer.handles] };
}
