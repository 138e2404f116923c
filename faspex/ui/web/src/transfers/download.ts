// Downloads are the browser's own: core gives an address that works once, and the browser saves what comes from it.

import type { ApiClient } from '../api/client';
import { ApiProblem } from '../api/problem';

/** Browsers take several downloads of one click for one after the other only if there is a moment between them. */
const between = 400;

/** Saves a package, or these paths of it. It rejects with an ApiProblem when core refuses. */
export async function download(client: ApiClient, packageId: string, paths?: string[]): Promise<void> {
  save(await ticketFor(client, packageId, paths));
}

/** Saves several packages, each as a file of its own; nothing is saved if one of them is refused. */
export async function downloadAll(client: ApiClient, packageIds: readonly string[]): Promise<void> {
  const tickets = await Promise.all(packageIds.map((id) => ticketFor(client, id)));
  for (const [index, ticket] of tickets.entries()) {
    if (index > 0) await new Promise((resolve) => setTimeout(resolve, between));
    save(ticket);
  }
}

interface Ticket {
  url: string;
  name: string;
}

async function ticketFor(client: ApiClient, packageId: string, paths?: string[]): Promise<Ticket> {
  const { data } = await client.POST('/api/v5/packages/{id}/download_ticket', {
    params: { path: { id: packageId } },
    ...(paths && paths.length > 0 ? { body: { paths } } : {}),
  });
  if (typeof data?.url !== 'string') throw new ApiProblem({ code: 'bad_answer' });
  return data;
}

function save({ url, name }: Ticket): void {
  const link = document.createElement('a');
  const target = new URL(url, window.location.origin);
  // The gateway is on this origin; an address of another one is no ticket.
  if (target.origin !== window.location.origin) throw new ApiProblem({ code: 'bad_answer' });
  link.href = target.href;
  // With it the page stays even if the address leads to an error. The server's own name goes first.
  link.download = name;
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}
