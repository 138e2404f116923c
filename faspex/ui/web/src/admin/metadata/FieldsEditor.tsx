import { Add, ArrowDown, ArrowUp, TrashCan } from '@carbon/icons-react';
import { Button, Checkbox, Select, SelectItem, TextArea, TextInput } from '@carbon/react';
import { useFormContext, useWatch } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { isolated } from '../../i18n/format';
import { dateFormats, type Field, fieldsFault, fieldsOf, fieldTypes, moved, type ProfileValues } from './profiles';
import './fields-editor.scss';

const most = 200;
const fresh: Field = { name: '', type: 'text_field', require: false, ordering: 0 };

/** The fields of a profile, in the order in which senders see them. */
export function FieldsEditor() {
  const { t } = useTranslation('groups');
  const { setValue, register, formState, getFieldState } = useFormContext<ProfileValues>();
  const { fields: text = '[]' } = useWatch<ProfileValues>();
  const fields = fieldsOf(text);
  const { error } = getFieldState('fields', formState);
  register('fields', {
    validate: (typed) => {
      const fault = fieldsFault(fieldsOf(typed));
      return fault === null || t(`profile.fault.${fault.key}`, { number: fault.index + 1 });
    },
  });
  const set = (next: Field[]) => setValue('fields', JSON.stringify(next), { shouldDirty: true, shouldValidate: formState.submitCount > 0 });
  const change = (index: number, part: Partial<Field>) => set(fields.map((field, i) => (i === index ? { ...field, ...part } : field)));
  const move = (index: number, step: -1 | 1) => {
    set(moved(fields, index, step));
    focus(`field-${index + step}-${step < 0 ? 'up' : 'down'}`, `field-${index + step}-name`);
  };
  const remove = (index: number) => {
    set(fields.filter((_, i) => i !== index));
    focus(`field-${Math.min(index, fields.length - 2)}-name`, 'field-add');
  };
  return (
    <fieldset className="cds--fieldset fields-editor" aria-describedby={error ? 'fields-error' : undefined}>
      <legend className="cds--label">{t('profile.fields')}</legend>
      {fields.length === 0 && <p className="section-text">{t('profile.noFields')}</p>}
      <ol>
        {fields.map((field, index) => (
          <li key={field.id ?? `new-${index}`}>
            <OneField field={field} index={index} last={index === fields.length - 1} change={(part) => change(index, part)} move={(step) => move(index, step)} remove={() => remove(index)} />
          </li>
        ))}
      </ol>
      {error && (
        <p id="fields-error" role="alert" className="cds--form-requirement fields-editor__error">
          {error.message}
        </p>
      )}
      {fields.length < most && (
        <Button
          id="field-add"
          type="button"
          kind="ghost"
          renderIcon={Add}
          onClick={() => {
            set([...fields, fresh]);
            focus(`field-${fields.length}-name`);
          }}
        >
          {t('profile.addField')}
        </Button>
      )}
    </fieldset>
  );
}

/** Moves the focus to the first of these controls that is there and can be used, once it is drawn. */
function focus(...ids: string[]): void {
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      for (const id of ids) {
        const found = document.getElementById(id);
        if (!(found instanceof HTMLElement) || found.matches(':disabled')) continue;
        found.focus();
        return;
      }
    }),
  );
}

interface OneFieldProps {
  field: Field;
  index: number;
  last: boolean;
  change: (part: Partial<Field>) => void;
  move: (step: -1 | 1) => void;
  remove: () => void;
}

function OneField({ field, index, last, change, move, remove }: OneFieldProps) {
  const { t } = useTranslation('groups');
  const id = (part: string) => `field-${index}-${part}`;
  const name = isolated(field.name || t('profile.field.numbered', { number: index + 1 }));
  const typed = (part: 'name' | 'default_value') => (event: { target: { value: string } }) => change({ [part]: event.target.value });
  const isText = field.type === 'text_field' || field.type === 'text_area';
  return (
    <div className="fields-editor__field" role="group" aria-label={name}>
      <div className="fields-editor__line">
        <TextInput id={id('name')} labelText={t('profile.field.name')} dir="auto" autoComplete="off" maxLength={255} value={field.name} onChange={typed('name')} />
        <Select
          id={id('type')}
          labelText={t('profile.field.type')}
          value={field.type}
          onChange={(event) => change({ type: fieldTypes.find((type) => type === event.target.value) ?? 'text_field' })}
        >
          {fieldTypes.map((type) => (
            <SelectItem key={type} value={type} text={t(`profile.type.${type}`)} />
          ))}
        </Select>
      </div>
      {field.type === 'option_list' && (
        <TextArea
          id={id('choices')}
          labelText={t('profile.field.choices')}
          helperText={t('profile.field.choicesHelp')}
          rows={3}
          dir="auto"
          translate="no"
          value={(field.choices ?? []).join('\n')}
          onChange={(event) => change({ choices: event.target.value.split('\n') })}
          onBlur={() => change({ choices: (field.choices ?? []).map((choice) => choice.trim()).filter(Boolean) })}
        />
      )}
      {field.type === 'date_field' && (
        <Select id={id('format')} labelText={t('profile.field.date_format')} value={field.date_format || dateFormats[0]} onChange={(event) => change({ date_format: event.target.value })}>
          {[...new Set([...dateFormats, field.date_format || dateFormats[0]])].map((format) => (
            <SelectItem key={format} value={format} text={format} translate="no" />
          ))}
        </Select>
      )}
      {isText && (
        <TextInput
          id={id('length')}
          type="number"
          min={0}
          max={16000}
          dir="ltr"
          labelText={t('profile.field.max_length')}
          helperText={t('profile.field.max_lengthHelp')}
          value={field.max_length ? String(field.max_length) : ''}
          onChange={(event) => change({ max_length: Math.max(0, Math.min(16000, Math.trunc(Number(event.target.value)) || 0)) })}
        />
      )}
      {(isText || field.type === 'text_block') && (
        <TextInput
          id={id('default')}
          labelText={t(field.type === 'text_block' ? 'profile.field.text' : 'profile.field.default_value')}
          dir="auto"
          autoComplete="off"
          value={field.default_value ?? ''}
          onChange={typed('default_value')}
        />
      )}
      <div className="fields-editor__end">
        {field.type !== 'text_block' && <Checkbox id={id('require')} labelText={t('profile.field.require')} checked={field.require} onChange={(_event, { checked }) => change({ require: checked })} />}
        <div className="fields-editor__buttons">
          <Button id={id('up')} type="button" kind="ghost" size="sm" renderIcon={ArrowUp} disabled={index === 0} aria-label={t('profile.moveUp', { name })} onClick={() => move(-1)}>
            {t('profile.up')}
          </Button>
          <Button id={id('down')} type="button" kind="ghost" size="sm" renderIcon={ArrowDown} disabled={last} aria-label={t('profile.moveDown', { name })} onClick={() => move(1)}>
            {t('profile.down')}
          </Button>
          <Button type="button" kind="danger--ghost" size="sm" renderIcon={TrashCan} aria-label={t('profile.removeField', { name })} onClick={remove}>
            {t('profile.remove')}
          </Button>
        </div>
      </div>
    </div>
  );
}
