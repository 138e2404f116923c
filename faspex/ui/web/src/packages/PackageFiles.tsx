import { Download } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useCallback, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useSearchParams } from '../navigation/router';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { FileTree, type FolderPage, type Selection } from '../components/FileTree';
import { useFormat } from '../i18n/format';
import { useDownloads } from './downloads';

const parameter = 'folder';

/** The side from which the person may list and download the package. */
export function sideOf(pkg: Package): 'sent' | 'received' {
  return pkg.sides.includes('received') || !pkg.sides.includes('sent') ? 'received' : 'sent';
}

/** The files of a package. The folder that is shown stands in the address. */
export function PackageFiles({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const [params] = useSearchParams();
  const folder = params.get(parameter) ?? '/';
  const load = useFolderOf(pkg);
  const downloads = useDownloads(pkg, 'download_files');
  const [selection, clear] = useSelection(folder);
  const count = selection.paths.size;
  return (
    <section className="section" aria-labelledby="files-heading">
      <div className="section-header">
        <h2 id="files-heading">{t('files.title')}</h2>
        <div className="actions" role="status">
          {count > 0 && (
            <>
              <Button size="md" renderIcon={Download} onClick={() => void downloads.download([...selection.paths])}>
                {t('files.download', { count, files: format.count(count) })}
              </Button>
              <Button size="md" kind="ghost" onClick={clear}>
                {t('files.clear')}
              </Button>
            </>
          )}
        </div>
      </div>
      <FileTree
        scope={['package', pkg.id]}
        folder={folder}
        load={load}
        top={t('files.all')}
        way={(to, name) => (
          <Link className="cds--link" to={withFolder(params, to)} preventScrollReset>
            {name}
          </Link>
        )}
        {...(downloads.possible ? { selection } : {})}
      />
    </section>
  );
}

function withFolder(params: URLSearchParams, folder: string): string {
  const next = new URLSearchParams(params);
  if (folder === '/') next.delete(parameter);
  else next.set(parameter, folder);
  return `?${next}`;
}

function useFolderOf(pkg: Package): (folder: string, offset: number, limit: number, signal: AbortSignal) => Promise<FolderPage> {
  const { client } = useApi();
  const { id } = pkg;
  const side = sideOf(pkg);
  return useCallback(
    async (path, offset, limit, signal) => {
      const call = { params: { path: { id }, query: { offset, limit } }, body: { path }, signal };
      const { data } =
        side === 'sent' ? await client.POST('/api/v5/packages/{id}/files/sent', call) : await client.POST('/api/v5/packages/{id}/files/received', call);
      return data as FolderPage;
    },
    [client, id, side],
  );
}

/** The paths that are chosen in a folder; another folder begins anew. */
function useSelection(folder: string): [Selection, () => void] {
  const [state, setState] = useState<{ folder: string; paths: ReadonlySet<string> }>({ folder, paths: new Set() });
  const paths = state.folder === folder ? state.paths : new Set<string>();
  const selection = useMemo<Selection>(
    () => ({
      paths,
      toggle: (path) => {
        const next = new Set(paths);
        if (!next.delete(path)) next.add(path);
        setState({ folder, paths: next });
      },
    }),
    // The set is made anew only with another folder or another choice.
    [folder, paths],
  );
  return [selection, () => setState({ folder, paths: new Set() })];
}
