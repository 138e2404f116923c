import { Select, SelectItem, TextArea, TextInput } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { type MetadataField, valueOf } from './metadata';

interface MetadataFieldsProps {
  fields: readonly MetadataField[];
  typed: Readonly<Record<string, string>>;
  change: (name: string, value: string) => void;
  /** The sentence about a field; empty when it is right. */
  messageOf: (name: string) => string;
}

/** Id of the element of a field, by its place. */
export function metadataElement(index: number): string {
  return `metadata-${index}`;
}

/** What the metadata profile asks for, in its order. */
export function MetadataFields({ fields, typed, change, messageOf }: MetadataFieldsProps) {
  return fields.map((field, index) => (
    <OneField
      key={field.name}
      id={metadataElement(index)}
      field={field}
      value={valueOf(field, typed)}
      change={(value) => change(field.name, value)}
      message={messageOf(field.name)}
    />
  ));
}

interface OneFieldProps {
  id: string;
  field: MetadataField;
  value: string;
  change: (value: string) => void;
  message: string;
}

function OneField({ id, field, value, change, message }: OneFieldProps) {
  const { t } = useTranslation('send');
  if (field.type === 'text_block') {
    return (
      <div className="send-block">
        <p className="cds--label">
          <bdi>{field.name}</bdi>
        </p>
        {field.default_value && (
          <p>
            <bdi>{field.default_value}</bdi>
          </p>
        )}
      </div>
    );
  }
  const common = {
    id,
    labelText: <bdi>{field.require ? field.name : t('metadata.optional', { name: field.name })}</bdi>,
    value,
    invalid: message !== '',
    invalidText: message,
    'aria-required': field.require,
    // Carbon names the message by aria-errormessage alone, which screen readers do not read out.
    ...(message === '' ? {} : { 'aria-describedby': `${id}-error-msg` }),
    onChange: (event: { target: { value: string } }) => change(event.target.value),
  };
  switch (field.type) {
    case 'text_area':
      return <TextArea rows={3} dir="auto" {...common} />;
    case 'option_list':
      return (
        <Select {...common}>
          <SelectItem value="" text={t('metadata.choose')} />
          {(field.choices ?? []).map((choice) => (
            <SelectItem key={choice} value={choice} text={choice} translate="no" />
          ))}
        </Select>
      );
    case 'date_field':
      return <TextInput type="date" {...common} />;
    default:
      return <TextInput dir="auto" autoComplete="off" {...common} />;
  }
}
