// The door to the downloads of the transfers: `src/transfers/download.ts`.

import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import { useProblemText } from '../components/ProblemNotice';
import { useToast } from '../shell/toasts';
import { useAccount } from '../shell/account';

type Download = (packageId: string, paths?: string[]) => Promise<void>;

const modules = import.meta.glob<Download>('../transfers/download.ts', { import: 'download' });
const load = Object.values(modules)[0];

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
        await (await load?.())?.(pkg.id, paths);
      } catch (error) {
        toast({ kind: 'error', title: t('download.failed'), text: textOf(error) });
      }
    },
    [pkg.id, t, textOf, toast],
  );
  const reason = !allowed ? null : prevented ? t('download.prevented') : gateway === null ? t('download.noGateway') : null;
  return { possible: allowed && reason === null && load !== undefined, reason, download };
}
