// Short names for the parts of the generated types that many files use.

import type { components } from './schema';

type Schemas = components['schemas'];

export type Account = Schemas['Account'];
export type OwnAccount = Schemas['OwnAccount'];
export type Listing = Schemas['Listing'];
export type Recipient = Schemas['Recipient'];
export type Package = Schemas['Package'];
export type PackageList = Schemas['PackageList'];
export type Contact = Schemas['Contact'];
export type FileItem = Schemas['Entry'];
export type UploadDetails = Schemas['UploadDetails'];
export type Preferences = Schemas['Preferences'];
export type PreferencesChange = Schemas['PreferencesChange'];
export type TransferSpec = Schemas['Spec'];
