// The words and colours for what happens to a package: the guide's table of states and upload statuses.

import type { Package } from '../api/types';

export type StatusColor = 'gray' | 'blue' | 'green' | 'red' | 'purple' | 'magenta' | 'cool-gray';

export interface PackageStatus {
  label: string;
  color: StatusColor;
  /** True while the package moves on by itself, so that the page looks again soon. */
  moving: boolean;
}

const status = (label: string, color: StatusColor, moving = false): PackageStatus => ({ label, color, moving });

const heldByUpload: Record<string, PackageStatus> = {
  submitted: status('Starting', 'gray', true),
  pre_initiation: status('Starting', 'gray', true),
  queued: status('Uploading', 'blue', true),
  transferring: status('Uploading', 'blue', true),
  paused: status('Paused', 'cool-gray'),
  stopped: status('Paused', 'cool-gray'),
  timed_out: status('Failed', 'red'),
  will_retry: status('Failed', 'red', true),
  error: status('Failed', 'red'),
  failed: status('Failed', 'red'),
  completed: status('Uploaded for processing', 'purple', true),
};

const byState: Record<string, PackageStatus> = {
  transient_held_to_released_start: status('Processing', 'purple', true),
  transient_held_to_released_routing_packages: status('Checking relays', 'purple', true),
  transient_held_to_released_finish: status('Relaying', 'purple', true),
  released: status('Complete', 'green'),
  transient_held_to_expired: status('Expiring', 'magenta', true),
  transient_released_to_expired: status('Expiring', 'magenta', true),
  expired: status('Expired', 'cool-gray'),
  transient_held_to_deleted: status('Deleting', 'magenta', true),
  transient_released_to_deleted: status('Deleting', 'magenta', true),
  transient_expired_to_deleted: status('Deleting', 'magenta', true),
  deleted: status('Deleted', 'cool-gray'),
};

const unknown = status('Unknown', 'gray');

export function packageStatus(pkg: Pick<Package, 'state' | 'upload_status'>): PackageStatus {
  if (pkg.state === 'held') return heldByUpload[pkg.upload_status] ?? unknown;
  return byState[pkg.state] ?? unknown;
}

/** True when a sender can start, or start again, the upload of the package's files. */
export function awaitsUpload(pkg: Pick<Package, 'state' | 'upload_status'>): boolean {
  return pkg.state === 'held' && pkg.upload_status !== 'completed';
}

/** True when the files are there to be received. */
export function isReleased(pkg: Pick<Package, 'state'>): boolean {
  return pkg.state === 'released';
}

const deletableStates = ['held', 'released', 'expired'];

/** True when nothing is being done with the package, so that it can be deleted. */
export function isDeletable(pkg: Pick<Package, 'state'>): boolean {
  return deletableStates.includes(pkg.state);
}
