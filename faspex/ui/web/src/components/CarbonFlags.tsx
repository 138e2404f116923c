import { FeatureFlags } from '@carbon/react';
import type { ReactNode } from 'react';

/** Without the flag Carbon puts stops for the Tab key around each dialog, with an English text that screen readers say. */
export function CarbonFlags({ children }: { children: ReactNode }) {
  return <FeatureFlags enableFocusWrapWithoutSentinels>{children}</FeatureFlags>;
}
