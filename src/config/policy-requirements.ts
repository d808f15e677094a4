import { SettingsError } from './errors.js';

/** What one requirement of the policy asks of an image. `unverifiable`: a kind of signature that is known and not looked at here. */
export type PolicyRequirement =
  | { readonly type: 'insecureAcceptAnything' }
  | { readonly type: 'reject' }
  | SignedBy
  | { readonly type: 'unverifiable'; readonly word: string };

/** At least one signature of the image has to be of one of these keys, and for an image of this name. */
export interface SignedBy {
  readonly type: 'signedBy';
  readonly keys: PublicKeys;
  readonly identity: SignedIdentity;
}

/** OpenPGP public keys, armoured or not: in files, or as they are. */
export type PublicKeys = { readonly files: readonly string[] } | { readonly data: Uint8Array };

/** Which name a signature has to carry. Texts are those of policy.json. */
export type SignedIdentity =
  | { readonly type: 'matchExact' | 'matchRepoDigestOrExact' | 'matchRepository' }
  | { readonly type: 'exactReference'; readonly reference: string }
  | { readonly type: 'exactRepository'; readonly repository: string }
  | { readonly type: 'remapIdentity'; readonly prefix: string; readonly signedPrefix: string };

type Members = Readonly<Record<string, unknown>>;

const OTHER_SIGNATURES = ['signedBaseLayer', 'sigstoreSigned'];
const OTHER_KEYS = ['signedByGPGKeys', 'X509Certificates', 'signedByX509CAs'];

/**
 * One requirement of policy.json. Members that nobody knows are errors: what they were meant to demand would not be.
 *
 * @param where for messages
 * @throws {SettingsError} it is none
 * @see https://github.com/containers/image/blob/main/docs/containers-policy.json.5.md#policy-requirements
 */
export function parseRequirement(path: string, entry: unknown, where: string): PolicyRequirement {
  const what = `a requirement of ${where}`;
  const members = objectAt(path, entry, what);
  const { type } = members;
  switch (type) {
    case 'insecureAcceptAnything':
    case 'reject':
      refuseUnknown(path, members, ['type'], what);
      return { type };
    case 'signedBy':
      return parseSignedBy(path, members, what);
    default:
      if (typeof type === 'string' && OTHER_SIGNATURES.includes(type)) return { type: 'unverifiable', word: type };
      throw new SettingsError(path, `${where} has a requirement of the unknown type ${JSON.stringify(type)}`);
  }
}

export function objectAt(path: string, value: unknown, what: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  throw new SettingsError(path, `${what} is not a JSON object`);
}

export function refuseUnknown(path: string, value: object, known: readonly string[], what: string): void {
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) throw new SettingsError(path, `${what} has the unknown member ${JSON.stringify(unknown)}`);
}

function parseSignedBy(path: string, members: Members, what: string): PolicyRequirement {
  refuseUnknown(path, members, ['type', 'keyType', 'keyPath', 'keyPaths', 'keyData', 'signedIdentity'], what);
  const { keyType } = members;
  if (typeof keyType === 'string' && OTHER_KEYS.includes(keyType)) return { type: 'unverifiable', word: `signedBy (${keyType})` };
  if (keyType !== 'GPGKeys') throw new SettingsError(path, `${what} has the unknown keyType ${JSON.stringify(keyType)}`);
  return { type: 'signedBy', keys: parseKeys(path, members, what), identity: parseIdentity(path, members.signedIdentity, what) };
}

function parseKeys(path: string, members: Members, what: string): PublicKeys {
  const given = (['keyPath', 'keyPaths', 'keyData'] as const).filter((name) => members[name] !== undefined);
  const [name] = given;
  if (name === undefined || given.length > 1)
    throw new SettingsError(path, `${what} must have exactly one of keyPath, keyPaths and keyData`);
  if (name === 'keyPath') return { files: [textAt(path, members, name, what)] };
  if (name === 'keyData') return { data: fromBase64(path, textAt(path, members, name, what), what) };
  const { keyPaths } = members;
  if (!Array.isArray(keyPaths) || keyPaths.length === 0 || !keyPaths.every((file) => typeof file === 'string' && file !== ''))
    throw new SettingsError(path, `keyPaths of ${what} is not a list of one path or more`);
  return { files: keyPaths as readonly string[] };
}

function fromBase64(path: string, text: string, what: string): Uint8Array {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text))
    throw new SettingsError(path, `keyData of ${what} is not base64`);
  return Buffer.from(text, 'base64');
}

function parseIdentity(path: string, value: unknown, what: string): SignedIdentity {
  if (value === undefined) return { type: 'matchRepoDigestOrExact' };
  const where = `signedIdentity of ${what}`;
  const members = objectAt(path, value, where);
  const text = (name: string): string => textAt(path, members, name, where);
  const only = (...names: readonly string[]): void => refuseUnknown(path, members, ['type', ...names], where);
  const { type } = members;
  switch (type) {
    case 'matchExact':
    case 'matchRepoDigestOrExact':
    case 'matchRepository':
      only();
      return { type };
    case 'exactReference':
      only('dockerReference');
      return { type, reference: text('dockerReference') };
    case 'exactRepository':
      only('dockerRepository');
      return { type, repository: text('dockerRepository') };
    case 'remapIdentity':
      only('prefix', 'signedPrefix');
      return { type, prefix: text('prefix'), signedPrefix: text('signedPrefix') };
    default:
      throw new SettingsError(path, `${where} has the unknown type ${JSON.stringify(type)}`);
  }
}

function textAt(path: string, members: Members, name: string, what: string): string {
  const value = members[name];
  if (typeof value === 'string' && value !== '') return value;
  throw new SettingsError(path, `${name} of ${what} is not a text`);
}
