import { useEffect, useRef, useState } from 'react';
import type { TransferState, TransferView } from './model';
import { useTransferText } from './useTransferText';

/** The progress is read out at most this often; an end is read out at once. */
const every = 10_000;
const ends: readonly TransferState[] = ['completed', 'failed', 'needs-files', 'needs-permission'];

/** Reads the progress of transfers out to those who do not see it. */
export function Announcer({ views }: { views: readonly TransferView[] }) {
  const text = useTransferText();
  const [told, setTold] = useState({ text: '', at: 0 });
  const last = useRef(0);
  const ended = useRef<Map<string, TransferState> | null>(null);
  useEffect(() => {
    const now = new Map(views.filter(({ state }) => ends.includes(state)).map(({ id, state }) => [id, state]));
    // What had ended before this page was opened is no news.
    const news = ended.current ? views.filter(({ id }) => now.has(id) && ended.current?.get(id) !== now.get(id)) : [];
    if (views.length > 0 || ended.current) ended.current = now;
    const running = views.filter(({ state }) => state === 'running' || state === 'waiting');
    const due = running.length > 0 && Date.now() - last.current >= every;
    const telling = due ? [...news, ...running] : news;
    if (telling.length === 0) return;
    last.current = Date.now();
    setTold({ text: telling.map(text.announcement).join(' '), at: last.current });
  }, [views, text]);
  return (
    <p className="visually-hidden" role="status" data-testid="transfer-announcement" data-at={told.at}>
      {told.text}
    </p>
  );
}
