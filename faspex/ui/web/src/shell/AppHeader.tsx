import { Header, HeaderContainer, HeaderGlobalBar, HeaderMenuButton, HeaderMenuItem, HeaderName, HeaderNavigation, SkipToContent, Theme } from '@carbon/react';
import { Suspense } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import type { OwnAccount } from '../api/types';
import { can } from '../auth/capabilities';
import { type App, type Application, applications, type Page, pages } from '../routes';
import { AccountMenu } from './AccountMenu';
import { AppMenu } from './AppMenu';

/** An application that the person may open, and its first page. */
export type Switch = Application & { first: string };

/** The pages of an application's menu that a person may see. */
export function menuOf(app: App, account: OwnAccount | null): Page[] {
  return pages.filter((page) => page.app === app && page.menu && (page.permission === undefined || (account !== null && can(account, page.permission))));
}

/** The dark bar at the top with the applications and the person's menu, and the menu of the application at the side. */
export function AppHeader({ app, account }: { app: App; account: OwnAccount | null }) {
  const { t } = useTranslation('shell');
  // An application of which somebody may see nothing is not there.
  const switches = applications.flatMap((application): Switch[] => {
    const first = menuOf(application.app, account)[0]?.path;
    return first === undefined ? [] : [{ ...application, first }];
  });
  return (
    <HeaderContainer
      render={({ isSideNavExpanded, onClickSideNavExpand }) => (
        <>
          <Theme theme="g100">
            <Header aria-label={t('product')}>
              <SkipToContent>{t('skip')}</SkipToContent>
              <HeaderMenuButton
                aria-label={t(isSideNavExpanded ? 'menu.close' : 'menu.open')}
                onClick={onClickSideNavExpand}
                isActive={isSideNavExpanded}
                aria-expanded={isSideNavExpanded}
              />
              <HeaderName as={Link} to="/packages/received" prefix="">
                {t('product')}
              </HeaderName>
              {switches.length > 1 && (
                <HeaderNavigation aria-label={t('app.label')}>
                  {switches.map(({ app: other, name, first }) => (
                    <HeaderMenuItem key={other} as={Link} to={first} isActive={other === app}>
                      {t(name)}
                    </HeaderMenuItem>
                  ))}
                </HeaderNavigation>
              )}
              <HeaderGlobalBar>
                <AccountMenu account={account} />
              </HeaderGlobalBar>
            </Header>
          </Theme>
          <Suspense fallback={null}>
            <AppMenu app={app} account={account} switches={switches} open={isSideNavExpanded} close={() => isSideNavExpanded && onClickSideNavExpand()} />
          </Suspense>
        </>
      )}
    />
  );
}
