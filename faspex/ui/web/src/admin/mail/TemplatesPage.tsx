import { ListItem, UnorderedList } from '@carbon/react';
import { useTranslation } from 'react-i18next';
import { useApi } from '../../api/context';
import { ProblemNotice } from '../../components/ProblemNotice';
import { Link } from '../../navigation/router';
import { PageSkeleton } from '../../shell/PageSkeleton';
import { MailFrame } from './MailFrame';
import { useTypeName } from './types';

/** The kinds of mails, each with its template. */
export default function TemplatesPage() {
  const { t } = useTranslation(['settings', 'admin']);
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/email_notifications/types');
  const nameOf = useTypeName();
  return (
    <MailFrame title={t('admin:mail.templates.title')} text={t('template.text')}>
      {query.error && <ProblemNotice title={t('template.failed')} error={query.error} retry={() => void query.refetch()} />}
      {!query.data && !query.error && <PageSkeleton />}
      {query.data && (
        <UnorderedList>
          {query.data.types.map(({ type, description }) => (
            <ListItem key={type}>
              <Link className="cds--link" to={`/admin/mail/templates/${type}`}>
                {nameOf(type, description)}
              </Link>
            </ListItem>
          ))}
        </UnorderedList>
      )}
    </MailFrame>
  );
}
