import { useTranslation } from 'react-i18next';
import { useFormat, nothing, type Person, personName } from '../i18n/format';

/** A person's name, set apart from the text around it. */
export function PersonName({ person }: { person: Person | null | undefined }) {
  return <bdi>{personName(person)}</bdi>;
}

/** The first name, and how many more there are. */
export function Names({ people }: { people: readonly Person[] }) {
  const { t } = useTranslation('packages');
  const format = useFormat();
  const [first, ...others] = people;
  if (!first) return nothing;
  return (
    <>
      <PersonName person={first} />
      {others.length > 0 && ` ${t('people.more', { count: others.length, others: format.count(others.length) })}`}
    </>
  );
}
