import { DataTable, DataTableSkeleton, Link as CarbonLink, Table, TableBody, TableCell, TableContainer, TableHead, TableHeader, TableRow } from '@carbon/react';
import { Link } from 'react-router';
import type { Box } from '../api/client';
import type { Package } from '../api/types';
import { formatBytes, formatCount, formatDate, formatNames, personName } from './format';
import { StatusTag } from './StatusTag';

const headers = (box: Box) => [
  { key: 'title', header: 'Title' },
  { key: 'people', header: box === 'received' ? 'Sender' : 'Recipients' },
  { key: 'status', header: 'Status' },
  { key: 'size', header: 'Size' },
  { key: 'files', header: 'Files' },
  { key: 'date', header: 'Date' },
];

const cellClass: Record<string, string> = {
  title: 'cell-title',
  people: 'cell-wide',
  status: 'cell-status',
  size: 'cell-wide cell-number',
  files: 'cell-wide cell-extra cell-number',
  date: 'cell-wide cell-date',
};

function people(box: Box, pkg: Package): string {
  return box === 'received' ? personName(pkg.sender) : formatNames((pkg.recipients ?? []).map(personName));
}

export function PackageTable({ box, packages }: { box: Box; packages: Package[] }) {
  const byId = new Map(packages.map((pkg) => [pkg.id, pkg]));
  return (
    <DataTable rows={packages.map((pkg) => ({ id: pkg.id, title: pkg.title }))} headers={headers(box)} size="lg">
      {({ rows, headers: columns, getTableProps, getRowProps }) => (
        <TableContainer className="package-table">
          <Table {...getTableProps()} aria-label={`${box === 'received' ? 'Received' : 'Sent'} packages`}>
            <TableHead>
              <TableRow>
                {columns.map(({ key, header }) => (
                  <TableHeader key={key} className={cellClass[key] ?? ''}>
                    {header}
                  </TableHeader>
                ))}
              </TableRow>
            </TableHead>
            <TableBody>
              {rows.map((row) => {
                const pkg = byId.get(row.id);
                const { key, ...props } = getRowProps({ row });
                return pkg ? (
                  <TableRow key={key} {...props}>
                    {columns.map((header) => (
                      <TableCell key={header.key} className={cellClass[header.key] ?? ''}>
                        <Cell column={header.key} box={box} pkg={pkg} />
                      </TableCell>
                    ))}
                  </TableRow>
                ) : null;
              })}
            </TableBody>
          </Table>
        </TableContainer>
      )}
    </DataTable>
  );
}

function Cell({ column, box, pkg }: { column: string; box: Box; pkg: Package }) {
  switch (column) {
    case 'title':
      return (
        <>
          <CarbonLink as={Link} to={`/${box}/${encodeURIComponent(pkg.id)}`}>
            {pkg.title}
          </CarbonLink>
          <span className="cell-below">
            {people(box, pkg)} · {formatDate(pkg.created_time)}
          </span>
        </>
      );
    case 'people':
      return people(box, pkg);
    case 'status':
      return <StatusTag pkg={pkg} />;
    case 'size':
      return formatBytes(pkg.total_bytes);
    case 'files':
      return formatCount(pkg.total_files);
    default:
      return formatDate(pkg.created_time);
  }
}

export function PackageTableSkeleton({ box }: { box: Box }) {
  return <DataTableSkeleton headers={headers(box)} columnCount={6} rowCount={5} showHeader={false} showToolbar={false} aria-label="Loading packages" />;
}
