// What a transfer is: the part that is kept in the browser's database, and the part that every tab shows.

/** A file as it was when the person chose it. */
export interface ManifestFile {
  /** Relative to the package, with slashes. */
  path: string;
  size: number;
  /** Time of the last change in milliseconds. */
  modified: number;
}

/** Everything that an upload brings into a package. */
export interface Manifest {
  files: ManifestFile[];
  /** Folders, so that empty ones arrive too. */
  folders: string[];
}

/** Why a transfer stands still. Each has its own sentence in the catalogue. */
export type ProblemCode =
  | 'unreachable'
  | 'node_unreachable'
  | 'node_error'
  | 'node_full'
  | 'quota'
  | 'token_refused'
  | 'token_withdrawn'
  | 'no_such_package'
  | 'package_deleted'
  | 'not_allowed'
  | 'signed_out'
  | 'file_missing'
  | 'file_unreadable'
  | 'file_busy'
  | 'file_changed'
  | 'too_long'
  | 'bad_path'
  | 'session_ended'
  | 'storage'
  | 'refused';

export interface Problem {
  code: ProblemCode;
  /** The path of the file that it is about. */
  path?: string;
  /** What the server said in its own words. */
  detail?: string;
}

/** What the person wants of a transfer, as it survives a reload. */
export type Intent = 'run' | 'pause' | 'failed' | 'completed';

/** A transfer in the browser's database. It holds no token and no address that is worth one. */
export interface StoredTransfer {
  id: string;
  /** The account that started it: nobody else is shown it. */
  account: string;
  packageId: string;
  title: string;
  created: number;
  intent: Intent;
  bytes: number;
  files: number;
  folders: string[];
  /** The first names of what was chosen, to tell which files are needed again. */
  names: string[];
  /** Bytes and files that the node had at the last look, shown until the node is asked again. */
  sent: number;
  filesDone: number;
  problem: Problem | null;
  /** Files that were started anew because they had changed. */
  restarted: string[];
  /** Files and folders by name, where the browser gives handles that outlive a reload. */
  handles: RootHandle[];
}

export interface RootHandle {
  /** First part of the path in the package. */
  name: string;
  handle: FileSystemHandle;
}

export type TransferState =
  | 'queued'
  | 'running'
  /** The connection is lost; the next try comes by itself. */
  | 'waiting'
  | 'paused'
  /** The browser holds the files, but asks the person once more whether they may be read. */
  | 'needs-permission'
  /** The browser has forgotten the files: the person must choose them again. */
  | 'needs-files'
  | 'failed'
  /** Every byte is at the node, which checks and publishes them. */
  | 'finishing'
  | 'completed';

/** A transfer as every tab shows it. */
export interface TransferView {
  id: string;
  packageId: string;
  title: string;
  created: number;
  state: TransferState;
  bytes: number;
  sent: number;
  /** From 0 to 1. It never falls, and is 1 only when the package is complete. */
  share: number;
  files: number;
  filesDone: number;
  /** Bytes a second. */
  rate: number;
  secondsLeft: number | null;
  /** Bytes of each of the last seconds, oldest first. */
  history: number[];
  problem: Problem | null;
  restarted: string[];
  /** The first names of what was chosen. */
  names: string[];
  hasFolders: boolean;
}

/** Says whether the transfer sends, or would if it could, without a person doing anything. */
export function isActive(state: TransferState): boolean {
  return state === 'queued' || state === 'running' || state === 'waiting' || state === 'finishing';
}

/** First parts of the paths: what a transfer spec names. */
export function topLevel(manifest: Manifest): string[] {
  const names = new Set<string>();
  for (const { path } of manifest.files) names.add(path.split('/', 1)[0] ?? path);
  for (const path of manifest.folders) names.add(path.split('/', 1)[0] ?? path);
  return [...names];
}
