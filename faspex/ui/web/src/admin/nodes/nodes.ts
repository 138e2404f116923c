import type { QueryClient } from '@tanstack/react-query';
import type { Node, NodeChange } from '../types';

/** The values of a node in its form. */
export interface NodeValues {
  name: string;
  node_type: Node['node_type'];
  host: string;
  api_port: number;
  api_username: string;
  /** Empty: the one that is stored stays. */
  api_password: string;
  use_ssl: boolean;
  verify_ssl: boolean;
  public_key: string;
  connection_timeout: number;
  enable_secondary_transfer_address: boolean;
  primary_transfer_address: string;
  secondary_transfer_address: string;
  /** For whom the second address is. */
  requester_address_match: string;
  browser_address_match: string;
}

export const newNode: NodeValues = {
  name: '',
  node_type: 'gen4_node',
  host: '',
  api_port: 9092,
  api_username: '',
  api_password: '',
  use_ssl: true,
  verify_ssl: true,
  public_key: '',
  connection_timeout: 30,
  enable_secondary_transfer_address: false,
  primary_transfer_address: '',
  secondary_transfer_address: '',
  requester_address_match: '',
  browser_address_match: '',
};

export function nodeValues(node: Node): NodeValues {
  return {
    name: node.name,
    node_type: node.node_type,
    host: node.host,
    api_port: node.api_port,
    api_username: node.api_username,
    api_password: '',
    use_ssl: node.use_ssl,
    verify_ssl: node.verify_ssl,
    public_key: node.public_key ?? '',
    connection_timeout: node.connection_timeout,
    enable_secondary_transfer_address: node.enable_secondary_transfer_address,
    primary_transfer_address: node.primary_transfer_address,
    secondary_transfer_address: node.secondary_transfer_address,
    requester_address_match: node.requester_address_match,
    browser_address_match: node.browser_address_match,
  };
}

/** The body of a call: an empty password means the one that is stored. */
export function nodeChange({ api_password, ...values }: Partial<NodeValues>): NodeChange {
  return api_password ? { ...values, api_password } : values;
}

/** What decides whether a node is reached; a change of anything else needs no test. */
const connection: (keyof NodeValues)[] = ['host', 'api_port', 'api_username', 'api_password', 'use_ssl', 'verify_ssl', 'public_key', 'connection_timeout'];

export function needsTest(changed: Partial<NodeValues>): boolean {
  return connection.some((name) => name in changed);
}

/** Has lists of nodes and storage locations read again. */
export function forgetNodes(queries: QueryClient): void {
  for (const path of ['/api/v5/nodes', '/api/v5/nodes/{node_id}/shared_folders', '/api/v5/configuration']) {
    void queries.invalidateQueries({ queryKey: ['get', path] });
  }
}
