import { lazy, Suspense } from 'react';
import type { ProblemNoticeProps } from '../components/ProblemNotice';

const ProblemNotice = lazy(async () => ({ default: (await import('../components/ProblemNotice')).ProblemNotice }));

/** A notice in a place that most people never see: what it is made of is loaded with it. */
export function LazyNotice(props: ProblemNoticeProps) {
  return (
    <Suspense fallback={<p role="alert">{props.title}</p>}>
      <ProblemNotice {...props} />
    </Suspense>
  );
}
