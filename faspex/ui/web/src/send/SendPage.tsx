import { useEffect, useMemo } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from '../navigation/router';
import { useApi } from '../api/context';
import { PageHeader } from '../components/PageHeader';
import { useAccount } from '../shell/account';
import { useTransfers } from '../transfers/useTransfers';
import { emptyDraft, isEmpty } from './draft';
import { FilesField } from './FilesField';
import type { FilesState, PackageCreate } from './request';
import { SendForm } from './SendForm';
import { useDraft } from './useDraft';
import { useProfiles } from './useProfiles';
import { useSelection } from './useSelection';

/** Sends a package: files first, then to whom. The upload goes on in the panel of transfers. */
export default function SendPage() {
  const { t } = useTranslation('send');
  const { client, queries } = useApi();
  const { gateway_url: gateway } = useAccount();
  const transfers = useTransfers();
  const navigate = useNavigate();
  const { draft, change, done, lost } = useDraft();
  const chosen = useSelection();
  const profiles = useProfiles();

  const { selection, reading } = chosen;
  const hasFiles = selection.files.length > 0 || selection.folders.length > 0;
  const dirty = hasFiles || reading || !isEmpty({ ...draft, files: emptyDraft.files });
  const names = useMemo(() => [...new Set([...selection.folders, ...selection.files.map(({ path }) => path)].map((path) => path.split('/', 1)[0] ?? ''))], [selection]);
  useEffect(() => {
    if (names.length > 0) change({ files: names });
  }, [names, change]);

  const files = (): FilesState => {
    if (!gateway) return 'not needed';
    if (reading) return 'reading';
    return hasFiles ? 'some' : 'none';
  };
  const send = async (body: PackageCreate, withFiles: boolean) => {
    const { data } = await client.POST('/api/v5/packages', { body });
    const id = data?.id ?? '';
    if (withFiles && transfers && hasFiles) await transfers.add(id, body.title, selection);
    return () => {
      done();
      void queries.invalidateQueries();
      navigate(`/packages/sent/${encodeURIComponent(id)}`);
    };
  };
  return (
    <>
      <PageHeader title={t('title')} text={t(gateway ? 'text' : 'textWithoutGateway')} />
      <SendForm
        label={t('title')}
        draft={draft}
        change={change}
        dirty={dirty}
        profiles={profiles}
        files={files()}
        {...(gateway ? { filesField: (error: string) => <FilesField chosen={chosen} error={error} lost={lost} />, without: t('action.ascp') } : {})}
        send={send}
        submit={t(gateway ? 'action.send' : 'action.create')}
        failed={t('failed')}
      />
    </>
  );
}
