import { Button, CodeSnippet, ContentSwitcher, InlineLoading, Layer, Switch, TextArea, TextInput } from '@carbon/react';
import { type FormEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../api/context';
import type { Package, TransferSpec } from '../api/types';
import { ProblemNotice } from '../components/ProblemNotice';
import { useFormat } from '../i18n/format';
import { downloadCommand, folderName, likelyShell, pathsOf, shells, uploadCommand } from './ascp';
import './ascp.scss';
import { sideOf } from './PackageFiles';

interface Answer {
  spec: TransferSpec;
  /** When the token ends, in milliseconds; null when the server does not tell. */
  ends: number | null;
  words: string[];
}

/** The third way to move files: a command for ascp, which sends and receives over UDP at the speed of the link. */
export function AscpSection({ pkg, direction }: { pkg: Package; direction: 'upload' | 'download' }) {
  const { t } = useTranslation('packages');
  const ask = useTransferSpec(pkg, direction);
  const [text, setText] = useState(direction === 'download' ? folderName(pkg.title) : '');
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [working, setWorking] = useState(false);
  const words = pathsOf(text);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setWorking(true);
    setError(null);
    try {
      setAnswer({ ...(await ask(words)), words });
    } catch (reason) {
      setError(reason);
    } finally {
      setWorking(false);
    }
  };
  const field = {
    id: `ascp-${direction}`,
    labelText: t(`ascp.${direction}.field`),
    helperText: t(`ascp.${direction}.help`),
    value: text,
    dir: 'ltr',
    spellCheck: false,
    onChange: (event: { target: { value: string } }) => setText(event.target.value),
  };
  return (
    <section className="section" aria-labelledby={`ascp-${direction}-heading`}>
      <h2 id={`ascp-${direction}-heading`}>{t(`ascp.${direction}.title`)}</h2>
      <Layer className="command">
        <p className="section-text">{t(`ascp.${direction}.text`)}</p>
        <form className="stack" onSubmit={(event) => void submit(event)}>
          {direction === 'upload' ? <TextArea rows={3} {...field} /> : <TextInput {...field} />}
          <div className="actions">
            <Button type="submit" kind="tertiary" disabled={words.length === 0 || working}>
              {t(`ascp.${direction}.button`)}
            </Button>
            {working && <InlineLoading description={t('ascp.working')} />}
          </div>
        </form>
        <div aria-live="polite">
          {error !== null && <ProblemNotice title={t('ascp.failed')} error={error} />}
          {answer && <Command answer={answer} direction={direction} />}
        </div>
      </Layer>
    </section>
  );
}

function Command({ answer, direction }: { answer: Answer; direction: 'upload' | 'download' }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const [shell, setShell] = useState(likelyShell(navigator.platform));
  const { spec, words, ends } = answer;
  const text = direction === 'upload' ? uploadCommand(shell, spec, words) : downloadCommand(shell, spec, words[0] ?? '.');
  return (
    <>
      <ContentSwitcher
        className="command__shells"
        selectedIndex={shells.indexOf(shell)}
        aria-label={t('ascp.shell')}
        size="sm"
        onChange={({ index }) => setShell(shells[index ?? 0] ?? 'bash')}
      >
        {shells.map((name) => (
          <Switch key={name} name={name} text={t(`ascp.shells.${name}`)} />
        ))}
      </ContentSwitcher>
      <CodeSnippet type="multi" feedback={t('ascp.copied')} copyButtonDescription={t('ascp.copy')} aria-label={t('ascp.command')} wrapText maxCollapsedNumberOfRows={0}>
        {text}
      </CodeSnippet>
      <p className="section-text">
        {ends === null ? t('ascp.limited') : t('ascp.until', { time: format.date(ends) })} {t('ascp.origin')}
      </p>
    </>
  );
}

function useTransferSpec(pkg: Package, direction: 'upload' | 'download'): (paths: string[]) => Promise<Omit<Answer, 'words'>> {
  const { client } = useApi();
  const path = { id: pkg.id };
  return async (paths) => {
    const { data, response } =
      direction === 'upload'
        ? await client.POST('/api/v5/packages/{id}/transfer_spec/upload', { params: { path, query: { transfer_type: 'connect' } }, body: { paths } })
        : await client.POST('/api/v5/packages/{id}/transfer_spec/download', { params: { path, query: { type: sideOf(pkg), transfer_type: 'connect' } }, body: {} });
    const ends = Date.parse(response.headers.get('Expires') ?? '');
    return { spec: data as TransferSpec, ends: Number.isNaN(ends) ? null : ends };
  };
}
