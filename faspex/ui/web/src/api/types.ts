// The parts of the Faspex API v5 that the page reads and writes. Field names are those of the published interface.

export interface Account {
  id: string;
  name: string;
  first_name?: string;
  last_name?: string;
  email?: string;
}

export type RecipientType = 'user' | 'workgroup' | 'shared_inbox';

export interface Recipient {
  id?: string;
  name: string;
  first_name?: string;
  last_name?: string;
  recipient_type?: RecipientType;
  email?: string;
}

export interface Package {
  id: string;
  title: string;
  state: string;
  upload_status: string;
  status?: string;
  note?: string | null;
  message?: string | null;
  error_desc?: string | null;
  total_bytes?: number | null;
  total_files?: number | null;
  created_time?: string | null;
  release_date?: string | null;
  expiration_date?: string | null;
  upload_completion_time?: string | null;
  sender?: Account | null;
  recipients?: Recipient[] | null;
  package_uuid?: string;
}

export interface PackageList {
  total_count: number;
  packages: Package[];
}

export interface Contact {
  id?: string;
  name: string;
  email?: string;
  first_name?: string;
  last_name?: string;
  type: string;
}

/** Numbers arrive as text. */
export interface UploadDetails {
  upload_status: string;
  percentage_complete?: string | number | null;
  time_remaining?: string | number | null;
  bytes_written?: string | number | null;
  bytes_total?: string | number | null;
}

export interface FileItem {
  path: string;
  basename: string;
  type: 'file' | 'directory' | 'symbolic_link';
  size?: string | number | null;
  mtime?: string | null;
}

export interface TransferSpec {
  direction: 'send' | 'receive';
  remote_host: string;
  remote_user: string;
  ssh_port?: number;
  fasp_port?: number;
  /** Digest of the node's SSH host key. */
  sshfp?: string;
  token: string;
  cookie?: string;
  destination_root?: string;
  source_root?: string;
  paths?: { source: string }[];
  rate_policy?: string;
  target_rate_kbps?: number;
  tags?: unknown;
}
