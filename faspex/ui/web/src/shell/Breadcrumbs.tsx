import { useTranslation } from 'react-i18next';
import { generatePath, Link, useMatch } from '../navigation/router';
import { type Page, pagesAbove } from '../routes';
import { useTitles } from './title';

/** The pages above the one that is shown, as links; nothing for a page of the menu. */
export function Breadcrumbs() {
  const { t } = useTranslation('shell');
  const titleOf = useTitles();
  const match = useMatch<Page>();
  const above = match ? pagesAbove(match.page) : [];
  if (!match || above.length === 0) return null;
  return (
    <nav className="page-above" aria-label={t('breadcrumb')}>
      <ol className="cds--breadcrumb cds--breadcrumb--no-trailing-slash">
        {above.map(({ path, title }) => (
          <li key={path} className="cds--breadcrumb-item">
            <Link className="cds--link" to={generatePath(path, match.params)}>
              {titleOf(title)}
            </Link>
          </li>
        ))}
      </ol>
    </nav>
  );
}
