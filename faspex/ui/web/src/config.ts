// The client configuration that the server publishes beside the page, in the form that command-line clients read too:
// `name = {client_id:'..',redirect_uri:'..'}`. It is parsed, never evaluated.

import { ApiProblem } from './api/problem';

export const basePath = '/aspera/faspex';

export interface ClientConfig {
  clientId: string;
  /** Path of the page that receives the authorization code; clients resolve it against their own origin. */
  redirectPath: string;
}

export function parseConfig(text: string): ClientConfig {
  const field = (name: string): string => {
    const match = new RegExp(`\\b${name}\\s*:\\s*(['"])(.*?)\\1`).exec(text);
    const value = match?.[2];
    if (!value) throw new ApiProblem({ code: 'bad_answer' });
    return value;
  };
  return { clientId: field('client_id'), redirectPath: field('redirect_uri') };
}

export async function loadConfig(): Promise<ClientConfig> {
  const response = await fetch(`${basePath}/config.js`).catch(() => {
    throw new ApiProblem({ code: 'unreachable' });
  });
  if (!response.ok) throw new ApiProblem({ code: 'unreachable', status: response.status });
  return parseConfig(await response.text());
}
