import type { StorageLocation } from '../types';

/** The values of a storage location in its form. */
export interface StorageValues {
  name: string;
  directory: string;
  default_inbox: boolean;
  read_permission: StorageLocation['read_permission'];
  enable_linking: boolean;
  override_transfer_parameters: boolean;
  kbps_initial_target_upload_rate: number;
  kbps_max_target_upload_rate: number;
  kbps_initial_target_download_rate: number;
  kbps_max_target_download_rate: number;
}

export const newStorage: StorageValues = {
  name: '',
  directory: '',
  default_inbox: false,
  read_permission: 'private',
  enable_linking: false,
  override_transfer_parameters: false,
  kbps_initial_target_upload_rate: 10_000,
  kbps_max_target_upload_rate: 20_000,
  kbps_initial_target_download_rate: 10_000,
  kbps_max_target_download_rate: 20_000,
};

export function storageValues(location: StorageLocation): StorageValues {
  return {
    name: location.name,
    directory: location.directory ?? '',
    default_inbox: location.default_inbox,
    read_permission: location.read_permission,
    enable_linking: location.enable_linking,
    override_transfer_parameters: location.override_transfer_parameters,
    kbps_initial_target_upload_rate: location.kbps_initial_target_upload_rate,
    kbps_max_target_upload_rate: location.kbps_max_target_upload_rate,
    kbps_initial_target_download_rate: location.kbps_initial_target_download_rate,
    kbps_max_target_download_rate: location.kbps_max_target_download_rate,
  };
}
