import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import { ConfirmDialog } from '../components/ConfirmDialog';
import { isolated, useFormat } from '../i18n/format';
import { useToast } from '../shell/toasts';
import { useChanges } from './changes';

interface DialogProps {
  packages: readonly Package[];
  close: () => void;
  /** Called after it was done. */
  done: () => void;
}

/** What is told of the packages: the title of one, else how many there are. */
function useNamed(packages: readonly Package[]): { count: number; title: string; packages: string } {
  const format = useFormat();
  // The title is set apart from the sentence around it, which it could otherwise turn round.
  return { count: packages.length, title: isolated(packages[0]?.title ?? ''), packages: format.count(packages.length) };
}

/** Takes packages off the person's own lists. They stay whole for everybody else, and the dialog says so. */
export function RemoveDialog({ packages, close, done }: DialogProps) {
  const { t } = useTranslation('packages');
  const { removeFromLists } = useChanges();
  const toast = useToast();
  const named = useNamed(packages);
  return (
    <ConfirmDialog
      title={t('remove.title', named)}
      confirm={t('action.remove')}
      failed={t('remove.failed', named)}
      run={async () => {
        await removeFromLists(packages);
        toast({ kind: 'success', title: t('done.removed', named) });
        done();
      }}
      close={close}
    >
      <p>{t('remove.text', named)}</p>
    </ConfirmDialog>
  );
}

/** Takes packages off the lists of all members of a group. The files stay, and so does what is in the history. */
export function ArchiveDialog({ packages, close, done }: DialogProps) {
  const { t } = useTranslation('packages');
  const { archiveForAll } = useChanges();
  const toast = useToast();
  const named = useNamed(packages);
  return (
    <ConfirmDialog
      title={t('archive.title', named)}
      confirm={t('action.archive')}
      failed={t('archive.failed', named)}
      run={async () => {
        await archiveForAll(packages);
        toast({ kind: 'success', title: t('done.archived', named) });
        done();
      }}
      close={close}
    >
      <p>{t('archive.text', named)}</p>
    </ConfirmDialog>
  );
}

/** Deletes packages for everybody. It tells how many others lose them, as the server counts them. */
export function DeleteDialog({ packages, close, done }: DialogProps) {
  const { t } = useTranslation('packages');
  const { deleteForEveryone } = useChanges();
  const toast = useToast();
  const format = useFormat();
  const named = useNamed(packages);
  const affected = packages.reduce((sum, pkg) => sum + pkg.recipients_affected, 0);
  return (
    <ConfirmDialog
      danger
      title={t('delete.title', named)}
      confirm={t('action.delete')}
      failed={t('delete.failed', named)}
      run={async () => {
        await deleteForEveryone(packages);
        toast({ kind: 'success', title: t('done.deleted', named) });
        done();
      }}
      close={close}
    >
      <p>{affected > 0 ? t('delete.others', { count: affected, others: format.count(affected) }) : t('delete.nobody')}</p>
      <p>{t('delete.text', named)}</p>
    </ConfirmDialog>
  );
}
