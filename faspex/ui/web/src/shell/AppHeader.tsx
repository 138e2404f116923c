import { Logout } from '@carbon/icons-react';
import {
  Header,
  HeaderContainer,
  HeaderGlobalAction,
  HeaderGlobalBar,
  HeaderMenuButton,
  HeaderMenuItem,
  HeaderName,
  HeaderNavigation,
  HeaderSideNavItems,
  SideNav,
  SideNavItems,
  SkipToContent,
  Theme,
} from '@carbon/react';
import { Link, useLocation } from 'react-router';
import { personName } from '../packages/format';
import { useApp } from './context';

const destinations = [
  { to: '/received', text: 'Received' },
  { to: '/sent', text: 'Sent' },
  { to: '/new', text: 'New package' },
];

/** The dark bar at the top: where one can go, who is signed in, and the way out. */
export function AppHeader() {
  const { account, signOut } = useApp();
  const { pathname } = useLocation();
  const items = destinations.map(({ to, text }) => (
    <HeaderMenuItem key={to} as={Link} to={to} isActive={pathname === to || pathname.startsWith(`${to}/`)}>
      {text}
    </HeaderMenuItem>
  ));
  return (
    <Theme theme="g100">
      <HeaderContainer
        render={({ isSideNavExpanded, onClickSideNavExpand }) => (
          <Header aria-label="Faspex">
            <SkipToContent />
            <HeaderMenuButton
              aria-label={isSideNavExpanded ? 'Close menu' : 'Open menu'}
              onClick={onClickSideNavExpand}
              isActive={isSideNavExpanded}
              aria-expanded={isSideNavExpanded}
            />
            <HeaderName as={Link} to="/received" prefix="">
              Faspex
            </HeaderName>
            <HeaderNavigation aria-label="Packages">{items}</HeaderNavigation>
            <SideNav
              aria-label="Menu"
              expanded={isSideNavExpanded}
              isPersistent={false}
              onSideNavBlur={onClickSideNavExpand}
              onOverlayClick={onClickSideNavExpand}
            >
              <SideNavItems>
                <HeaderSideNavItems>
                  <div onClick={onClickSideNavExpand} role="presentation">
                    {items}
                  </div>
                </HeaderSideNavItems>
              </SideNavItems>
            </SideNav>
            <HeaderGlobalBar>
              {account && (
                <span className="header-user" data-testid="user-name">
                  {personName(account)}
                </span>
              )}
              <HeaderGlobalAction aria-label="Sign out" tooltipAlignment="end" onClick={signOut}>
                <Logout size={20} />
              </HeaderGlobalAction>
            </HeaderGlobalBar>
          </Header>
        )}
      />
    </Theme>
  );
}
