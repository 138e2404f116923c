// What a package's status means to people: the key of its word, its colour, and whether it moves on by itself.

import type { Package } from '../api/types';

export type StatusColor = 'gray' | 'blue' | 'green' | 'red' | 'purple' | 'magenta' | 'cool-gray';

export const statusNames = [
  'waiting', 'uploading', 'paused', 'failed', 'uploaded', 'held', 'scheduled', 'processing', 'checking_relays', 'relaying', 'complete', 'expiring', 'expired', 'deleting', 'deleted', 'unknown',
] as const;
export type StatusName = (typeof statusNames)[number];

/** The statuses that a list can be narrowed to, by the server's names. */
export const statusFilters = ['starting', 'uploading', 'failed', 'uploaded_for_processing', 'completed', 'expired', 'deleted'] as const;

export interface PackageStatus {
  name: StatusName;
  color: StatusColor;
  /** True while the package moves on by itself within seconds, so that the page looks again soon. */
  moving: boolean;
}

const status = (name: StatusName, color: StatusColor, moving = false): PackageStatus => ({ name, color, moving });

// A package that waits for a person, for files or for a date, does not move.
const heldByUpload: Record<string, PackageStatus> = {
  submitted: status('waiting', 'gray'),
  pre_initiation: status('waiting', 'gray'),
  queued: status('waiting', 'gray'),
  transferring: status('uploading', 'blue', true),
  paused: status('paused', 'cool-gray'),
  stopped: status('paused', 'cool-gray'),
  timed_out: status('failed', 'red'),
  will_retry: status('failed', 'red'),
  error: status('failed', 'red'),
  failed: status('failed', 'red'),
};

const byState: Record<string, PackageStatus> = {
  transient_held_to_released_start: status('processing', 'purple', true),
  transient_held_to_released_routing_packages: status('checking_relays', 'purple', true),
  transient_held_to_released_finish: status('relaying', 'purple', true),
  transient_file_processing_needed: status('processing', 'purple', true),
  transient_file_processing: status('processing', 'purple', true),
  file_processing_failed: status('failed', 'red'),
  file_processing_timeout: status('failed', 'red'),
  released: status('complete', 'green'),
  transient_held_to_expired: status('expiring', 'magenta', true),
  transient_released_to_expired: status('expiring', 'magenta', true),
  expired: status('expired', 'cool-gray'),
  transient_held_to_deleted: status('deleting', 'magenta', true),
  transient_released_to_deleted: status('deleting', 'magenta', true),
  transient_expired_to_deleted: status('deleting', 'magenta', true),
  transient_file_processing_needed_to_deleted: status('deleting', 'magenta', true),
  transient_file_processing_to_deleted: status('deleting', 'magenta', true),
  transient_file_processing_failed_to_deleted: status('deleting', 'magenta', true),
  transient_file_processing_timeout_to_deleted: status('deleting', 'magenta', true),
  deleted: status('deleted', 'cool-gray'),
};

const unknown = status('unknown', 'gray');

type Facts = Pick<Package, 'state' | 'upload_status' | 'release_policy'>;

export function packageStatus(pkg: Facts): PackageStatus {
  if (pkg.state !== 'held') return byState[pkg.state] ?? unknown;
  if (pkg.upload_status !== 'completed') return heldByUpload[pkg.upload_status] ?? unknown;
  if (pkg.release_policy === 'later') return status('held', 'purple');
  if (pkg.release_policy === 'on_date') return status('scheduled', 'purple');
  return status('uploaded', 'purple', true);
}

/** True when a sender can start, or start again, the upload of the package's files. */
export function awaitsUpload(pkg: Pick<Package, 'state' | 'upload_status'>): boolean {
  return pkg.state === 'held' && pkg.upload_status !== 'completed';
}

/** True when the files are there to be received. */
export function isReleased(pkg: Pick<Package, 'state'>): boolean {
  return pkg.state === 'released';
}
