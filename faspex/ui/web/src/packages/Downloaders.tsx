import { useTranslation } from 'react-i18next';
import type { Package } from '../api/types';
import { useFormat } from '../i18n/format';
import { PersonName } from './People';

/** Who downloaded the package, and who does so now; told to its sender. */
export function Downloaders({ pkg }: { pkg: Package }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  if (pkg.downloaders.length + pkg.active_downloaders.length + pkg.completed_partial_download_count === 0) return null;
  return (
    <section className="section" aria-labelledby="downloaders">
      <h2 id="downloaders">{t('downloaders.title')}</h2>
      <ul className="people">
        {pkg.downloaders.map((person) => (
          <li key={person.id}>
            <PersonName person={person} /> {t('downloaders.times', { count: person.count ?? 1, times: format.count(person.count ?? 1) })}
          </li>
        ))}
        {pkg.active_downloaders.map((person) => (
          <li key={`active-${person.id}`}>
            <PersonName person={person} /> {t('downloaders.now')}
          </li>
        ))}
      </ul>
      {pkg.completed_partial_download_count > 0 && (
        <p className="section-text">
          {t('downloaders.partial', { count: pkg.completed_partial_download_count, times: format.count(pkg.completed_partial_download_count) })}
        </p>
      )}
    </section>
  );
}
