// Sentences about transfers.

import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import type { Problem, TransferView } from './model';

/** Sets a text that people wrote apart, so that its direction does not change the sentence around it. */
export function isolate(text: string): string {
  return `\u2068${text}\u2069`;
}

export interface TransferText {
  /** What it does, or waits for. */
  state: (view: TransferView) => string;
  /** Bytes, share, rate, time left and files. */
  progress: (view: TransferView) => string;
  /** The same in few words, for an announcement. */
  announcement: (view: TransferView) => string;
  problem: (problem: Problem) => string;
}

export function useTransferText(): TransferText {
  const { t } = useTranslation('transfers');
  const format = useFormat();

  const timeLeft = (seconds: number): string => {
    const hours = Math.floor(seconds / 3600);
    const minutes = Math.floor((seconds % 3600) / 60);
    if (hours > 0) return t('left.hours', { hours: format.count(hours), minutes });
    if (minutes > 0) return t('left.minutes', { minutes, seconds: seconds % 60 });
    return t('left.seconds', { seconds });
  };

  return {
    state: ({ state }) => t(`state.${state}`),
    progress: (view) => {
      const { bytes, sent, share, files, filesDone, rate, secondsLeft, state } = view;
      const parts = [
        state === 'completed' ? format.bytes(bytes) : t('progress.bytes', { sent: format.bytes(sent), bytes: format.bytes(bytes) }),
        format.share(share),
        t('progress.files', { count: files, done: format.count(filesDone), files: format.count(files) }),
      ];
      if (state === 'running') {
        parts.push(t('progress.rate', { bytes: format.bytes(Math.round(rate)) }));
        if (secondsLeft !== null) parts.push(timeLeft(secondsLeft));
      }
      return parts.join(' · ');
    },
    announcement: (view) => {
      const values = { title: isolate(view.title), share: format.share(view.share) };
      if (view.state === 'completed') return t('announce.completed', values);
      if (view.state === 'failed') return t('announce.failed', values);
      if (view.state === 'needs-files' || view.state === 'needs-permission') return t('announce.needsYou', values);
      return t('announce.running', values);
    },
    problem: ({ code, path, detail }) => {
      const sentence = t(`problem.${code}`);
      return [sentence, path ? t('problem.file', { path: isolate(path) }) : '', detail ? t('problem.detail', { detail }) : ''].filter(Boolean).join(' ');
    },
  };
}
