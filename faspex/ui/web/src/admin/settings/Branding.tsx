import { Button, FileUploaderButton } from '@carbon/react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ProblemNotice } from '../../components/ProblemNotice';
import { useToast } from '../../shell/toasts';

/** The images of the administrators: the logo in the menu bar and at the login, and what stands behind the login (faspex-AE7). */
export function Branding() {
  const { t } = useTranslation('settings');
  return (
    <section className="section" aria-labelledby="branding">
      <h2 id="branding">{t('branding.title')}</h2>
      <p className="section-text">{t('branding.text')}</p>
      <Picture place="logo" />
      <Picture place="background" />
    </section>
  );
}

const addresses = { logo: '/api/v5/configuration/branding/logo', background: '/api/v5/configuration/branding/background' } as const;

function Picture({ place }: { place: keyof typeof addresses }) {
  const { t } = useTranslation('settings');
  const { client, hooks, queries } = useApi();
  const toast = useToast();
  const address = addresses[place];
  const { data, error } = hooks.useQuery('get', address, {});
  const [problem, setProblem] = useState<unknown>(null);
  const name = t(`branding.${place}`);
  const put = async (file_name: string, file_contents: string) => {
    setProblem(null);
    try {
      await client.PUT(address, { body: { file_name, file_contents } });
      await Promise.all([queries.invalidateQueries({ queryKey: ['get', address] }), queries.invalidateQueries({ queryKey: ['get', '/api/v5/account'] })]);
      toast({ kind: 'success', title: t('branding.saved') });
    } catch (reason) {
      setProblem(reason);
    }
  };
  const pick = async (files: FileList | null) => {
    const file = files?.[0];
    if (file) await put(file.name, await contents(file));
  };
  return (
    <div className="branding" role="group" aria-label={name}>
      {data?.image_path && <img className="branding-image" src={data.image_path} alt={t('branding.now', { name, file: data.file_name })} />}
      <div className="actions">
        <FileUploaderButton accept={['image/*']} buttonKind="tertiary" labelText={t('branding.choose', { name })} disableLabelChanges onChange={(event) => void pick(event.target.files)} />
        {data?.image_path && (
          <Button kind="ghost" onClick={() => void put('', '')}>
            {t('branding.remove', { name })}
          </Button>
        )}
      </div>
      {(problem ?? error) != null && <ProblemNotice title={t('branding.failed')} error={problem ?? error} />}
    </div>
  );
}

/** A file as a data URL. */
function contents(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error ?? new Error('read'));
    reader.readAsDataURL(file);
  });
}
