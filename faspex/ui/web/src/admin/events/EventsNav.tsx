import { useTranslation } from 'react-i18next';
import { NavLink } from '../../navigation/router';

/** The way between the list of events and the rules for keeping them. */
export function EventsNav() {
  const { t } = useTranslation(['settings', 'admin']);
  return (
    <nav className="subnav" aria-label={t('event.list')}>
      <NavLink exact to="/admin/events">
        {t('event.list')}
      </NavLink>
      <NavLink to="/admin/events/retention">{t('event.keep.title')}</NavLink>
    </nav>
  );
}
