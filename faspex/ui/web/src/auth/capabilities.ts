// What the server lets the person do. The page shows what this list says and never infers it from a role or an address.

import type { OwnAccount } from '../api/types';
import { useAccount } from '../shell/account';

/** A capability by the server's name, such as `package.send`. */
export type Capability = OwnAccount['capabilities'][number];

export function useCan(): (capability: Capability | undefined) => boolean {
  const account = useAccount();
  return (capability) => capability === undefined || can(account, capability);
}

export function can({ capabilities }: Pick<OwnAccount, 'capabilities'>, capability: Capability): boolean {
  return capabilities.includes(capability);
}
