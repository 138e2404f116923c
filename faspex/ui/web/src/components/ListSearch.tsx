import { Search } from '@carbon/react';
import { useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ListControl } from './listState';

const pause = 300;

/** The search of a list. The address follows what is typed after a short pause. */
export function ListSearch({ label, control }: { label: string; control: ListControl }) {
  const { t } = useTranslation('shell');
  const { q, change } = control;
  const [text, setText] = useState(q);
  // What was put into the address last: another value there comes from Back, Forward or a button, and the box follows it.
  const put = useRef(q);
  useEffect(() => {
    if (q === put.current) return;
    put.current = q;
    setText(q);
  }, [q]);
  useEffect(() => {
    const wanted = text.trim();
    if (wanted === put.current) return;
    const timer = window.setTimeout(() => {
      put.current = wanted;
      change({ q: wanted }, true);
    }, pause);
    return () => window.clearTimeout(timer);
  }, [text, change]);
  return (
    <Search
      className="data-list__search"
      labelText={label}
      placeholder={label}
      closeButtonLabelText={t('list.clear')}
      value={text}
      size="lg"
      onChange={(event) => setText(event.target.value)}
    />
  );
}
