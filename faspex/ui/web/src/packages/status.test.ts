import { describe, expect, it } from 'vitest';
import { awaitsUpload, isDeletable, isReleased, packageStatus } from './status';

describe('packageStatus', () => {
  const table: [string, string, string][] = [
    ['Starting', 'held', 'submitted'],
    ['Uploading', 'held', 'queued'],
    ['Uploading', 'held', 'transferring'],
    ['Paused', 'held', 'paused'],
    ['Paused', 'held', 'stopped'],
    ['Failed', 'held', 'timed_out'],
    ['Failed', 'held', 'will_retry'],
    ['Failed', 'held', 'error'],
    ['Failed', 'held', 'failed'],
    ['Uploaded for processing', 'held', 'completed'],
    ['Processing', 'transient_held_to_released_start', 'completed'],
    ['Checking relays', 'transient_held_to_released_routing_packages', 'completed'],
    ['Relaying', 'transient_held_to_released_finish', 'completed'],
    ['Complete', 'released', 'completed'],
    ['Expiring', 'transient_released_to_expired', 'completed'],
    ['Expired', 'expired', 'completed'],
    ['Deleting', 'transient_released_to_deleted', 'completed'],
    ['Deleting', 'transient_expired_to_deleted', 'completed'],
    ['Deleted', 'deleted', 'completed'],
    ['Unknown', 'something_new', 'completed'],
    ['Unknown', 'held', 'something_new'],
  ];
  it.each(table)('%s: %s, %s', (label, state, upload_status) => {
    expect(packageStatus({ state, upload_status }).label).toBe(label);
  });
  it('keeps looking while something moves', () => {
    expect(packageStatus({ state: 'held', upload_status: 'transferring' }).moving).toBe(true);
    expect(packageStatus({ state: 'released', upload_status: 'completed' }).moving).toBe(false);
  });
});

describe('what can be done', () => {
  it('offers the upload until it is complete', () => {
    expect(awaitsUpload({ state: 'held', upload_status: 'failed' })).toBe(true);
    expect(awaitsUpload({ state: 'held', upload_status: 'completed' })).toBe(false);
    expect(awaitsUpload({ state: 'released', upload_status: 'completed' })).toBe(false);
  });
  it('offers the deletion while nothing is at work', () => {
    expect(isDeletable({ state: 'released' })).toBe(true);
    expect(isDeletable({ state: 'transient_held_to_released_start' })).toBe(false);
    expect(isDeletable({ state: 'deleted' })).toBe(false);
  });
  it('offers the download once it is released', () => {
    expect(isReleased({ state: 'released' })).toBe(true);
    expect(isReleased({ state: 'expired' })).toBe(false);
  });
});
