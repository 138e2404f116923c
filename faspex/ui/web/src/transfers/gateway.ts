// The gateway's resumable uploads: a session holds the manifest, and each file of it is a tus 1.0 resource.
//
// The PATCH loop is our own and not tus-js-client's: a session tells the offsets of all files at once, where that library asks with
// HEAD for each; and what ends an upload here (a session that is over, a file that changed, a full node) are codes it does not know.

import type { Manifest } from './model';
import { failure, SessionLost } from './problem';
import type { Transport } from './transport';

export interface SessionFile {
  size: number;
  /** Bytes that the node holds of this very file, as far as that is known. */
  offset: number;
  /** False until the node has told: the gateway says it when asked for the file. */
  known: boolean;
  url: string;
}

export interface Session {
  url: string;
  files: SessionFile[];
}

export class Gateway {
  constructor(
    private readonly base: string,
    private readonly transport: Transport,
  ) {}

  /** Opens a session, which takes as long as the node needs to say what it holds already. */
  async open(spec: unknown, manifest: Manifest, signal: AbortSignal): Promise<Session> {
    const answer = await this.transport({
      method: 'POST',
      url: `${this.base}/sessions`,
      headers: { 'Content-Type': 'application/json', Accept: 'application/json' },
      body: JSON.stringify({
        transfer_spec: spec,
        files: manifest.files.map(({ path, size, modified }) => ({ path, size, mtime: modified / 1000 })),
        folders: manifest.folders,
      }),
      signal,
    });
    if (answer.status !== 201 && answer.status !== 200) throw failure(answer);
    const told = JSON.parse(answer.text) as { id: string; files: { size: number; offset: number | null; url: string }[] };
    if (told.files.length !== manifest.files.length) throw new SessionLost({ code: 'session_ended' });
    const origin = new URL(this.base, globalThis.location?.href).origin;
    return {
      url: `${this.base}/sessions/${encodeURIComponent(told.id)}`,
      files: told.files.map(({ size, offset, url }) => ({
        size,
        offset: offset ?? 0,
        known: offset !== null,
        url: new URL(url, origin).href,
      })),
    };
  }

  /** Sends a part of a file, and gives the offset after it. */
  async patch(
    url: string,
    offset: number,
    chunk: Blob,
    onProgress: (bytes: number) => void,
    signal: AbortSignal,
  ): Promise<number> {
    const answer = await this.transport({
      method: 'PATCH',
      url,
      headers: {
        'Tus-Resumable': '1.0.0',
        'Content-Type': 'application/offset+octet-stream',
        'Upload-Offset': String(offset),
      },
      // A type of the blob would replace the header.
      body: chunk.type === '' ? chunk : chunk.slice(0, chunk.size, ''),
      signal,
      onProgress,
    });
    if (answer.status !== 204 && answer.status !== 200) throw failure(answer);
    return offsetOf(answer.header('Upload-Offset')) ?? offset + chunk.size;
  }

  /** Asks how much of a file the gateway has taken. */
  async offset(url: string, signal: AbortSignal): Promise<number> {
    const answer = await this.transport({ method: 'HEAD', url, headers: { 'Tus-Resumable': '1.0.0' }, signal });
    if (answer.status !== 200 && answer.status !== 204) throw failure(answer);
    const offset = offsetOf(answer.header('Upload-Offset'));
    if (offset === null) throw new SessionLost({ code: 'session_ended' });
    return offset;
  }

  /** Waits until the node has checked and published everything. */
  async complete(session: Session, signal: AbortSignal): Promise<void> {
    const answer = await this.transport({ method: 'POST', url: `${session.url}/complete`, signal });
    if (answer.status !== 200 && answer.status !== 204) throw failure(answer);
  }

  /** Ends a session. What the node holds stays there to be continued. */
  async end(session: Session, signal: AbortSignal): Promise<void> {
    await this.transport({ method: 'DELETE', url: session.url, signal });
  }
}

function offsetOf(header: string | null): number | null {
  if (header === null || !/^\d+$/.test(header)) return null;
  return Number(header);
}
