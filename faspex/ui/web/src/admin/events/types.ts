import { useTranslation } from 'react-i18next';
import { isolated } from '../../i18n/format';
import type texts from '../../locales/en/settings.json';

type Known = keyof typeof texts.event.type;

/** What a kind of event is called; one without a text has its published name. */
export function useEventName(): (type: string) => string {
  const { t, i18n } = useTranslation('settings');
  return (type) => (i18n.exists(`event.type.${type}`, { ns: 'settings' }) ? t(`event.type.${type as Known}`) : t('event.other', { type: isolated(type) }));
}
