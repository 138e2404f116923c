// One HTTP request with a body that is streamed from disk and reports how much of it has gone out. XMLHttpRequest does that;
// fetch has no progress of uploads.

import { type Answer, Temporary } from './problem';

export interface Outgoing {
  method: 'POST' | 'PATCH' | 'HEAD' | 'GET' | 'DELETE';
  url: string;
  headers?: Record<string, string>;
  body?: Blob | string;
  signal: AbortSignal;
  onProgress?: (bytes: number) => void;
}

/** Sends a request. It rejects with Temporary when no answer came, and with the signal's reason when that was aborted. */
export type Transport = (request: Outgoing) => Promise<Answer>;

/** A request that moves nothing for this long is given up: after a change of network no answer ever comes. */
const stalledAfter = 45_000;

export const xhrTransport: Transport = ({ method, url, headers, body, signal, onProgress }) =>
  new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const request = new XMLHttpRequest();
    let timer: ReturnType<typeof setTimeout> | undefined;
    // The answer to the last byte takes as long as the node needs, so only the way out is watched.
    const watch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => request.abort(), stalledAfter);
    };
    const abort = () => request.abort();
    const settle = (finish: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      finish();
    };
    request.open(method, url);
    for (const [name, value] of Object.entries(headers ?? {})) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.loaded < event.total) watch();
      else clearTimeout(timer);
      onProgress?.(event.loaded);
    };
    request.onload = () =>
      settle(() =>
        resolve({ status: request.status, header: (name) => request.getResponseHeader(name), text: request.responseText }),
      );
    request.onerror = () => settle(() => reject(new Temporary('unreachable')));
    request.onabort = () => settle(() => reject(signal.aborted ? (signal.reason as Error) : new Temporary('unreachable')));
    signal.addEventListener('abort', abort);
    if (body instanceof Blob) watch();
    request.send(body ?? null);
  });
