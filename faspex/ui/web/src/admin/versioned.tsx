// Things that several administrators may change at once: they are read with their version, and stored only over that version.

import { InlineNotification, UnorderedList, ListItem } from '@carbon/react';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { type FieldValues, useFormContext } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { ApiProblem, problemOf } from '../api/problem';
import { SettingsForm } from '../components/form/SettingsForm';
import { nothing } from '../i18n/format';

export interface Versioned<T> {
  thing: T;
  etag: string;
}

/** Reads a thing and its version. */
export function useVersioned<T>(key: readonly string[], read: (signal: AbortSignal) => Promise<{ data?: T; response: Response }>): UseQueryResult<Versioned<T>> {
  return useQuery({
    queryKey: ['admin', ...key],
    queryFn: async ({ signal }) => {
      const { data, response } = await read(signal);
      if (data === undefined) throw new ApiProblem({ code: 'bad_answer', status: response.status });
      return { thing: data, etag: response.headers.get('ETag') ?? '' };
    },
  });
}

/** What the fields of a form are called, and how their values are read to a person; text is shown as it is. */
export type Fields<T> = { [name in keyof T]: { label: string; show?: (value: T[name]) => string } };

interface VersionedFormProps<V, T extends FieldValues> {
  query: UseQueryResult<Versioned<V>>;
  /** The values of the form that a thing has; the same object for the same thing. */
  values: T;
  fields: Fields<T>;
  /** Stores what was changed over a version. */
  store: (changed: Partial<T>, etag: string) => Promise<{ response: Response }>;
  saved: string;
  /** After it was stored, and read again. */
  after?: () => void;
  children: ReactNode;
  forget?: readonly (keyof T & string)[];
}

/**
 * A form that stores only the fields that were changed, and nothing over somebody else's change: that is told first, and
 * what was typed stays (test/browser: page-85).
 */
export function VersionedForm<V, T extends FieldValues>({ query, values, fields, store, saved, after, children, forget = [] }: VersionedFormProps<V, T>) {
  const { t } = useTranslation('admin');
  const own = useRef('');
  const etag = query.data?.etag ?? '';
  const save = async (typed: T) => {
    try {
      const { response } = await store(changedOf(values, typed), etag);
      own.current = response.headers.get('ETag') ?? '';
    } catch (error) {
      if (problemOf(error).status !== 412) throw error;
      await query.refetch();
      throw new ApiProblem({ status: 412, code: 'changed', message: t('conflict.notSaved') });
    }
    await query.refetch();
    after?.();
  };
  return (
    <SettingsForm<T> values={values} save={save} saved={saved} forget={forget}>
      <OthersChanges<T> etag={etag} own={own} values={values} fields={fields} />
      {children}
    </SettingsForm>
  );
}

function changedOf<T extends FieldValues>(before: T, after: T): Partial<T> {
  return Object.fromEntries(Object.entries(after).filter(([name, value]) => value !== before[name])) as Partial<T>;
}

interface Difference {
  name: string;
  label: string;
  before: string;
  after: string;
  mine: boolean;
}

/** Tells what somebody else stored while this form was being filled in. */
function OthersChanges<T extends FieldValues>({ etag, own, values, fields }: { etag: string; own: { current: string }; values: T; fields: Fields<T> }) {
  const { t } = useTranslation('admin');
  const { formState } = useFormContext<T>();
  const { isDirty, dirtyFields } = formState;
  const seen = useRef({ etag, values });
  const [changes, setChanges] = useState<Difference[]>([]);
  useEffect(() => {
    const before = seen.current;
    if (before.etag === etag) return;
    seen.current = { etag, values };
    if (own.current === etag || !isDirty) {
      setChanges([]);
      return;
    }
    const show = (name: keyof T & string, value: T[keyof T & string]) => fields[name].show?.(value) || String(value) || nothing;
    setChanges(
      Object.keys(fields)
        .filter((name) => before.values[name] !== values[name])
        .map((name) => ({
          name,
          label: fields[name as keyof T].label,
          before: show(name, before.values[name]),
          after: show(name, values[name]),
          mine: name in dirtyFields,
        })),
    );
  }, [etag, own, values, fields, isDirty, dirtyFields]);
  if (changes.length === 0) return null;
  return (
    <div className="others-changes" data-testid="others-changes">
      <InlineNotification kind="warning" role="alert" lowContrast hideCloseButton title={t('conflict.title')} statusIconDescription={t('conflict.icon')}>
        <p>{t('conflict.text')}</p>
        <UnorderedList>
          {changes.map(({ name, label, before, after, mine }) => (
            <ListItem key={name}>
              {label}: <bdi>{before}</bdi> → <bdi>{after}</bdi>
              {mine && ` (${t('conflict.mine')})`}
            </ListItem>
          ))}
        </UnorderedList>
      </InlineNotification>
    </div>
  );
}
