import { Button } from '@carbon/react';
import type { CarbonIconType } from '@carbon/icons-react';
import './empty-state.scss';

interface EmptyStateProps {
  icon?: CarbonIconType;
  title: string;
  text: string;
  action?: { label: string; run: () => void };
}

/** Stands where a list would be that has nothing in it, and offers the next step. */
export function EmptyState({ icon: Icon, title, text, action }: EmptyStateProps) {
  return (
    <div className="empty">
      {Icon && <Icon size={32} aria-hidden />}
      <h2>{title}</h2>
      <p>{text}</p>
      {action && <Button onClick={action.run}>{action.label}</Button>}
    </div>
  );
}
