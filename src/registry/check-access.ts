import { discardBody } from './read-body.js';
import type { Session } from './session.js';

/**
 * Ask the registry for nothing but to be let in, with the credentials for the registry as a whole.
 *
 * @throws {RegistryError} refused, or not reachable
 */
export async function checkAccess(session: Session, signal: AbortSignal | undefined): Promise<void> {
  const action = `log in to ${session.options.host}`;
  const access = { repository: '', scopes: [] };
  await session.retrying(signal, async () => {
    const { response } = await session.send({ action, method: 'GET', target: '/v2/', access, expect: [200], signal });
    await discardBody(response);
  });
}
