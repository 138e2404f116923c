import { UserAvatar } from './icons';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { Link } from '../navigation/router';
import { useApi } from '../api/context';
import type { OwnAccount } from '../api/types';
import { personName } from '../i18n/format';
import { forgetTheme, switchTheme, useTheme } from './theme';

const ApplicationInformation = lazy(() => import('./ApplicationInformation'));

/** Who is signed in, the account's pages, and the way out. */
export function AccountMenu({ account }: { account: OwnAccount | null }) {
  const { t } = useTranslation('shell');
  const { session } = useApi();
  const theme = useTheme();
  const [open, setOpen] = useState(false);
  // Who holds Alt (Option) while opening the menu finds the application's information in it.
  const [support, setSupport] = useState(false);
  const [informed, setInformed] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const close = (focus: boolean) => {
    setOpen(false);
    if (focus) button.current?.focus();
  };
  useEffect(() => {
    if (!open) return;
    const outside = (event: PointerEvent | FocusEvent) => {
      const target = event.target as Node;
      if (!panel.current?.contains(target) && !button.current?.contains(target)) setOpen(false);
    };
    document.addEventListener('pointerdown', outside);
    document.addEventListener('focusin', outside);
    return () => {
      document.removeEventListener('pointerdown', outside);
      document.removeEventListener('focusin', outside);
    };
  }, [open]);
  return (
    <>
      {account && (
        <span className="header-user" data-testid="user-name">
          <bdi>{personName(account)}</bdi>
        </span>
      )}
      <button
        ref={button}
        type="button"
        className={`cds--header__action account-button${open ? ' cds--header__action--active' : ''}`}
        aria-label={t('account.menu')}
        title={t('account.menu')}
        aria-expanded={open}
        onClick={(event) => {
          setSupport(event.altKey);
          setOpen(!open);
        }}
      >
        <UserAvatar size={20} />
      </button>
      {open && (
        <div
          ref={panel}
          id="account-menu"
          className="account-menu"
          onKeyDown={(event) => {
            if (event.key === 'Escape') close(true);
          }}
        >
            {account && (
              <p className="account-menu__person">
                <bdi>{personName(account)}</bdi>
                <bdi className="account-menu__name">{account.name}</bdi>
              </p>
            )}
            <ul>
              <li>
                <Link to="/account/profile" onClick={() => close(true)}>
                  {t('account.settings')}
                </Link>
              </li>
              <li>
                <button
                  type="button"
                  onClick={() => {
                    switchTheme();
                    close(true);
                  }}
                >
                  {t(theme === 'dark' ? 'account.light' : 'account.dark')}
                </button>
              </li>
              {support && (
                <li>
                  <button
                    type="button"
                    onClick={() => {
                      close(true);
                      setInformed(true);
                    }}
                  >
                    {t('information.title')}
                  </button>
                </li>
              )}
              <li>
                <button
                  type="button"
                  onClick={() => {
                    forgetTheme();
                    void session.signOut();
                  }}
                >
                  {t('action.signOut')}
                </button>
              </li>
            </ul>
        </div>
      )}
      {informed && account && (
        <Suspense fallback={null}>
          <ApplicationInformation close={() => setInformed(false)} />
        </Suspense>
      )}
    </>
  );
}
