import { Document, Folder } from '@carbon/icons-react';
import {
  Breadcrumb,
  BreadcrumbItem,
  Button,
  DataTableSkeleton,
  Link as CarbonLink,
  Table,
  TableBody,
  TableCell,
  TableContainer,
  TableHead,
  TableHeader,
  TableRow,
} from '@carbon/react';
import { useCallback, useEffect, useState } from 'react';
import type { Box } from '../api/client';
import type { FileItem } from '../api/types';
import { Problem } from '../shell/Problem';
import { useApp } from '../shell/context';
import { formatBytes, formatDate, numberOf } from './format';

/** The files of a package, one folder at a time. */
export function FileBrowser({ id, box }: { id: string; box: Box }) {
  const { api, sessionEnded } = useApp();
  const [path, setPath] = useState('/');
  const [items, setItems] = useState<FileItem[] | null>(null);
  const [next, setNext] = useState<string | null>(null);
  const [error, setError] = useState<Error | null>(null);

  const load = useCallback(
    async (token: string | null, signal?: AbortSignal) => {
      try {
        const page = await api.files(id, box, path, token, signal);
        setItems((current) => (token ? [...(current ?? []), ...page.items] : page.items));
        setNext(page.next);
        setError(null);
      } catch (reason) {
        if (!signal?.aborted && !sessionEnded(reason)) setError(reason instanceof Error ? reason : new Error(String(reason)));
      }
    },
    [api, id, box, path, sessionEnded],
  );
  useEffect(() => {
    const controller = new AbortController();
    setItems(null);
    void load(null, controller.signal);
    return () => controller.abort();
  }, [load]);

  return (
    <section className="section" aria-labelledby="files-heading">
      <h2 id="files-heading">Files</h2>
      <FolderPath path={path} go={setPath} />
      {error && <Problem title="The files could not be listed." error={error} retry={() => void load(null)} />}
      {!items && !error && <DataTableSkeleton columnCount={3} rowCount={3} showHeader={false} showToolbar={false} aria-label="Loading files" />}
      {items && (
        <TableContainer className="package-table">
          <Table aria-label="Files" size="md">
            <TableHead>
              <TableRow>
                <TableHeader>Name</TableHeader>
                <TableHeader className="cell-number">Size</TableHeader>
                <TableHeader className="cell-wide">Modified</TableHeader>
              </TableRow>
            </TableHead>
            <TableBody>
              {items.map((item) => (
                <TableRow key={item.path}>
                  <TableCell className="cell-title">
                    <FileName item={item} open={() => setPath(item.path)} />
                  </TableCell>
                  <TableCell className="cell-number">{item.type === 'directory' ? '–' : formatBytes(numberOf(item.size))}</TableCell>
                  <TableCell className="cell-wide cell-date">{formatDate(item.mtime)}</TableCell>
                </TableRow>
              ))}
              {items.length === 0 && (
                <TableRow>
                  <TableCell colSpan={3}>This folder is empty.</TableCell>
                </TableRow>
              )}
            </TableBody>
          </Table>
        </TableContainer>
      )}
      {next && (
        <Button kind="ghost" onClick={() => void load(next)}>
          Show more files
        </Button>
      )}
    </section>
  );
}

function FileName({ item, open }: { item: FileItem; open: () => void }) {
  if (item.type !== 'directory') {
    return (
      <span className="file-name">
        <Document aria-hidden />
        {item.basename}
      </span>
    );
  }
  return (
    <span className="file-name">
      <Folder aria-hidden />
      <CarbonLink as="button" type="button" onClick={open}>
        {item.basename}
      </CarbonLink>
    </span>
  );
}

/** The folders above the one that is shown; nothing at the top. */
function FolderPath({ path, go }: { path: string; go: (path: string) => void }) {
  const names = path.split('/').filter((name) => name !== '');
  if (names.length === 0) return null;
  return (
    <Breadcrumb noTrailingSlash className="folder-path" aria-label="Folder">
      <BreadcrumbItem>
        <CarbonLink as="button" type="button" onClick={() => go('/')}>
          All files
        </CarbonLink>
      </BreadcrumbItem>
      {names.map((name, index) => {
        const folder = `/${names.slice(0, index + 1).join('/')}`;
        return (
          <BreadcrumbItem key={folder} isCurrentPage={index === names.length - 1}>
            <CarbonLink as="button" type="button" onClick={() => go(folder)}>
              {name}
            </CarbonLink>
          </BreadcrumbItem>
        );
      })}
    </Breadcrumb>
  );
}
