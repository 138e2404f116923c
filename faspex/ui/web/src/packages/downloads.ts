// The door to the downloads of the transfers: `src/transfers/download.ts`.

import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import { useProblemText } from '../components/ProblemNotice';
import { useToast } from '../shell/toasts';
import { useAccount } from '../shell/account';

const load = () => import('../transfers/download');

export interface Downloads {
  /** Whether this browser can download the package. */
  possible: boolean;
  /** Why it cannot, as a sentence; null when it can, or when the reason is that the person may not download at all. */
  reason: string | null;
  /** Downloads all of it, or these paths. */
  download: (paths?: string[]) => Promise<void>;
}

export function useDownloads(pkg: Package): Downloads {
  const { t } = useTranslation('packages');
  const { gateway_url: gateway } = useAccount();
  const toast = useToast();
  const textOf = useProblemText();
  const allowed = pkg.actions.includes('download');
  const prevented = pkg.prevent_http_download;
  const download = useCallback(
    async (paths?: string[]) => {
      try {
        await (await load()).download(pkg.id, paths);
      } catch (error) {
        toast({ kind: 'error', title: t('download.failed'), text: textOf(error) });
      }
    },
    [pkg.id, t, textOf, toast],
  );
  const reason = !allowed ? null : prevented ? t('download.prevented') : gateway === null ? t('download.noGateway') : null;
  return { possible: allowed && reason === null, reason, download };
}

/** Downloads several packages at once; null where this browser cannot. */
export function useDownloadAll(): ((packages: readonly Package[]) => Promise<void>) | null {
  const { t } = useTranslation('packages');
  const { gateway_url: gateway } = useAccount();
  const toast = useToast();
  const textOf = useProblemText();
  if (gateway === null) return null;
  return async (packages) => {
    try {
      const { downloadAll } = await load();
      await downloadAll(packages.map(({ id }) => id));
    } catch (error) {
      toast({ kind: 'error', title: t('download.failed'), text: textOf(error) });
    }
  };
}

/** Whether a package can be downloaded by a browser at all. */
export function allowsBrowsers(pkg: Package): boolean {
  return pkg.actions.includes('download') && !pkg.prevent_http_download;
}
