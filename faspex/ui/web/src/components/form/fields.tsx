import { PasswordInput, Select, SelectItem, TextArea, TextInput, Toggle } from '@carbon/react';
import { Controller, type RegisterOptions, useFormContext } from 'react-hook-form';
import { useTranslation } from 'react-i18next';

interface FieldProps {
  /** Name of the field in the form and, for the server's errors, in the API. */
  name: string;
  label: string;
  help?: string;
  required?: boolean;
  /** Further rules of react-hook-form, whose messages are texts of a catalogue. */
  rules?: Pick<RegisterOptions, 'validate' | 'maxLength' | 'minLength' | 'min' | 'max' | 'pattern' | 'deps' | 'setValueAs'>;
  readOnly?: boolean;
}

/** What Carbon's inputs take: the registration of the field and its error. */
function useField({ name, label, help, required = false, rules, readOnly = false }: FieldProps) {
  const { t } = useTranslation('shell');
  const { register, formState, getFieldState } = useFormContext();
  const { error } = getFieldState(name, formState);
  return {
    id: name,
    labelText: label,
    helperText: help,
    readOnly,
    required,
    invalid: error !== undefined,
    invalidText: error?.message ?? t('form.invalid'),
    // Carbon names the message by aria-errormessage alone, which screen readers do not read out.
    ...(error === undefined ? {} : { 'aria-describedby': `${name}-error-msg` }),
    ...register(name, { ...rules, ...(required ? { required: t('form.required') } : {}) }),
  };
}

interface TextFieldProps extends FieldProps {
  type?: 'text' | 'email' | 'url' | 'date';
  autoComplete?: string;
  /** Texts of machines, such as addresses of hosts, are written from left to right in every language. */
  code?: boolean;
}

export function TextField({ type = 'text', autoComplete = 'off', code = false, ...field }: TextFieldProps) {
  return <TextInput type={type} autoComplete={autoComplete} dir={code ? 'ltr' : 'auto'} spellCheck={!code} {...useField(field)} />;
}

export function TextAreaField({ rows = 4, code = false, ...field }: FieldProps & { rows?: number; code?: boolean }) {
  return <TextArea rows={rows} dir={code ? 'ltr' : 'auto'} spellCheck={!code} {...(code ? { className: 'form__code' } : {})} {...useField(field)} />;
}

export function PasswordField({ autoComplete, ...field }: FieldProps & { autoComplete: 'current-password' | 'new-password' }) {
  const { t } = useTranslation('shell');
  return (
    <PasswordInput
      autoComplete={autoComplete}
      dir="ltr"
      showPasswordLabel={t('form.showPassword')}
      hidePasswordLabel={t('form.hidePassword')}
      {...useField(field)}
    />
  );
}

export interface Choice {
  value: string;
  text: string;
  /** True for a text that people wrote, or that is of no language. */
  foreign?: boolean;
}

interface SelectFieldProps extends FieldProps {
  choices: readonly Choice[];
  /** Told of each choice of the person. */
  onChoice?: (value: string) => void;
}

export function SelectField({ choices, onChoice, ...field }: SelectFieldProps) {
  const { onChange, ...select } = useField(field);
  return (
    <Select
      {...select}
      onChange={(event) => {
        void onChange(event);
        onChoice?.(event.target.value);
      }}
    >
      {choices.map(({ value, text, foreign }) => (
        <SelectItem key={value} value={value} text={text} {...(foreign ? { translate: 'no' } : {})} />
      ))}
    </Select>
  );
}

/**
 * A number. It is no NumberInput of Carbon's: that puts the value of before back for a moment after each key, so that fast
 * typing mixes both.
 */
export function NumberField({ min, max, rules, ...field }: FieldProps & { min?: number; max?: number }) {
  const { t } = useTranslation('shell');
  const message = t('form.invalid');
  const bounds = {
    ...(min === undefined ? {} : { min: { value: min, message } }),
    ...(max === undefined ? {} : { max: { value: max, message } }),
    setValueAs: (typed: unknown) => (typed === '' ? '' : Number(typed)),
  };
  return <TextInput type="number" inputMode="numeric" autoComplete="off" dir="ltr" min={min} max={max} step={1} {...useField({ ...field, rules: { ...rules, ...bounds } })} />;
}

export function ToggleField({ name, label, help, readOnly = false }: Omit<FieldProps, 'required' | 'rules'>) {
  const { t } = useTranslation('shell');
  return (
    <Controller
      name={name}
      render={({ field: { value, onChange } }) => (
        <div>
          <Toggle
            id={name}
            labelText={label}
            labelA={t('form.off')}
            labelB={t('form.on')}
            toggled={value === true}
            readOnly={readOnly}
            onToggle={onChange}
            {...(help ? { 'aria-describedby': `${name}-help` } : {})}
          />
          {help && (
            <p id={`${name}-help`} className="cds--form__helper-text">
              {help}
            </p>
          )}
        </div>
      )}
    />
  );
}
