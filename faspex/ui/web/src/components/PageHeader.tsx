import { type ReactNode, useEffect } from 'react';
import { Breadcrumbs } from '../shell/Breadcrumbs';
import { setPageTitle } from '../shell/title';

interface PageHeaderProps {
  /** The page's only h1, and its part of the tab's title. */
  title: string;
  text?: string;
  /** True for titles that people wrote: they are set apart from the text around them. */
  isolated?: boolean;
  /** Stands beside the title, such as a status. */
  beside?: ReactNode;
  /** Buttons of the page. */
  actions?: ReactNode;
}

/** Breadcrumb, title and actions of a page; each page has exactly one. */
export function PageHeader({ title, text, isolated = false, beside, actions }: PageHeaderProps) {
  useEffect(() => setPageTitle(title), [title]);
  return (
    <>
      <Breadcrumbs />
      <div className="page-header">
        <div>
          <div className="title-line">
            <h1>{isolated ? <bdi>{title}</bdi> : title}</h1>
            {beside}
          </div>
          {text && <p>{text}</p>}
        </div>
        {actions && <div className="actions">{actions}</div>}
      </div>
    </>
  );
}
