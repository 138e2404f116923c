// The transfers of the person who is logged in, for components. There is one client of them in a tab.

import { useEffect, useState, useSyncExternalStore } from 'react';
import type { ApiClient } from '../api/client';
import { useApi } from '../api/context';
import { problemOf } from '../api/problem';
import { useAccount } from '../shell/account';
import type { TransferView } from './model';
import { SpecRefused, Transfers } from './transfers';

interface Shared {
  key: string;
  transfers: Transfers;
  users: number;
}

let shared: Shared | null = null;

/** The client of transfers; null when this Faspex has no gateway, and in the moment before the first look. */
export function useTransfers(): Transfers | null {
  const { client } = useApi();
  const { id, gateway_url: gateway } = useAccount();
  const [transfers, setTransfers] = useState<Transfers | null>(null);
  useEffect(() => {
    if (!gateway) return;
    const used = take(id, gateway, client);
    setTransfers(used.transfers);
    return () => {
      setTransfers(null);
      // Another component, or the same one a moment later, may still use it.
      setTimeout(() => leave(used));
    };
  }, [id, gateway, client]);
  return transfers;
}

/** The transfers as they stand, oldest first. */
export function useTransferViews(transfers: Transfers | null): readonly TransferView[] {
  return useSyncExternalStore(transfers?.subscribe ?? never, transfers?.snapshot ?? none);
}

const never = () => () => undefined;
const nothing: readonly TransferView[] = [];
const none = () => nothing;

function take(account: string, gateway: string, client: ApiClient): Shared {
  const key = `${account} ${gateway}`;
  if (shared?.key !== key) {
    shared?.transfers.close();
    shared = { key, users: 0, transfers: new Transfers({ account, gateway: onThisOrigin(gateway), spec: specFrom(client) }) };
  }
  shared.users++;
  return shared;
}

function leave(used: Shared): void {
  used.users--;
  if (used.users > 0 || shared !== used) return;
  shared = null;
  used.transfers.close();
}

/** The router serves the gateway on the page's own origin, whatever name people reach it by. */
function onThisOrigin(gateway: string): string {
  return new URL(new URL(gateway, window.location.href).pathname, window.location.origin).href.replace(/\/$/, '');
}

function specFrom(client: ApiClient): (packageId: string, paths: string[]) => Promise<unknown> {
  return async (packageId, paths) => {
    try {
      const { data } = await client.POST('/api/v5/packages/{id}/transfer_spec/upload', {
        params: { path: { id: packageId }, query: { transfer_type: 'http_gateway' } },
        body: { paths },
      });
      return data;
    } catch (error) {
      throw refusalOf(error);
    }
  };
}

function refusalOf(error: unknown): SpecRefused {
  const problem = problemOf(error);
  const detail = problem.message ? { detail: problem.message } : {};
  if (problem.temporary) return new SpecRefused({ code: 'unreachable', ...detail }, true);
  if (problem.code === 'session_ended' || problem.status === 401) return new SpecRefused({ code: 'signed_out' });
  if (problem.status === 404 || problem.status === 410 || problem.code === 'package_deleted') return new SpecRefused({ code: 'package_deleted' });
  if (problem.status === 403) return new SpecRefused({ code: 'not_allowed', ...detail });
  return new SpecRefused({ code: 'refused', ...detail });
}
