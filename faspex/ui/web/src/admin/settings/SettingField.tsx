import { useTranslation } from 'react-i18next';
import { type Choice, NumberField, SelectField, TextAreaField, TextField, ToggleField } from '../../components/form/fields';
import { isolated } from '../../i18n/format';
import { isCipher, type Setting } from './sections';
import type { Origins } from './useOrigins';

/** One setting with who decided it; what is decided outside of the server cannot be changed here. */
export function SettingField({ setting, origins }: { setting: Setting; origins: Origins | undefined }) {
  const { t } = useTranslation('settings');
  const { name, kind, choices = [] } = setting;
  const managed = origins?.managed.includes(name) ?? false;
  const origin = managed
    ? t('origin.managed', { manager: isolated(origins?.manager ?? '') })
    : t(origins?.set.includes(name) ? 'origin.set' : 'origin.default');
  const more = kind === 'list' ? t('help.list') : name === 'server_address' ? t('help.address') : '';
  const field = { name, label: t(`field.${name}`), help: more ? `${origin}. ${more}` : origin, readOnly: managed };
  switch (kind) {
    case 'switch':
      return <ToggleField {...field} />;
    case 'number':
      return <NumberField {...field} min={0} required />;
    case 'area':
      return <TextAreaField {...field} rows={3} />;
    case 'list':
      return <TextAreaField {...field} rows={3} code />;
    case 'choice':
    case 'choice?': {
      const texts: Choice[] = choices.map((value) => ({ value, text: isCipher(value) ? t('choice.literal', { value: isolated(value) }) : t(`choice.${value}`) }));
      return <SelectField {...field} choices={kind === 'choice?' ? [{ value: '', text: t('choice.unset') }, ...texts] : texts} />;
    }
    default:
      return <TextField {...field} code={kind !== 'text'} />;
  }
}
