import { Checkbox, Select, SelectItem, TextInput } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import type { Options } from './draft';
import type { Field } from './request';

interface OptionFieldsProps {
  options: Options;
  change: (options: Partial<Options>) => void;
  messageOf: (field: Field) => string;
}

const releases = ['now', 'on_date', 'later'] as const;
const expirations = ['none', 'delete_after_any_download', 'delete_after_all_download', 'delete_after_expiration_date'] as const;

/** When a package is released, how long it stays, and how it may be downloaded. */
export function OptionFields({ options, change, messageOf }: OptionFieldsProps) {
  const { t } = useTranslation('send');
  return (
    <>
      <Select
        id="release"
        labelText={t('release.label')}
        value={options.release}
        onChange={(event) => change({ release: releases.find((one) => one === event.target.value) ?? 'now' })}
      >
        {releases.map((one) => (
          <SelectItem key={one} value={one} text={t(`release.${one}`)} />
        ))}
      </Select>
      {options.release === 'on_date' && (
        <TextInput
          id="release-date"
          type="datetime-local"
          labelText={t('release.date')}
          value={options.releaseDate}
          invalid={messageOf('releaseDate') !== ''}
          invalidText={messageOf('releaseDate')}
          onChange={(event) => change({ releaseDate: event.target.value })}
        />
      )}
      <Select
        id="expiration"
        labelText={t('expiration.label')}
        value={options.expiration}
        onChange={(event) => change({ expiration: expirations.find((one) => one === event.target.value) ?? 'none' })}
      >
        {expirations.map((one) => (
          <SelectItem key={one} value={one} text={t(`expiration.${one}`)} />
        ))}
      </Select>
      {options.expiration === 'delete_after_expiration_date' && (
        <TextInput
          id="expiration-date"
          type="datetime-local"
          labelText={t('expiration.date')}
          value={options.expirationDate}
          invalid={messageOf('expirationDate') !== ''}
          invalidText={messageOf('expirationDate')}
          onChange={(event) => change({ expirationDate: event.target.value })}
        />
      )}
      <TextInput
        id="download-limit"
        inputMode="numeric"
        labelText={t('limit.label')}
        helperText={t('limit.help')}
        value={options.downloadLimit}
        invalid={messageOf('downloadLimit') !== ''}
        invalidText={messageOf('downloadLimit')}
        onChange={(event) => change({ downloadLimit: event.target.value.trim() })}
      />
      <Checkbox
        id="prevent-http-download"
        labelText={t('preventHttp.label')}
        helperText={t('preventHttp.help')}
        checked={options.preventHttpDownload}
        onChange={(_event, { checked }) => change({ preventHttpDownload: checked })}
      />
    </>
  );
}
