// A small HTTP server that speaks the gateway's contract for uploads, for the tests of the client. It can be told to fail.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Answer, Temporary } from './problem';
import type { Transport } from './transport';

interface Declared {
  path: string;
  size: number;
  mtime: number;
}

interface Held extends Declared {
  content: Buffer;
}

interface Failure {
  status: number;
  code?: string;
  message?: string;
}

export class FakeGateway {
  /** What the node holds, by path; an unfinished file with fewer bytes than its size. */
  readonly node = new Map<string, Held>();
  readonly folders = new Set<string>();
  /** Bodies of the requests for sessions. */
  readonly specs: unknown[] = [];
  readonly requests: string[] = [];
  readonly sizes: number[] = [];
  /** Tells no offset before it is asked for a file. */
  silent = false;
  published = false;
  /** Bytes of PATCH bodies, whether they were kept or not. */
  received = 0;
  atOnce = 0;
  /** Answers a request in place of the gateway when it gives something. */
  refuse: (request: string) => Failure | undefined = () => undefined;
  /** Holds a PATCH back before its body is read. */
  before: (request: string) => Promise<void> = () => Promise.resolve();
  /** Breaks the connection after so many bytes of a PATCH, keeping them. */
  breakAfter: (request: string) => number | undefined = () => undefined;

  private readonly sessions = new Map<string, Declared[]>();
  private made = 0;
  private server: Server | null = null;
  base = '';

  async start(): Promise<void> {
    this.server = createServer((request, response) => {
      this.handle(request, response).catch(() => request.socket.destroy());
    });
    await new Promise<void>((resolve) => this.server?.listen(0, '127.0.0.1', resolve));
    this.base = `http://127.0.0.1:${(this.server?.address() as AddressInfo).port}/aspera/http-gwy`;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  /** The gateway starts anew: it knows no session any more. */
  forget(): void {
    this.sessions.clear();
  }

  content(path: string): string | undefined {
    return this.node.get(path)?.content.toString();
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = `${request.method} ${(request.url ?? '').replace('/aspera/http-gwy/sessions', '')}`;
    this.requests.push(name);
    const failure = this.refuse(name);
    if (failure) {
      request.resume();
      this.problem(response, failure);
      return;
    }
    const [, id = '', kind = '', index = ''] = name.slice(name.indexOf(' ') + 1).split('/');
    if (id === '') return this.open(request, response);
    const files = this.sessions.get(id);
    if (!files) {
      request.resume();
      return this.problem(response, { status: 404, code: 'session_unknown' });
    }
    if (request.method === 'DELETE') {
      this.sessions.delete(id);
      response.writeHead(204).end();
    } else if (kind === 'complete') this.complete(files, response);
    else await this.file(files[Number(index)]!, name, request, response);
  }

  private async open(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const body = JSON.parse(Buffer.concat(parts).toString()) as { transfer_spec: unknown; files: Declared[]; folders: string[] };
    this.specs.push(body.transfer_spec);
    for (const folder of body.folders) this.folders.add(folder);
    const id = `s${++this.made}`;
    this.sessions.set(id, body.files);
    const files = body.files.map((file, index) => {
      const held = this.node.get(file.path);
      if (!held || held.size !== file.size || held.mtime !== file.mtime) this.node.set(file.path, { ...file, content: Buffer.alloc(0) });
      const offset = this.silent ? null : this.node.get(file.path)!.content.length;
      return { path: file.path, size: file.size, offset, url: `/aspera/http-gwy/sessions/${id}/files/${index}` };
    });
    response.writeHead(201, { 'Content-Type': 'application/json' }).end(JSON.stringify({ id, files }));
  }

  private async file(file: Declared, name: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const held = this.node.get(file.path)!;
    if (request.method === 'HEAD') {
      response.writeHead(200, { 'Upload-Offset': held.content.length, 'Upload-Length': held.size, 'Cache-Control': 'no-store' }).end();
      return;
    }
    if (request.headers['content-type'] !== 'application/offset+octet-stream' || request.headers['tus-resumable'] !== '1.0.0') {
      return this.problem(response, { status: 415 });
    }
    if (Number(request.headers['upload-offset']) !== held.content.length) return this.problem(response, { status: 409, code: 'offset_mismatch' });
    this.atOnce++;
    let size = 0;
    const limit = this.breakAfter(name);
    try {
      await this.before(name);
      for await (const part of request) {
        const bytes = (part as Buffer).subarray(0, limit === undefined ? undefined : limit - size);
        held.content = Buffer.concat([held.content, bytes]);
        size += bytes.length;
        this.received += bytes.length;
        if (size === limit) {
          request.socket.destroy();
          return;
        }
      }
    } finally {
      this.atOnce--;
    }
    this.sizes.push(size);
    response.writeHead(204, { 'Upload-Offset': held.content.length }).end();
  }

  private complete(files: Declared[], response: ServerResponse): void {
    const whole = files.every(({ path, size }) => this.node.get(path)?.content.length === size);
    if (!whole) return this.problem(response, { status: 409, code: 'session_ended', message: 'files are missing' });
    this.published = true;
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ files: files.length, bytes: 0 }));
  }

  private problem(response: ServerResponse, { status, code = '', message = '' }: Failure): void {
    const body = { status, code, message, error: { code, user_message: message } };
    response.writeHead(status, { 'Content-Type': 'application/problem+json', Connection: 'close' }).end(JSON.stringify(body));
  }
}

/** Node has no XMLHttpRequest; what it lacks here is progress within a request. */
export const fetchTransport: Transport = async ({ method, url, headers, body, signal, onProgress }): Promise<Answer> => {
  try {
    const response = await fetch(url, { method, signal, ...(headers ? { headers } : {}), ...(body === undefined ? {} : { body }) });
    if (body instanceof Blob) onProgress?.(body.size);
    return { status: response.status, header: (name) => response.headers.get(name), text: await response.text() };
  } catch {
    signal.throwIfAborted();
    throw new Temporary('unreachable');
  }
};
