const USER_INFO = /([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/g;

/** A URL without what is secret in it. */
export function withoutPassword(url: string): string {
  return url.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/?#]*@/, '$1');
}

/** A text with every URL in it so. */
export function withoutPasswords(text: string): string {
  return text.replace(USER_INFO, '$1');
}

/** As {@link withoutPasswords}, as long as it was: what is secret is written over. */
export function maskPasswords(text: string): string {
  return text.replace(USER_INFO, (found, scheme: string) => `${scheme}${'*'.repeat(found.length - scheme.length - 1)}@`);
}
