// What the server lets the person do. The page shows what this list says and never infers it from a role or an address.

import { useAccount } from '../shell/account';

/** A capability by the server's name, such as `package.send`. */
export type Capability = string;

export function useCan(): (capability: Capability | undefined) => boolean {
  const account = useAccount();
  return (capability) => capability === undefined || can(account, capability);
}

export function can(account: { capabilities?: string[] }, capability: Capability): boolean {
  return account.capabilities?.includes(capability) ?? false;
}
