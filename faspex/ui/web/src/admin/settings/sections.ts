// The settings of the server, as the pages of Configuration group them.

import type texts from '../../locales/en/settings.json';

/** How a setting is edited. `list` is one entry a line; `url` and `choice?` may be empty, which the server has as null. */
export type Kind = 'switch' | 'number' | 'text' | 'code' | 'area' | 'list' | 'url' | 'choice' | 'choice?';

type Choice = keyof typeof texts.choice;

/** Each setting has its text in the catalogue, by its published name. */
export interface Setting {
  name: keyof typeof texts.field;
  kind: Kind;
  choices?: readonly (Choice | Cipher)[];
}

/** Which document of the server holds the settings of a page. */
export type SettingsDocument = 'configuration' | 'advanced_configuration' | 'rate_limits';

export interface Section {
  id: keyof typeof texts.title;
  document: SettingsDocument;
  groups: readonly { name: keyof typeof texts.group; settings: readonly Setting[] }[];
}

const ciphers = ['aes-128', 'aes-192', 'aes-256', 'aes-128-cfb', 'aes-192-cfb', 'aes-256-cfb', 'aes-128-gcm', 'aes-192-gcm', 'aes-256-gcm'] as const;
type Cipher = (typeof ciphers)[number];

/** The names of ciphers are the same in every language. */
export function isCipher(choice: Choice | Cipher): choice is Cipher {
  return (ciphers as readonly string[]).includes(choice);
}

const one = (kind: Kind, name: Setting['name'], choices?: Setting['choices']): Setting => ({ name, kind, ...(choices ? { choices } : {}) });

export const sections: readonly Section[] = [
  {
    id: 'web-server',
    document: 'configuration',
    groups: [
      {
        name: 'address',
        settings: [
          one('code', 'server_address'),
          one('url', 'http_gateway_url'),
        ],
      },
    ],
  },
  {
    id: 'display',
    document: 'configuration',
    groups: [
      {
        name: 'brand',
        settings: [
          one('text', 'app_logo_text'),
          one('area', 'color_customization_data'),
          one('choice', 'account_display_name_format', ['full_name', 'username']),
        ],
      },
      {
        name: 'loginPage',
        settings: [
          one('text', 'login_page_title'),
          one('text', 'login_label'),
          one('area', 'login_instructions'),
          one('area', 'login_terms_of_service'),
          one('area', 'external_login_terms_of_service'),
        ],
      },
      {
        name: 'messages',
        settings: [
          one('area', 'announcement'),
          one('area', 'home_page_message'),
          one('area', 'package_instructions'),
          one('area', 'package_terms_of_service'),
        ],
      },
    ],
  },
  {
    id: 'security',
    document: 'configuration',
    groups: [
      {
        name: 'passwords',
        settings: [
          one('switch', 'use_strong_password'),
          one('code', 'strong_password_regex'),
          one('area', 'strong_password_requirements'),
          one('switch', 'force_password_reset_for_new_users'),
          one('switch', 'global_default_password_expires'),
          one('number', 'global_default_password_expiration_interval_days'),
          one('switch', 'global_default_enforce_password_history'),
          one('number', 'global_default_password_history_limit'),
        ],
      },
      {
        name: 'sessions',
        settings: [
          one('number', 'session_timeout_minutes'),
          one('switch', 'prevent_concurrent_login'),
          one('number', 'user_deactivation_login_count'),
          one('number', 'user_deactivation_login_interval_minutes'),
          one('switch', 'allow_self_unlock'),
        ],
      },
      {
        name: 'codes',
        settings: [
          one('switch', 'mfa_required'),
          one('number', 'mfa_code_validity'),
          one('number', 'mfa_max_attempts'),
          one('switch', 'mfa_required_upload'),
          one('number', 'mfa_code_validity_upload'),
          one('number', 'mfa_max_attempts_upload'),
        ],
      },
      {
        name: 'inactive',
        settings: [
          one('switch', 'deactivate_inactive_users'),
          one('number', 'user_deactivation_inactive_days'),
          one('switch', 'remove_inactive_users'),
          one('number', 'user_removal_inactive_days'),
          one('switch', 'remove_inactive_saml_users'),
          one('number', 'saml_user_removal_inactive_days'),
        ],
      },
    ],
  },
  {
    id: 'users',
    document: 'configuration',
    groups: [
      {
        name: 'reach',
        settings: [
          one('switch', 'users_can_send_to_all_faspex_users'),
          one('switch', 'users_can_send_normal_packages'),
          one('switch', 'private_user_dir'),
          one('switch', 'can_see_global_distribution_lists_default'),
          one('switch', 'ignore_invalid_recipients'),
          one('switch', 'send_welcome_email_to_all_new_users'),
        ],
      },
      {
        name: 'registration',
        settings: [
          one('choice', 'self_registration_type', ['none', 'moderated', 'unmoderated']),
          one('choice', 'self_registration_type_external', ['moderated', 'unmoderated']),
          one('area', 'registration_instructions'),
          one('list', 'registration_approval_ccs'),
          one('list', 'registration_approval_ccs_external'),
          one('list', 'registration_blocklist'),
          one('switch', 'registration_external_use_default'),
          one('switch', 'self_registered_users_can_send_to_each_other'),
        ],
      },
    ],
  },
  {
    id: 'external',
    document: 'configuration',
    groups: [
      {
        name: 'mail',
        settings: [
          one('switch', 'allow_send_to_email'),
          one('switch', 'allow_send_to_email_default'),
          one('switch', 'require_external_users_registration'),
          one('switch', 'allow_external_send_to_faspex_user'),
          one('switch', 'package_link_expires'),
          one('number', 'package_link_valid_days'),
          one('switch', 'package_link_expires_after_full_download'),
        ],
      },
      {
        name: 'invitations',
        settings: [
          one('switch', 'invitations_allowed'),
          one('switch', 'invitations_allowed_by_default'),
          one('switch', 'invitation_link_expires'),
          one('switch', 'invitation_link_expiration_policy'),
          one('number', 'invitation_link_hours_valid'),
          one('switch', 'invitation_link_expires_after_upload'),
          one('switch', 'allow_users_to_set_custom_link_expiration'),
          one('switch', 'enforce_maximum_invitation_duration'),
          one('switch', 'can_override_ear_per_personal_invite'),
        ],
      },
      {
        name: 'links',
        settings: [
          one('switch', 'public_url_allowed'),
          one('switch', 'public_url_allowed_default'),
          one('switch', 'shared_inbox_can_override_public_url'),
        ],
      },
    ],
  },
  {
    id: 'packages',
    document: 'configuration',
    groups: [
      {
        name: 'expiry',
        settings: [
          one('switch', 'packages_expire'),
          one('number', 'days_until_packages_expire'),
          one('switch', 'delete_packages_after_download'),
          one('choice', 'delete_packages_after_download_condition', ['nothing', 'any_member', 'all_members']),
          one('switch', 'allow_user_specified_delete_after_download'),
          one('switch', 'enable_package_purge'),
          one('number', 'days_before_deleting_package_records'),
        ],
      },
      {
        name: 'content',
        settings: [
          one('choice', 'require_encryption_at_rest', ['true', 'false', 'optional']),
          one('switch', 'shared_inbox_can_override_ear'),
          one('choice', 'require_obfuscation', ['true', 'false', 'optional']),
          one('switch', 'save_metadata_to_file'),
          one('switch', 'save_metadata_in_package'),
          one('number', 'max_title_length_in_storage_paths'),
          one('switch', 'downloads_during_transfers_enabled'),
          one('switch', 'hide_relay_information'),
        ],
      },
      {
        name: 'processing',
        settings: [
          one('switch', 'file_processing_enabled'),
          one('number', 'file_processing_timeout_minutes'),
          one('number', 'pkg_processing_timeout_minutes'),
          one('number', 'package_upload_timeout'),
          one('number', 'pkg_poller_start_delay'),
          one('number', 'retry_failed_pkgs_interval'),
        ],
      },
      {
        name: 'quota',
        settings: [
          one('choice', 'sender_quota_option', ['enable', 'disable', 'default']),
          one('number', 'sender_quota_limit_mb'),
          one('number', 'sender_quota_duration_hours'),
          one('list', 'quota_recipient_allowlist'),
          one('list', 'quota_sender_allowlist'),
        ],
      },
    ],
  },
  {
    id: 'transfers',
    document: 'configuration',
    groups: [
      {
        name: 'rates',
        settings: [
          one('number', 'initial_target_upload_rate_kbps'),
          one('number', 'max_target_upload_rate_kbps'),
          one('number', 'initial_target_download_rate_kbps'),
          one('number', 'max_target_download_rate_kbps'),
          one('switch', 'lock_minrate_policy'),
          one('number', 'relay_outgoing_bandwidth_kbps'),
          one('number', 'relay_incoming_bandwidth_kbps'),
        ],
      },
      {
        name: 'way',
        settings: [
          one('switch', 'encrypt_transfers'),
          one('choice?', 'encryption_type', ciphers),
          one('switch', 'http_fallback_enabled'),
          one('switch', 'prefer_http_connect'),
        ],
      },
      {
        name: 'connect',
        settings: [
          one('choice', 'connect_install_prompt', ['all_users', 'faspex_users', 'none']),
          one('url', 'connect_url'),
          one('code', 'min_connect_version'),
          one('switch', 'lock_connect_sdk_version'),
        ],
      },
      {
        name: 'clients',
        settings: [
          one('number', 'live_update_interval_sec'),
          one('switch', 'beta_opt_in'),
        ],
      },
    ],
  },
  {
    id: 'advanced',
    document: 'advanced_configuration',
    groups: [
      {
        name: 'advanced',
        settings: [
          one('text', 'user_fields_in_tags'),
          one('number', 'max_tags_length'),
          one('switch', 'exclude_metadata_from_cookie'),
          one('switch', 'disable_edit_email_html'),
          one('switch', 'enforce_self_registered_user_email_uniqueness'),
          one('switch', 'hide_sender_username_to_external_recipients'),
          one('switch', 'saml_user_lookup_attribute'),
        ],
      },
    ],
  },
  {
    id: 'rate-limits',
    document: 'rate_limits',
    groups: [
      {
        name: 'limits',
        settings: [
          one('switch', 'throttle_enabled'),
          one('number', 'throttle_limit_rps'),
        ],
      },
    ],
  },
];
