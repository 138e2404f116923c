// The failures of a transfer as errors, and what an answer of the gateway or of core means for it.

import type { Problem, ProblemCode } from './model';

/** Ends a transfer until the person does something. */
export class TransferError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** The request did not get through, or the server is busy: worth another try. */
export class Temporary extends Error {
  constructor(
    readonly code: ProblemCode,
    /** What the server asked to wait for, in milliseconds. */
    readonly retryAfter: number | null = null,
  ) {
    super(code);
  }
}

/** The session at the gateway is over; a new one goes on where it was. */
export class SessionLost extends Error {
  constructor(readonly problem: Problem) {
    super(problem.code);
  }
}

/** The gateway holds another number of bytes than this client thought. */
export class OffsetMismatch extends Error {}

/** The file is not the one that the session was told of. */
export class FileChanged extends Error {
  constructor(
    readonly index: number,
    readonly size: number,
    readonly modified: number,
  ) {
    super('file changed');
  }
}

/** The browser cannot read the files without the person. */
export class NeedsPerson extends Error {
  constructor(readonly what: 'files' | 'permission') {
    super(what);
  }
}

// These come from the node or the gateway and hold until somebody does something about them.
const lasting: Record<string, ProblemCode> = {
  node_full: 'node_full',
  quota: 'quota',
  token_refused: 'token_refused',
  too_long: 'too_long',
  bad_path: 'bad_path',
  bad_name: 'bad_path',
  file_conflict: 'bad_path',
};

// A new session with a new token may do what this one could not.
const sessionEnds: Record<string, ProblemCode> = {
  session_unknown: 'session_ended',
  session_ended: 'session_ended',
  file_changed: 'file_changed',
  token_withdrawn: 'token_withdrawn',
  no_such_package: 'no_such_package',
  node_error: 'node_error',
};

export interface Answer {
  status: number;
  header: (name: string) => string | null;
  text: string;
}

/** Turns an answer that is not a success into the error that says what to do next. */
export function failure(answer: Answer): Error {
  const { code, message } = problemOf(answer.text);
  const detail = message ? { detail: message } : {};
  if (code === 'offset_mismatch') return new OffsetMismatch(code);
  const ends = sessionEnds[code];
  if (ends) return new SessionLost({ code: ends, ...detail });
  const lasts = lasting[code];
  if (lasts) return new TransferError({ code: lasts, ...detail });
  if (code === 'node_unreachable') return new Temporary('node_unreachable', retryAfter(answer));
  if (code === 'file_busy') return new Temporary('file_busy', retryAfter(answer));
  switch (answer.status) {
    case 404:
    case 410:
      return new SessionLost({ code: 'session_ended', ...detail });
    case 409:
    case 460: // checksum of the chunk does not fit: it was damaged on its way
      return new OffsetMismatch(`HTTP ${answer.status}`);
    case 507:
      return new TransferError({ code: 'node_full', ...detail });
    case 408:
    case 423: // another request for the same file is not quite over
    case 425:
    case 429:
      return new Temporary('unreachable', retryAfter(answer));
  }
  if (answer.status >= 500 || answer.status === 0) return new Temporary('unreachable', retryAfter(answer));
  return new TransferError({ code: 'refused', ...detail });
}

function problemOf(text: string): { code: string; message: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { code: '', message: '' };
  }
  const outer = record(body);
  const inner = record(outer['error']);
  return {
    code: textOf(outer['code']) || textOf(inner['code']),
    message: textOf(inner['user_message']) || textOf(outer['message']),
  };
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function retryAfter(answer: Answer): number | null {
  const value = answer.header('Retry-After');
  if (value === null || value.trim() === '') return null;
  const seconds = Number(value);
  if (Number.isFinite(seconds)) return Math.max(0, seconds * 1000);
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - Date.now());
}
