// The door to the downloads of the transfers: `src/transfers/download.ts`.

import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import type { Package } from '../api/types';
import { useProblemText } from '../components/ProblemNotice';
import { useToast } from '../shell/toasts';
import { useCan } from '../auth/capabilities';
import { useAccount } from '../shell/account';

const load = () => import('../transfers/download');

export interface Downloads {
  /** Whether this browser can download the package. */
  possible: boolean;
  /** Why it cannot, as a sentence; null when it can, and for a package of which the person has nothing to download anyway. */
  reason: string | null;
  /** Downloads all of it, or these paths. */
  download: (paths?: string[]) => Promise<void>;
}

/** What may be downloaded of a package now: by `download_files` single files, while the rest of it is on its way. */
export function useDownloads(pkg: Package, action: 'download' | 'download_files' = 'download'): Downloads {
  const { t } = useTranslation('packages');
  const { client } = useApi();
  const { gateway_url: gateway } = useAccount();
  const can = useCan();
  const toast = useToast();
  const textOf = useProblemText();
  const allowed = pkg.actions.includes(action);
  const prevented = pkg.prevent_http_download;
  const download = useCallback(
    async (paths?: string[]) => {
      try {
        await (await load()).download(client, pkg.id, paths);
      } catch (error) {
        toast({ kind: 'error', title: t('download.failed'), text: textOf(error) });
      }
    },
    [client, pkg.id, t, textOf, toast],
  );
  const whyNot = (): string | null => {
    if (allowed) return prevented ? t('download.prevented') : gateway === null ? t('download.noGateway') : null;
    if (pkg.download_availability !== 'full' || pkg.sides.length === 0) return null;
    if (!can('package.download')) return t('download.notAllowed');
    return pkg.download_limit !== null && pkg.sides.includes('received') ? t('download.limit') : null;
  };
  const reason = whyNot();
  return { possible: allowed && reason === null, reason, download };
}

/** Downloads several packages at once; null where this browser cannot. */
export function useDownloadAll(): ((packages: readonly Package[]) => Promise<void>) | null {
  const { t } = useTranslation('packages');
  const { client } = useApi();
  const { gateway_url: gateway } = useAccount();
  const toast = useToast();
  const textOf = useProblemText();
  if (gateway === null) return null;
  return async (packages) => {
    try {
      const { downloadAll } = await load();
      await downloadAll(client, packages.map(({ id }) => id));
    } catch (error) {
      toast({ kind: 'error', title: t('download.failed'), text: textOf(error) });
    }
  };
}

/** Whether a package can be downloaded by a browser at all. */
export function allowsBrowsers(pkg: Package): boolean {
  return pkg.actions.includes('download') && !pkg.prevent_http_download;
}
