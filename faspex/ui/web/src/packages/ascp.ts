// The commands that send and receive a package with ascp, for three shells. The token travels in the environment, where
// other users of the machine cannot see it, and where the shell's history does not keep it beside the command.

import type { TransferSpec } from '../api/types';

export const shells = ['bash', 'powershell', 'cmd'] as const;
export type Shell = (typeof shells)[number];

/** What a command is made of. */
export type CommandSpec = Partial<TransferSpec> & Pick<TransferSpec, 'remote_host' | 'remote_user' | 'token'>;

const defaultPort = 33001;
const plain = /^[A-Za-z0-9_@+=:,./~-]+$/;

/** A word for a POSIX shell, quoted only where it must be. */
function bashWord(word: string): string {
  return plain.test(word) && !word.startsWith('-') && !word.startsWith('~') ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

/**
 * A word for PowerShell. Between single quotes only they themselves are special, the typographic ones too, which PowerShell
 * takes for the same. Older versions hand a double quote on to programs as it is, which ends the word there: it needs a backslash.
 */
function powershellWord(word: string): string {
  if (plain.test(word) && !/^[-@~]/.test(word) && !word.includes(',')) return word;
  return `'${windowsQuotes(word).replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

/** A word for cmd.exe. Percent signs are special even between quotes; a caret outside of them keeps one as it is. */
function cmdWord(word: string): string {
  if (plain.test(word) && !/[=,]/.test(word)) return word;
  return `"${windowsQuotes(word).replaceAll('%', '"^%"')}"`;
}

/** Quotes, and the backslashes before them and before the end of a word, as Windows programs read their command lines. */
function windowsQuotes(word: string): string {
  return word.replaceAll(/(\\*)"/g, '$1$1\\"').replace(/\\+$/, '$&$&');
}

const dialects: Record<Shell, { word: (word: string) => string; set: (name: string, value: string) => string; join: string; next: string }> = {
  bash: { word: bashWord, set: (name, value) => `${name}=${bashWord(value)}`, join: ' \\\n  ', next: ' \\\n  ' },
  powershell: { word: powershellWord, set: (name, value) => `$env:${name} = ${powershellAssigned(value)}`, join: ' `\n  ', next: '\n' },
  cmd: { word: cmdWord, set: (name, value) => `set "${name}=${value}"`, join: ' ^\n  ', next: '\n' },
};

/** A value in PowerShell's own language: nothing is handed to a program, so double quotes stay as they are. */
function powershellAssigned(value: string): string {
  return `'${value.replaceAll(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`;
}

function base64(text: string): string {
  let binary = '';
  for (const byte of new TextEncoder().encode(text)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** A path of this computer; one that begins with a dash would be read as an option. */
function localPath(path: string): string {
  return path.startsWith('-') ? `./${path}` : path;
}

function command(shell: Shell, spec: CommandSpec, mode: 'send' | 'recv', words: string[]): string {
  const { word, set, join, next } = dialects[shell];
  const environment = [set('ASPERA_SCP_TOKEN', spec.token)];
  if (spec.cookie) environment.push(set('ASPERA_SCP_COOKIE', spec.cookie));
  const options = ['--mode', mode, '--host', word(spec.remote_host), '--user', word(spec.remote_user)];
  options.push('-P', String(spec.ssh_port ?? defaultPort), '-O', String(spec.fasp_port ?? defaultPort), '-d');
  if (spec.sshfp) options.push('--check-sshfp', word(spec.sshfp));
  if (spec.target_rate_kbps) options.push('-l', String(spec.target_rate_kbps));
  if (spec.tags) options.push('--tags64', word(base64(JSON.stringify(spec.tags))));
  return [...environment, [['ascp', ...options].join(' '), words.map(word).join(' ')].join(join)].join(next);
}

/** Sends files and folders of this computer into the package. */
export function uploadCommand(shell: Shell, spec: CommandSpec, paths: string[]): string {
  return command(shell, spec, 'send', [...paths.map(localPath), spec.destination_root ?? '/']);
}

/** Receives the whole package into a folder of this computer. */
export function downloadCommand(shell: Shell, spec: CommandSpec, folder: string): string {
  const prefix = spec.source_root ? ['--source-prefix64', base64(spec.source_root)] : [];
  const sources = (spec.paths ?? [{ source: '.' }]).map(({ source }) => source ?? '.');
  const { word } = dialects[shell];
  // Options are no words of the person and stay unquoted.
  const text = command(shell, spec, 'recv', [...sources, localPath(folder)]);
  return prefix.length === 0 ? text : text.replace(' -d', ` -d ${prefix[0]} ${word(prefix[1] ?? '')}`);
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

/** The shell that people of this computer most likely have. */
export function likelyShell(platform: string): Shell {
  return /win/i.test(platform) && !/darwin/i.test(platform) ? 'powershell' : 'bash';
}
