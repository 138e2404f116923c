// The text of an API's error answer, whichever of the documented shapes it has.

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

function record(value: unknown): Record<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : null;
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function errorMessage(answer: unknown, status: number): string {
  const body = record(answer);
  const error = record(body?.['error']);
  return (
    text(error?.['user_message']) ??
    text(error?.['description']) ??
    text(body?.['error_description']) ??
    text(body?.['message']) ??
    text(body?.['detail']) ??
    text(body?.['error']) ??
    `The server answered with HTTP ${status}.`
  );
}
