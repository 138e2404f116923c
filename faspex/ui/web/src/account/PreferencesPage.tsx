import { useTranslation } from 'react-i18next';
import { pageSizes } from '../components/listState';
import { SelectField } from '../components/form/fields';
import { SettingsForm } from '../components/form/SettingsForm';
import { PageHeader } from '../components/PageHeader';
import { languages } from '../i18n/languages';
import { useFormat } from '../i18n/format';
import { usePreferences } from '../shell/account';
import { useSavePreferences } from './savePreferences';

/** How the page looks to the person, in every browser. */
export default function PreferencesPage() {
  const { t } = useTranslation('account');
  const format = useFormat();
  const { locale, rows_per_page: rows } = usePreferences();
  const save = useSavePreferences();
  const offered = languages.flatMap(({ tag, name }) => (name === null && tag !== locale ? [] : [{ value: tag, text: name ?? tag }]));
  return (
    <>
      <PageHeader title={t('preferences.title')} text={t('preferences.text')} />
      <SettingsForm
        values={{ locale, rows_per_page: String(rows) }}
        save={(typed) => save({ locale: typed.locale, rows_per_page: Number(typed.rows_per_page) })}
        saved={t('preferences.saved')}
      >
        <SelectField name="locale" label={t('preferences.language')} choices={[{ value: '', text: t('preferences.browser') }, ...offered]} />
        <SelectField
          name="rows_per_page"
          label={t('preferences.rows')}
          help={t('preferences.rowsHelp')}
          choices={pageSizes.map((size) => ({ value: String(size), text: format.count(size) }))}
        />
      </SettingsForm>
    </>
  );
}
