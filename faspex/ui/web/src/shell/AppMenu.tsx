import { HeaderMenuItem, HeaderSideNavItems, SideNav, SideNavItems, SideNavLink } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { Link, useLocation } from 'react-router';
import type { OwnAccount } from '../api/types';
import type { App } from '../routes';
import { menuOf, type Switch } from './AppHeader';
import { useTitles } from './title';

interface AppMenuProps {
  app: App;
  account: OwnAccount | null;
  /** The applications, which stand here where the header has no room for them. */
  switches: Switch[];
  open: boolean;
  close: () => void;
}

/** The menu of an application: at the side of a wide window, over the page in a narrow one. */
export function AppMenu({ app, account, switches, open, close }: AppMenuProps) {
  const items = menuOf(app, account);
  const { t } = useTranslation('shell');
  const titleOf = useTitles(items.map(({ title }) => title));
  const { pathname } = useLocation();
  return (
    <SideNav aria-label={t('menu.label')} expanded={open} onSideNavBlur={close} onOverlayClick={close}>
      <SideNavItems>
        {switches.length > 1 && (
          <HeaderSideNavItems hasDivider>
            {switches.map(({ app: other, name, first }) => (
              <HeaderMenuItem key={other} as={Link} to={first} isActive={other === app} onClick={close}>
                {t(name)}
              </HeaderMenuItem>
            ))}
          </HeaderSideNavItems>
        )}
        {items.map(({ path, title, menu }) => (
          <SideNavLink
            key={path}
            as={Link}
            to={path}
            {...(menu ? { renderIcon: menu.icon } : {})}
            isActive={pathname === path || pathname.startsWith(`${path}/`)}
            aria-current={pathname === path ? 'page' : undefined}
            onClick={close}
          >
            {titleOf(title)}
          </SideNavLink>
        ))}
      </SideNavItems>
    </SideNav>
  );
}
