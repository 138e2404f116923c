// What went wrong, in a form that a page can show. No text of a browser or a parser gets into one: a failure that has no
// sentence of the server has a code, and the page has a sentence for each code.

/** Codes of failures that happen on this side; every other code is the server's. */
export type LocalCode = 'unreachable' | 'bad_answer' | 'session_ended' | 'unexpected';

export interface FieldError {
  /** Name of the field as the API has it; empty when the whole form is meant. */
  field: string;
  message: string;
}

interface ProblemFields {
  status?: number;
  code: string;
  /** The server's sentence; empty when it has none. */
  message?: string;
  requestId?: string | null;
  /** Seconds after which another try makes sense. */
  retryAfter?: number | null;
  errors?: FieldError[];
}

export class ApiProblem extends Error {
  readonly status: number;
  readonly code: string;
  readonly requestId: string | null;
  readonly retryAfter: number | null;
  readonly errors: FieldError[];

  constructor(fields: ProblemFields) {
    super(fields.message ?? '');
    this.status = fields.status ?? 0;
    this.code = fields.code;
    this.requestId = fields.requestId ?? null;
    this.retryAfter = fields.retryAfter ?? null;
    this.errors = fields.errors ?? [];
  }

  /** True when the same request can succeed later without being changed. */
  get temporary(): boolean {
    return this.code === 'unreachable' || this.code === 'bad_answer' || this.status === 429 || this.status >= 500;
  }
}

export type Problem = ApiProblem;

/** Anything that was thrown, as a problem. Errors of the page itself become 'unexpected'; their texts are for the console. */
export function problemOf(error: unknown): ApiProblem {
  return error instanceof ApiProblem ? error : new ApiProblem({ code: 'unexpected' });
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function seconds(header: string | null, now: number): number | null {
  if (!header) return null;
  const number = Number(header);
  if (Number.isFinite(number)) return Math.max(0, number);
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : Math.max(0, Math.ceil((date - now) / 1000));
}

/** The last part of a location such as `body.first_name`, which is the field of a form. */
function fieldOf(location: string): string {
  return location.replace(/^body\.?/, '').replace(/\[\d+\].*$/, '');
}

/** Reads an error answer in any of the shapes that the API documents. `body` is what was parsed, null when it was no JSON. */
export function problemFrom(response: Response, body: unknown): ApiProblem {
  const answer = record(body);
  const inner = record(answer['error']);
  const list = Array.isArray(answer['errors']) ? answer['errors'] : [];
  return new ApiProblem({
    status: response.status,
    code: text(inner['code']) || text(answer['error']) || text(answer['code']) || `http_${response.status}`,
    message:
      text(inner['user_message']) || text(inner['description']) || text(answer['error_description']) || text(answer['message']) || text(answer['detail']),
    requestId: response.headers.get('X-Request-Id'),
    retryAfter: seconds(response.headers.get('Retry-After'), Date.now()),
    errors: list.map(record).map((item) => ({ field: fieldOf(text(item['location'])), message: text(item['message']) })),
  });
}
