import { type FocusEvent, lazy, Suspense, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { OwnAccount } from '../api/types';
import { Link, useLocation } from '../navigation/router';
import type { App } from '../routes';
import { menuOf, type Switch } from './AppHeader';
import { AppSwitch } from './AppSwitch';
import { useTitles } from './title';

// It belongs to the packages: other applications need none of it.
const GroupMenu = lazy(() => import('../packages/GroupMenu'));

interface AppMenuProps {
  app: App;
  account: OwnAccount | null;
  /** The applications, which stand here where the header has no room for them. */
  switches: Switch[];
  open: boolean;
  close: () => void;
}

/** The element that has the focus when Tab leads from the menu's button into the menu. */
export const menuId = 'app-menu';

// Carbon's breakpoint lg, from which on the menu stands beside the page.
const wide = window.matchMedia('(min-width: 66rem)');

function useWide(): boolean {
  return useSyncExternalStore(
    (changed) => {
      wide.addEventListener('change', changed);
      return () => wide.removeEventListener('change', changed);
    },
    () => wide.matches,
  );
}

/** The menu of an application: at the side of a wide window, over the page in a narrow one. */
export function AppMenu({ app, account, switches, open, close }: AppMenuProps) {
  const { t } = useTranslation('shell');
  const shown = useWide() || open;
  const left = ({ currentTarget, relatedTarget }: FocusEvent) => {
    // The button that opened it closes it by itself.
    if (open && !currentTarget.contains(relatedTarget) && !relatedTarget?.closest('.cds--header__menu-toggle')) close();
  };
  return (
    <>
      <div className={`cds--side-nav__overlay${open ? ' cds--side-nav__overlay-active' : ''}`} onClick={close} />
      <nav
        id={menuId}
        tabIndex={-1}
        className={`cds--side-nav__navigation cds--side-nav cds--side-nav--ux${open ? ' cds--side-nav--expanded' : ''}`}
        aria-label={t('menu.label')}
        inert={!shown}
        onBlur={left}
      >
        <ul className="cds--side-nav__items">
          {switches.length > 1 && (
            <li>
              <ul className="cds--side-nav__header-navigation cds--side-nav__header-divider">
                <AppSwitch app={app} switches={switches} onClick={close} hidden={!shown} />
              </ul>
            </li>
          )}
          <Suspense fallback={null}>
            <MenuItems app={app} account={account} close={close} hidden={!shown} />
          </Suspense>
          {app === 'packages' && account && (
            <Suspense fallback={null}>
              <GroupMenu close={close} hidden={!shown} />
            </Suspense>
          )}
        </ul>
      </nav>
    </>
  );
}

function MenuItems({ app, account, close, hidden }: Pick<AppMenuProps, 'app' | 'account' | 'close'> & { hidden: boolean }) {
  const items = menuOf(app, account);
  const titleOf = useTitles(items.map(({ title }) => title));
  const { pathname } = useLocation();
  return items.map(({ path, title, menu }) => {
    const current = pathname === path || pathname.startsWith(`${path}/`);
    const Icon = menu?.icon;
    return (
      <li key={path} className="cds--side-nav__item">
        <Link
          className={`cds--side-nav__link${current ? ' cds--side-nav__link--current' : ''}`}
          to={path}
          aria-current={pathname === path ? 'page' : undefined}
          onClick={close}
          tabIndex={hidden ? -1 : 0}
        >
          {Icon && (
            <div className="cds--side-nav__icon cds--side-nav__icon--small">
              <Icon />
            </div>
          )}
          <span className="cds--side-nav__link-text">{titleOf(title)}</span>
        </Link>
      </li>
    );
  });
}
