import { useApi } from '../../api/context';
import { TextField } from '../../components/form/fields';

/** Values of user properties in a form, by the names of their fields. */
export interface ProfileValues {
  profile?: Record<string, string>;
}

/** The properties that admins added to accounts. */
export function ProfileFields({ readOnly = false }: { readOnly?: boolean }) {
  const { hooks } = useApi();
  const query = hooks.useQuery('get', '/api/v5/user_profile_fields');
  return query.data?.profile_fields
    .filter(({ enabled }) => enabled)
    .map(({ id, name, required }) => <TextField key={id} name={`profile.p${id}`} label={name} required={required} readOnly={readOnly} />);
}

/** What the server is sent of them. */
export function profileData(profile: Record<string, string> = {}): { user_profile_data_attributes: { user_profile_field_id: string; value: string }[] } {
  return { user_profile_data_attributes: Object.entries(profile).map(([name, value]) => ({ user_profile_field_id: name.slice(1), value })) };
}
