import { useTranslation } from 'react-i18next';
import type texts from '../../locales/en/settings.json';

type Known = keyof typeof texts.type;

/** What a kind of mail is called; one that this page does not know has the server's words. */
export function useTypeName(): (type: string, description: string) => string {
  const { t, i18n } = useTranslation('settings');
  return (type, description) => (i18n.exists(`type.${type}`, { ns: 'settings' }) ? t(`type.${type as Known}`) : description);
}
