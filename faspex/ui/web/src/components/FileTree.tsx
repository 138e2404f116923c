import { Document, Folder, Link as LinkIcon } from '@carbon/icons-react';
import { Breadcrumb, BreadcrumbItem, Checkbox, SkeletonText } from '@carbon/react';
import { useQueries, type UseQueryResult } from '@tanstack/react-query';
import { useWindowVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useCallback, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { FileItem } from '../api/types';
import { isolated, nothing, numberOf, useFormat } from '../i18n/format';
import { ProblemNotice } from './ProblemNotice';
import './file-tree.scss';

const perPage = 500;
const rowHeight = 48;

export interface FolderPage {
  items: FileItem[];
  total_count: number;
}

export interface Selection {
  paths: ReadonlySet<string>;
  toggle: (path: string) => void;
}

interface FileTreeProps {
  /** What the folders belong to, for the cache: `['package', id]`. */
  scope: readonly string[];
  /** The folder that is shown, such as `/a/b`; `/` is the top. */
  folder: string;
  /** Reads a part of a folder. */
  load: (folder: string, offset: number, limit: number, signal: AbortSignal) => Promise<FolderPage>;
  /** Makes the way to another folder: a link where the folder is in the address, else a button. */
  way: (folder: string, name: ReactNode) => ReactNode;
  /** The name of the top folder. */
  top: string;
  selection?: Selection;
}

/**
 * The entries of one folder. Rows exist only for what is in the window, and parts of the folder are read as they come into it:
 * row n of the folder is row n of what the server lists, so no answer that comes late or twice can put an entry elsewhere.
 */
export function FileTree({ scope, folder, load, way, top, selection }: FileTreeProps) {
  const { t } = useTranslation('shell');
  const list = useRef<HTMLDivElement>(null);
  const heading = useFolderHeading(folder);
  const { total, item, error, retry, show } = useFolder(scope, folder, load);
  const rows = useWindowVirtualizer({
    count: total ?? 0,
    estimateSize: () => rowHeight,
    overscan: 10,
    scrollMargin: list.current?.offsetTop ?? 0,
  });
  const shown = rows.getVirtualItems();
  const first = shown[0]?.index ?? 0;
  const last = shown.at(-1)?.index ?? 0;
  useEffect(() => show(first, last), [show, first, last]);
  const names = folder.split('/').filter((name) => name !== '');
  return (
    <div className="file-tree">
      <h3 ref={heading} tabIndex={-1} className={names.length === 0 ? 'visually-hidden' : ''}>
        {names.length === 0 ? top : <bdi>{names.at(-1)}</bdi>}
      </h3>
      {names.length > 0 && (
        <Breadcrumb noTrailingSlash aria-label={t('files.path')}>
          {[top, ...names].slice(0, -1).map((name, index) => {
            const path = `/${names.slice(0, index).join('/')}`;
            return <BreadcrumbItem key={path}>{way(path, <bdi>{name}</bdi>)}</BreadcrumbItem>;
          })}
        </Breadcrumb>
      )}
      {error !== null && <ProblemNotice title={t('files.failed')} error={error} retry={retry} />}
      {total === null && error === null && <SkeletonText paragraph lineCount={3} />}
      {total === 0 && <p className="section-text">{t('files.empty')}</p>}
      {total !== null && total > 0 && (
        <div role="table" aria-label={names.length === 0 ? top : isolated(names.at(-1)!)} aria-rowcount={total + 1} ref={list}>
          <div role="rowgroup">
            <div role="row" aria-rowindex={1} className="file-tree__row file-tree__row--head">
              {selection && (
                <div role="columnheader" className="file-tree__select">
                  <span className="visually-hidden">{t('files.select')}</span>
                </div>
              )}
              <div role="columnheader" className="file-tree__name">
                {t('files.name')}
              </div>
              <div role="columnheader" className="file-tree__size">
                {t('files.size')}
              </div>
              <div role="columnheader" className="file-tree__time">
                {t('files.modified')}
              </div>
            </div>
          </div>
          <div role="rowgroup" className="file-tree__rows" style={{ blockSize: rows.getTotalSize() }}>
            {shown.map(({ index, start }) => (
              <div
                key={index}
                role="row"
                aria-rowindex={index + 2}
                className="file-tree__row"
                style={{ transform: `translateY(${start - rows.options.scrollMargin}px)` }}
              >
                <Entry item={item(index)} way={way} selection={selection} />
              </div>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

function Entry({ item, way, selection }: { item: FileItem | undefined; way: FileTreeProps['way']; selection: Selection | undefined }) {
  const { t } = useTranslation('shell');
  const format = useFormat();
  if (!item) {
    return (
      <div role="cell" className="file-tree__name">
        <SkeletonText width="30%" />
      </div>
    );
  }
  const Icon = item.type === 'directory' ? Folder : item.type === 'symbolic_link' ? LinkIcon : Document;
  const name = <bdi>{item.basename}</bdi>;
  return (
    <>
      {selection && (
        <div role="cell" className="file-tree__select">
          <Checkbox
            id={`file-${item.path}`}
            labelText={t('list.selectRow', { name: isolated(item.basename) })}
            hideLabel
            checked={selection.paths.has(item.path)}
            onChange={() => selection.toggle(item.path)}
          />
        </div>
      )}
      <div role="cell" className="file-tree__name">
        <Icon aria-label={t(`files.${item.type}`)} />
        {item.type === 'directory' ? way(item.path, name) : name}
      </div>
      <div role="cell" className="file-tree__size">
        {item.type === 'directory' ? nothing : format.bytes(numberOf(item.size))}
      </div>
      <div role="cell" className="file-tree__time">
        {format.date(item.mtime)}
      </div>
    </>
  );
}

/** Moves the focus to the folder's heading when another folder is shown, not when the first one is. */
function useFolderHeading(folder: string) {
  const heading = useRef<HTMLHeadingElement>(null);
  const before = useRef(folder);
  useEffect(() => {
    if (before.current === folder) return;
    before.current = folder;
    heading.current?.focus();
  }, [folder]);
  return heading;
}

interface FolderState {
  /** Null until it is known. */
  total: number | null;
  item: (index: number) => FileItem | undefined;
  error: unknown;
  retry: () => void;
  /** Tells which rows are in the window, so that they are read. */
  show: (first: number, last: number) => void;
}

function useFolder(scope: readonly string[], folder: string, load: FileTreeProps['load']): FolderState {
  const [wanted, setWanted] = useWantedPages(folder);
  const results = useQueries({
    queries: wanted.map((page) => ({
      queryKey: ['folder', ...scope, folder, page],
      queryFn: ({ signal }: { signal: AbortSignal }) => load(folder, page * perPage, perPage, signal),
      staleTime: 60_000,
    })),
    combine: (list: UseQueryResult<FolderPage>[]) => list,
  });
  const pages = new Map(wanted.map((page, index) => [page, results[index]]));
  const failed = results.find(({ error }) => error !== null);
  return {
    total: results.find(({ data }) => data !== undefined)?.data?.total_count ?? null,
    item: (index) => pages.get(Math.floor(index / perPage))?.data?.items[index % perPage],
    error: failed?.error ?? null,
    retry: () => void failed?.refetch(),
    show: setWanted,
  };
}

/** The parts of a folder that were in the window, the first one always. Another folder begins anew. */
function useWantedPages(folder: string): [number[], FolderState['show']] {
  const [state, setState] = useState({ folder, pages: [0] });
  const pages = state.folder === folder ? state.pages : [0];
  const show = useCallback(
    (first: number, last: number) =>
      setState((current) => {
        const known = current.folder === folder ? current.pages : [0];
        const from = Math.floor(first / perPage);
        const missing = Array.from({ length: Math.floor(last / perPage) - from + 1 }, (_, index) => from + index).filter((page) => !known.includes(page));
        return missing.length === 0 && current.folder === folder ? current : { folder, pages: [...known, ...missing] };
      }),
    [folder],
  );
  return [pages, show];
}
