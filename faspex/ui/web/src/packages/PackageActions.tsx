import { Archive, Download, Launch, SubtractAlt, TrashCan, UserFollow } from '@carbon/icons-react';
import { Button } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link, useNavigate } from '../navigation/router';
import type { Package } from '../api/types';
import { isolated } from '../i18n/format';
import { useToast } from '../shell/toasts';
import { useProblemText } from '../components/ProblemNotice';
import { useListAddress } from './boxes';
import { useChanges } from './changes';
import { ArchiveDialog, DeleteDialog, RemoveDialog } from './dialogs';
import { useDownloads } from './downloads';

/** The buttons of a package: exactly what the server says that the person may do with it now. */
export function PackageActions({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const list = useListAddress();
  const navigate = useNavigate();
  const [asking, setAsking] = useState<'remove' | 'archive' | 'delete' | null>(null);
  const downloads = useDownloads(pkg);
  const allows = (action: Package['actions'][number]) => pkg.actions.includes(action);
  const left = () => navigate(list);
  return (
    <>
      {downloads.possible && (
        <Button renderIcon={Download} onClick={() => void downloads.download()}>
          {t('action.download')}
        </Button>
      )}
      {downloads.reason !== null && (
        <span className="no-download">
          <Button renderIcon={Download} disabled aria-describedby="no-download">
            {t('action.download')}
          </Button>
          <span id="no-download">{downloads.reason}</span>
        </span>
      )}
      {allows('release') && <ReleaseButton pkg={pkg} />}
      {allows('forward') && (
        <Button as={Link} kind="tertiary" renderIcon={UserFollow} to={`/packages/forward/${encodeURIComponent(pkg.id)}`}>
          {t('action.forward')}
        </Button>
      )}
      {allows('remove_from_my_list') && (
        <Button kind="tertiary" renderIcon={SubtractAlt} onClick={() => setAsking('remove')}>
          {t('action.remove')}
        </Button>
      )}
      {allows('archive_for_all') && (
        <Button kind="tertiary" renderIcon={Archive} onClick={() => setAsking('archive')}>
          {t('action.archive')}
        </Button>
      )}
      {allows('delete_for_everyone') && (
        <Button kind="danger--ghost" renderIcon={TrashCan} onClick={() => setAsking('delete')}>
          {t('action.delete')}
        </Button>
      )}
      {asking === 'remove' && <RemoveDialog packages={[pkg]} close={() => setAsking(null)} done={left} />}
      {asking === 'archive' && <ArchiveDialog packages={[pkg]} close={() => setAsking(null)} done={left} />}
      {asking === 'delete' && <DeleteDialog packages={[pkg]} close={() => setAsking(null)} done={left} />}
    </>
  );
}

function ReleaseButton({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const { release } = useChanges();
  const toast = useToast();
  const textOf = useProblemText();
  const [working, setWorking] = useState(false);
  const run = async () => {
    setWorking(true);
    try {
      await release(pkg);
      toast({ kind: 'success', title: t('done.released', { title: isolated(pkg.title) }) });
    } catch (error) {
      toast({ kind: 'error', title: t('release.failed'), text: textOf(error) });
    } finally {
      setWorking(false);
    }
  };
  return (
    <Button kind="primary" renderIcon={Launch} disabled={working} onClick={() => void run()}>
      {t('action.release')}
    </Button>
  );
}
