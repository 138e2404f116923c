import { Close } from '@carbon/icons-react';
import { useTranslation } from 'react-i18next';
import { isolate } from '../transfers/useTransferText';
import { KindIcon } from './kinds';
import { detailOf, nameOf, type Recipient } from './people';

/** A chosen recipient, and the button that takes it away. */
export function Chip({ recipient, remove }: { recipient: Recipient; remove: () => void }) {
  const { t } = useTranslation('send');
  const { state } = recipient;
  const known = state === 'known' ? recipient.contact : null;
  const name = known ? nameOf(known) : recipient.text;
  const detail = known ? detailOf(known) : '';
  const word = state === 'known' ? (recipient.contact.type === 'user' ? '' : t(`people.type.${recipient.contact.type}`)) : t(`people.${state}`);
  return (
    <li className="people__chip" data-state={state} data-kind={known?.type}>
      {known && <KindIcon kind={known.type} />}
      <span>
        <bdi>{name}</bdi>
        {detail && <bdi className="people__detail">{detail}</bdi>}
        {word && <span className="people__detail">{word}</span>}
      </span>
      <button type="button" aria-label={t('people.remove', { name: isolate(name) })} onClick={remove}>
        <Close />
      </button>
    </li>
  );
}
