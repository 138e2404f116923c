import { default as Group } from '@carbon/icons-react/es/Group.js';
import { default as InventoryManagement } from '@carbon/icons-react/es/InventoryManagement.js';
import { useApi } from '../api/context';
import { Link, useLocation } from '../navigation/router';
import { useAccount } from '../shell/account';
import type { GroupBox } from './boxes';

const most = 100;

/** The mailboxes of the person's workgroups and shared inboxes, in the menu. */
export default function GroupMenu({ close, hidden }: { close: () => void; hidden: boolean }) {
  const { hooks } = useApi();
  const { id } = useAccount();
  const params = { query: { user_id: id, user_can_read_packages: true, limit: most } };
  const workgroups = hooks.useQuery('get', '/api/v5/workgroups', { params });
  const inboxes = hooks.useQuery('get', '/api/v5/shared_inboxes', { params });
  const { pathname } = useLocation();
  const boxes: { box: GroupBox; id: string; name: string }[] = [
    ...(inboxes.data?.shared_inboxes ?? []).map((one) => ({ box: 'inboxes' as const, id: one.id, name: one.name })),
    ...(workgroups.data?.workgroups ?? []).map((one) => ({ box: 'workgroups' as const, id: one.id, name: one.name })),
  ];
  return boxes.map((one) => {
    const path = `/packages/${one.box}/${encodeURIComponent(one.id)}`;
    const Icon = one.box === 'inboxes' ? InventoryManagement : Group;
    return (
      <li key={path} className="cds--side-nav__item">
        <Link
          className={`cds--side-nav__link${pathname === path || pathname.startsWith(`${path}/`) ? ' cds--side-nav__link--current' : ''}`}
          to={path}
          aria-current={pathname === path ? 'page' : undefined}
          onClick={close}
          tabIndex={hidden ? -1 : 0}
        >
          <div className="cds--side-nav__icon cds--side-nav__icon--small">
            <Icon />
          </div>
          <span className="cds--side-nav__link-text">
            <bdi>{one.name}</bdi>
          </span>
        </Link>
      </li>
    );
  });
}
