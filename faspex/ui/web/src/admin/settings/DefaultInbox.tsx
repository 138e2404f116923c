import { useTranslation } from 'react-i18next';
import { Link } from '../../navigation/router';

/** Where packages lie; it is chosen at the storage locations. */
export function DefaultInbox({ node, folder }: { node: unknown; folder: unknown }) {
  const { t } = useTranslation('settings');
  return (
    <section className="section" aria-labelledby="default-inbox">
      <h2 id="default-inbox">{t('inbox.label')}</h2>
      {typeof node === 'string' && typeof folder === 'string' ? (
        <Link className="cds--link" to={`/admin/nodes-storage/${node}/storage/${folder}/profile`}>
          {t('inbox.open')}
        </Link>
      ) : (
        <p className="section-text">{t('inbox.none')}</p>
      )}
    </section>
  );
}
