import { Button, InlineLoading } from '@carbon/react';
import { type ReactNode, useEffect, useRef, useState } from 'react';
import { type DefaultValues, type FieldPath, type FieldValues, FormProvider, useForm } from 'react-hook-form';
import { useTranslation } from 'react-i18next';
import { problemOf } from '../../api/problem';
import { useToast } from '../../shell/toasts';
import { ProblemNotice } from '../ProblemNotice';
import { LeaveGuard } from './LeaveGuard';
import './form.scss';

/** What `save` rejects with when the person decided not to store after all: nothing is told then, and what was typed stays. */
export const undecided = Symbol('undecided');

interface SettingsFormProps<T extends FieldValues> {
  /** The values as the server has them. New ones replace what nobody has changed here. */
  values: T;
  /** Stores the values; a rejection shows its sentences at the fields that it names. */
  save: (values: T) => Promise<unknown>;
  /** The message after it was stored; null says nothing. */
  saved: string | null;
  /** The fields: components of fields.tsx. */
  children: ReactNode;
  submit?: string;
  /** Beside the button, such as a way back. */
  actions?: ReactNode;
  /** What stays after it was stored: the values that were typed, or those of before (forms that add something, passwords). */
  after?: 'keep' | 'reset';
  /** Fields that are emptied once they are stored, such as passwords. */
  forget?: readonly (keyof T & string)[];
  /** False for a second form of a page: the router asks for one form alone before it leaves. */
  guard?: boolean;
  /** True when it may be sent without a change: forms that create something. */
  creates?: boolean;
}

/** A form whose errors stand at their fields, whether they were found here or by the server, and that is not left by mistake. */
export function SettingsForm<T extends FieldValues>(props: SettingsFormProps<T>) {
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    if (turn > 0) document.getElementById('main-content')?.focus({ preventScroll: true });
  }, [turn]);
  // A form that begins anew is a new one: nothing of what was typed is left in it, passwords least of all.
  return <OneForm key={turn} {...props} restart={() => setTurn((current) => current + 1)} />;
}

function OneForm<T extends FieldValues>(props: SettingsFormProps<T> & { restart: () => void }) {
  const { values, save, saved, children, submit, actions, after = 'keep', forget = [], guard = true, creates = false, restart } = props;
  const { t } = useTranslation('shell');
  const toast = useToast();
  const form = useForm<T>({ defaultValues: values as DefaultValues<T>, values, resetOptions: { keepDirtyValues: true }, mode: 'onTouched' });
  const { isSubmitting, isDirty, errors, submitCount } = form.formState;
  const [error, setError] = useState<unknown>(null);
  const notice = useRef<HTMLDivElement>(null);
  const wrong = Object.keys(errors).length;

  const store = form.handleSubmit(async (typed) => {
    setError(null);
    try {
      await save(typed);
    } catch (reason) {
      if (reason === undecided) return;
      const named = problemOf(reason).errors.filter(({ field }) => field in typed);
      named.forEach(({ field, message }, index) => form.setError(field as FieldPath<T>, { type: 'server', message }, { shouldFocus: index === 0 }));
      if (named.length === 0) setError(reason);
      return;
    }
    const kept = { ...typed, ...Object.fromEntries(forget.map((name) => [name, ''])) };
    if (after === 'keep') form.reset(kept);
    else restart();
    if (saved !== null) toast({ kind: 'success', title: saved });
  });

  useEffect(() => {
    if (error !== null) notice.current?.focus();
  }, [error]);

  return (
    <FormProvider {...form}>
      {guard && <LeaveGuard when={isDirty && !isSubmitting} />}
      <form className="form" noValidate onSubmit={(event) => void store(event)}>
        {error !== null && (
          <div ref={notice} tabIndex={-1}>
            <ProblemNotice title={t('form.notSaved')} error={error} />
          </div>
        )}
        <p role="status" className="visually-hidden">
          {submitCount > 0 && wrong > 0 ? t('form.summary', { count: wrong }) : ''}
        </p>
        {children}
        <div className="actions">
          <Button type="submit" disabled={isSubmitting || (!creates && !isDirty)}>
            {submit ?? t('action.save')}
          </Button>
          {actions}
          {isSubmitting && <InlineLoading description={t('form.saving')} />}
        </div>
      </form>
    </FormProvider>
  );
}
