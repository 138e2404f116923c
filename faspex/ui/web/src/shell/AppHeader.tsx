import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { OwnAccount } from '../api/types';
import { can } from '../auth/capabilities';
import { Link } from '../navigation/router';
import { type App, type Application, applications, type Page, pages } from '../routes';
import { AccountMenu } from './AccountMenu';
import { AppMenu, menuId } from './AppMenu';
import { AppSwitch } from './AppSwitch';
import { Close, Menu } from './icons';

/** An application that the person may open, and its first page. */
export type Switch = Application & { first: string };

/** The pages of an application's menu that a person may see. */
export function menuOf(app: App, account: OwnAccount | null): Page[] {
  return pages.filter((page) => page.app === app && page.menu && (page.permission === undefined || (account !== null && can(account, page.permission))));
}

/**
 * The dark bar at the top with the applications and the person's menu, and the menu of the application at the side. They have
 * Carbon's markup and styles; its components would be a third of what is the page's own in the shell.
 */
export function AppHeader({ app, account }: { app: App; account: OwnAccount | null }) {
  const { t } = useTranslation('shell');
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (!open) return;
    const close = (event: KeyboardEvent) => {
      if (event.key === 'Escape') setOpen(false);
    };
    window.addEventListener('keydown', close);
    return () => window.removeEventListener('keydown', close);
  }, [open]);
  // An application of which somebody may see nothing is not there.
  const switches = applications.flatMap((application): Switch[] => {
    const first = menuOf(application.app, account)[0]?.path;
    return first === undefined ? [] : [{ ...application, first }];
  });
  const toggle = t(open ? 'menu.close' : 'menu.open');
  return (
    <>
      <div className="cds--g100 cds--layer-one">
        <header className="cds--header" aria-label={t('product')}>
          <a className="cds--skip-to-content" href="#main-content">
            {t('skip')}
          </a>
          <button
            type="button"
            className={`cds--header__action cds--header__menu-trigger cds--header__menu-toggle cds--header__menu-toggle__hidden${open ? ' cds--header__action--active' : ''}`}
            aria-label={toggle}
            title={toggle}
            aria-expanded={open}
            onClick={() => setOpen(!open)}
            onKeyDown={(event) => {
              // The menu stands behind the whole header; from its button Tab leads into it.
              if (open && event.key === 'Tab' && !event.shiftKey) document.getElementById(menuId)?.focus();
            }}
          >
            {open ? <Close size={20} /> : <Menu size={20} />}
          </button>
          <Link className="cds--header__name" to="/packages/received">
            {account?.logo_path ? <img className="brand-logo" src={account.logo_path} alt={t('product')} /> : <span>{t('product')}</span>}
          </Link>
          {switches.length > 1 && (
            <nav className="cds--header__nav" aria-label={t('app.label')}>
              <ul className="cds--header__menu-bar">
                <AppSwitch app={app} switches={switches} />
              </ul>
            </nav>
          )}
          <div className="cds--header__global">
            <AccountMenu account={account} />
          </div>
        </header>
      </div>
      <AppMenu app={app} account={account} switches={switches} open={open} close={() => setOpen(false)} />
    </>
  );
}
