/** What a registry is shown: a name and password, or a refresh token to be exchanged at its token server. */
export type RegistryCredentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  | { readonly kind: 'identity-token'; readonly token: string };

/** Credentials for a repository of one registry; undefined to go without. */
export type CredentialLookup = (repository: string) => Promise<RegistryCredentials | undefined>;

/** `user:password` of a URL, its escapes undone; undefined when it has neither. */
export function userInfoOf({ username, password }: URL): string | undefined {
  return username === '' && password === '' ? undefined : `${decoded(username)}:${decoded(password)}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A percent sign that begins no escape is one that nobody escaped.
    return text;
  }
}

/** @see https://www.rfc-editor.org/rfc/rfc7617 */
export function basicHeader(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
