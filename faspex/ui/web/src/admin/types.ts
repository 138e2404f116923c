import type { components } from '../api/schema';

type Schemas = components['schemas'];

export type Node = Schemas['Node'];
export type NodeChange = Schemas['NodeChange'];
export type NodeTest = Schemas['NodeTest'];
export type Certificate = Schemas['Certificate'];
export type StorageLocation = Schemas['SharedFolder'];
export type OAuthClient = Schemas['OAuthClient'];
export type Configuration = Schemas['Configuration'];
