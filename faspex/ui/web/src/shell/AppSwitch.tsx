import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import type { App } from '../routes';
import type { Switch } from './AppHeader';

/** The applications: in the header of a wide window, in the menu of a narrow one. */
export function AppSwitch({ app, switches, onClick, hidden = false }: { app: App; switches: readonly Switch[]; onClick?: () => void; hidden?: boolean }) {
  const { t } = useTranslation('shell');
  return switches.map(({ app: other, name, first }) => {
    const current = other === app;
    return (
      <li key={other}>
        <Link
          className={`cds--header__menu-item${current ? ' cds--header__menu-item--current' : ''}`}
          to={first}
          aria-current={current ? 'true' : undefined}
          onClick={onClick}
          tabIndex={hidden ? -1 : 0}
        >
          <span className="cds--text-truncate--end">{t(name)}</span>
        </Link>
      </li>
    );
  });
}
