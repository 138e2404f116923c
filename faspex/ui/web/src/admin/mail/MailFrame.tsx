import type { ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { PageHeader } from '../../components/PageHeader';
import { NavLink } from '../../navigation/router';
import '../admin.scss';
import '../configuration.scss';

/** The header of the pages about mail, with the way between them. */
export function MailFrame({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  const { t } = useTranslation('settings');
  return (
    <>
      <PageHeader title={title} {...(text === undefined ? {} : { text })} />
      <nav className="subnav" aria-label={t('mail.parts')}>
        <NavLink exact to="/admin/mail">{t('mail.server')}</NavLink>
        <NavLink to="/admin/mail/templates">{t('mail.templates')}</NavLink>
      </nav>
      {children}
    </>
  );
}
