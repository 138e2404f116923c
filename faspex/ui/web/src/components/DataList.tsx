import {
  DataTableSkeleton,
  OverflowMenu,
  OverflowMenuItem,
  Table,
  TableBatchAction,
  TableBatchActions,
  TableBody,
  TableCell,
  TableContainer,
  TableHead,
  TableHeader,
  TableRow,
  TableSelectAll,
  TableSelectRow,
  TableToolbar,
  TableToolbarContent,
} from '@carbon/react';
import { type ReactNode, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isolated, useFormat } from '../i18n/format';
import { EmptyState } from './EmptyState';
import { ListPager } from './ListPager';
import { ListSearch } from './ListSearch';
import type { ListControl } from './listState';
import { ProblemNotice } from './ProblemNotice';
import './data-list.scss';

export interface Column<Row> {
  key: string;
  header: string;
  cell: (row: Row) => ReactNode;
  /** Name by which the server sorts it; absent: not sortable. */
  sort?: string;
  /** Numbers stand at the end of their cell. */
  numeric?: boolean;
  /** Dates stand on one line. */
  date?: boolean;
  /** The width of window below which the column is left out. */
  from?: 'md' | 'lg';
}

export interface Action {
  label: string;
  run: () => void;
  danger?: boolean;
}

interface DataListProps<Row> {
  /** What the list holds, for screen readers. */
  label: string;
  control: ListControl;
  /** Undefined until the first answer. */
  rows: Row[] | undefined;
  total: number;
  error: unknown;
  /** True while another answer is on its way and the rows are those of before. */
  busy?: boolean;
  retry: () => void;
  columns: Column<Row>[];
  rowKey: (row: Row) => string;
  /** The name of a row in the labels of its controls. */
  rowName: (row: Row) => string;
  /** What a narrow window shows below the first column. */
  below?: (row: Row) => ReactNode;
  rowActions?: (row: Row) => Action[];
  /** Actions that all of the selected rows allow; absent: rows cannot be selected. */
  bulkActions?: (rows: Row[], done: () => void) => (Action & { icon?: React.ComponentType })[];
  /** Placeholder of the search; absent: no search. */
  search?: string;
  /** Filters beside the search. */
  filters?: ReactNode;
  /** Shown when there are no rows at all, whatever is searched for. */
  empty: ReactNode;
}

/** A list whose pages, order and search are the server's, and whose state is in the address. */
export function DataList<Row>(props: DataListProps<Row>) {
  const { label, control, rows, total, error, busy = false, retry, columns, search, filters, empty } = props;
  const { t } = useTranslation('shell');
  const format = useFormat();
  useLastPage(control, rows, total);
  const nothing = rows?.length === 0 && total === 0;
  return (
    <section className="data-list" aria-label={label}>
      {error !== null && error !== undefined && <ProblemNotice title={t('list.failed')} error={error} retry={retry} />}
      {(search !== undefined || filters) && !(nothing && !control.narrowed) && (
        <div className="data-list__tools">
          {search !== undefined && <ListSearch label={search} control={control} />}
          {filters}
        </div>
      )}
      <p role="status" className="visually-hidden">
        {rows && control.narrowed ? t('list.found', { count: total, total: format.count(total) }) : ''}
      </p>
      {!rows && !error && <DataTableSkeleton columnCount={columns.length} rowCount={5} showHeader={false} showToolbar={false} aria-label={t('list.loading')} />}
      {nothing &&
        (control.narrowed ? (
          <EmptyState
            title={t('list.nothing.title')}
            text={t('list.nothing.text')}
            action={{ label: t('list.nothing.clear'), run: () => control.change({ q: '', filters: {} }) }}
          />
        ) : (
          empty
        ))}
      {rows && rows.length > 0 && (
        <div aria-busy={busy} className={busy ? 'data-list__rows data-list__rows--busy' : 'data-list__rows'}>
          <Rows {...props} rows={rows} />
          <ListPager control={control} total={total} />
        </div>
      )}
    </section>
  );
}

/** Goes to the last page that has rows when the page of the address has become empty. */
function useLastPage(control: ListControl, rows: unknown[] | undefined, total: number): void {
  const last = Math.max(1, Math.ceil(total / control.size));
  useEffect(() => {
    if (rows && rows.length === 0 && total > 0 && control.page > last) control.change({ page: last }, true);
  }, [control, rows, total, last]);
}

function Rows<Row>({ label, control, rows, columns, rowKey, rowName, below, rowActions, bulkActions }: DataListProps<Row> & { rows: Row[] }) {
  const { t } = useTranslation('shell');
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const selected = rows.filter((row) => marked.has(rowKey(row)));
  const clear = () => setMarked(new Set());
  const { page, size, q, sort } = control;
  useEffect(clear, [page, size, q, sort]);
  const toggle = (key: string) =>
    setMarked((current) => {
      const next = new Set(current);
      if (!next.delete(key)) next.add(key);
      return next;
    });
  return (
    <TableContainer>
      {bulkActions && selected.length > 0 && (
        <TableToolbar aria-label={t('list.bulk')}>
          <TableBatchActions
            totalSelected={selected.length}
            totalCount={rows.length}
            shouldShowBatchActions
            onCancel={clear}
            translateWithId={(id) => (id === 'carbon.table.batch.cancel' ? t('action.cancel') : t('list.selected', { count: selected.length }))}
          >
            {bulkActions(selected, clear).map(({ label: text, run, icon }) => (
              <TableBatchAction key={text} onClick={run} {...(icon ? { renderIcon: icon } : {})}>
                {text}
              </TableBatchAction>
            ))}
          </TableBatchActions>
          <TableToolbarContent>{null}</TableToolbarContent>
        </TableToolbar>
      )}
      <Table aria-label={label} size="lg">
        <TableHead>
          <TableRow>
            {bulkActions && (
              <TableSelectAll
                id="select-all"
                name="select-all"
                aria-label={t('list.selectAll')}
                checked={selected.length === rows.length}
                indeterminate={selected.length > 0 && selected.length < rows.length}
                onSelect={() => setMarked(selected.length === rows.length ? new Set() : new Set(rows.map(rowKey)))}
              />
            )}
            {columns.map((column) => (
              <Heading key={column.key} column={column} control={control} />
            ))}
            {rowActions && (
              <TableHeader className="data-list__menu">
                <span className="visually-hidden">{t('list.menu')}</span>
              </TableHeader>
            )}
          </TableRow>
        </TableHead>
        <TableBody>
          {rows.map((row) => {
            const key = rowKey(row);
            const actions = rowActions?.(row) ?? [];
            return (
              <TableRow key={key} isSelected={marked.has(key)}>
                {bulkActions && (
                  <TableSelectRow
                    id={`select-${key}`}
                    name={`select-${key}`}
                    aria-label={t('list.selectRow', { name: isolated(rowName(row)) })}
                    checked={marked.has(key)}
                    onSelect={() => toggle(key)}
                  />
                )}
                {columns.map((column, index) => (
                  <TableCell key={column.key} className={index === 0 ? `data-list__main ${classOf(column)}` : classOf(column)}>
                    {column.cell(row)}
                    {index === 0 && below && <div className="data-list__below">{below(row)}</div>}
                  </TableCell>
                ))}
                {rowActions && (
                  <TableCell className="data-list__menu">
                    {actions.length > 0 && (
                      <OverflowMenu flipped size="md" iconDescription={t('list.actions', { name: isolated(rowName(row)) })} aria-label={t('list.actions', { name: isolated(rowName(row)) })}>
                        {actions.map(({ label: text, run, danger }) => (
                          <OverflowMenuItem key={text} itemText={text} isDelete={danger ?? false} onClick={() => afterMenu(run)} />
                        ))}
                      </OverflowMenu>
                    )}
                  </TableCell>
                )}
              </TableRow>
            );
          })}
        </TableBody>
      </Table>
    </TableContainer>
  );
}

/** Runs when the menu has closed and given the focus back to its button, to which a dialog then returns it. */
function afterMenu(run: () => void): void {
  requestAnimationFrame(() => requestAnimationFrame(run));
}

function classOf<Row>({ numeric, date, from }: Column<Row>): string {
  return [numeric ? 'data-list__number' : '', date ? 'data-list__date' : '', from ? `data-list__from-${from}` : ''].join(' ').trim();
}

function Heading<Row>({ column, control }: { column: Column<Row>; control: ListControl }) {
  const { t } = useTranslation('shell');
  const { sort, header } = column;
  if (!sort) return <TableHeader className={classOf(column)}>{header}</TableHeader>;
  const direction = control.sort === sort ? 'ASC' : control.sort === `-${sort}` ? 'DESC' : 'NONE';
  return (
    <TableHeader
      className={classOf(column)}
      isSortable
      isSortHeader={direction !== 'NONE'}
      sortDirection={direction}
      translateWithId={() => (direction === 'ASC' ? t('list.sortUp') : direction === 'DESC' ? t('list.sortDown') : t('list.sortNone'))}
      onClick={() => control.change({ sort: direction === 'ASC' ? `-${sort}` : sort })}
    >
      {header}
    </TableHeader>
  );
}
