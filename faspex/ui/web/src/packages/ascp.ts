// The shell commands that send and receive a package with ascp. The token travels in the environment, where other users
// of the machine cannot see it.

import type { TransferSpec } from '../api/types';

/** What a command is made of. */
export type CommandSpec = Partial<TransferSpec> & Pick<TransferSpec, 'remote_host' | 'remote_user' | 'token'>;

const defaultPort = 33001;

/** A word for a POSIX shell, quoted only where it must be. */
export function shellQuote(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./~-]+$/.test(word) && !word.startsWith('-')) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A path of this computer; one that begins with a dash would be read as an option. */
function localPath(path: string): string {
  return shellQuote(path.startsWith('-') ? `./${path}` : path);
}

function command(spec: CommandSpec, mode: 'send' | 'recv', words: string[]): string {
  const environment = [`ASPERA_SCP_TOKEN=${shellQuote(spec.token)}`];
  if (spec.cookie) environment.push(`ASPERA_SCP_COOKIE=${shellQuote(spec.cookie)}`);
  const options = [
    `--mode ${mode}`,
    `--host ${shellQuote(spec.remote_host)}`,
    `--user ${shellQuote(spec.remote_user)}`,
    `-P ${spec.ssh_port ?? defaultPort}`,
    `-O ${spec.fasp_port ?? defaultPort}`,
    '-d',
  ];
  if (spec.sshfp) options.push(`--check-sshfp ${shellQuote(spec.sshfp)}`);
  if (spec.target_rate_kbps) options.push(`-l ${spec.target_rate_kbps}`);
  if (spec.tags) options.push(`--tags64 ${base64(JSON.stringify(spec.tags))}`);
  return [...environment, ['ascp', ...options].join(' '), words.join(' ')].join(' \\\n  ');
}

/** Sends files and folders of this computer into the package. */
export function uploadCommand(spec: CommandSpec, paths: string[]): string {
  return command(spec, 'send', [...paths.map(localPath), shellQuote(spec.destination_root ?? '/')]);
}

/** Receives the whole package into a folder of this computer. */
export function downloadCommand(spec: CommandSpec, folder: string): string {
  const prefix = spec.source_root ? [`--source-prefix64 ${base64(spec.source_root)}`] : [];
  const sources = (spec.paths ?? [{ source: '.' }]).map(({ source }) => shellQuote(source));
  return command(spec, 'recv', [...prefix, ...sources, localPath(folder)]);
}

/** The paths of a text with one path on each line. */
export function pathsOf(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/** A folder name made from a package's title. */
export function folderName(title: string): string {
  const name = title
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '');
  return `./${name || 'package'}`;
}
