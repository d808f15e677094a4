import { askNameServers } from './ask-name-servers.js';
import { NetworkError } from './errors.js';
import type { HelperProgram } from './helper-programs.js';
import { tunnelProblem } from './helpers.js';
import type { PrivateNetwork } from './private-network.js';
import type { NetworkHelper } from './request.js';

/** Which network commands get that nobody chose one for. */
export type DefaultNetwork =
  /** `passedOver`: why the helpers that come before it are not taken, in a few words; left out: there are none. */
  | { readonly kind: 'private'; readonly helper: NetworkHelper; readonly passedOver?: string }
  /** `reason`: why there is no private one, in a few words. */
  | { readonly kind: 'host'; readonly reason: string };

/** What a probe found. */
export interface ProbedNetwork {
  readonly choice: DefaultNetwork;
  /** The network that was made to find out, still open. */
  readonly network: PrivateNetwork | undefined;
  /**
   * The name servers of the host were silent, so that nothing is known of how a helper carries questions; or a helper did not start,
   * which may be for want of a moment's time or memory.
   */
  readonly unmeasured: boolean;
}

export interface ProbeOptions {
  readonly helpers: readonly HelperProgram[];
  readonly open: (helper: HelperProgram & { readonly program: string }) => Promise<PrivateNetwork>;
  /** What a command's resolver would ask; undefined: on the host's network. */
  readonly nameServers: (resolver: string | undefined) => readonly string[];
  readonly signal: AbortSignal;
  /** For tests. */
  readonly ask?: typeof askNameServers;
  readonly tunnel?: () => string | undefined;
}

/** Beyond what a name server takes that has to ask others first, and short of what a person notices twice. */
const TIMEOUT_MS = 1500;

/**
 * Finds out whether a private network is as good as the host's: a helper starts, and the question that the host's name servers answer is
 * answered inside, by one as near to the head of the list. Where the host's are silent (no network, a firewall) nothing can be compared: a
 * helper that starts is enough.
 *
 * @throws the reason of the signal after an abort; nothing is open then
 */
export async function probeDefaultNetwork(options: ProbeOptions): Promise<ProbedNetwork> {
  const { helpers, open, nameServers, signal, ask = askNameServers, tunnel = tunnelProblem } = options;
  const toHost = (reasons: readonly string[], unmeasured = false): ProbedNetwork => ({
    choice: { kind: 'host', reason: reasons.join('; ') },
    network: undefined,
    unmeasured,
  });
  const installed = helpers.filter((helper): helper is HelperProgram & { program: string } => helper.program !== undefined);
  if (installed.length === 0) return toHost([`neither ${helpers.map(({ name }) => name).join(' nor ')} is installed`]);
  const problem = tunnel();
  if (problem !== undefined) return toHost([problem]);

  const onHost = ask('host', nameServers(undefined), { timeoutMs: TIMEOUT_MS, signal });
  // It is awaited below; until then its failure is nobody's.
  onHost.catch(() => {});
  const reasons: string[] = [];
  let failed = false;
  for (const helper of installed) {
    let network: PrivateNetwork | undefined;
    try {
      network = await open(helper);
      const [there, here] = await Promise.all([
        ask(network.path, nameServers(network.helper.resolver), { timeoutMs: TIMEOUT_MS, signal }),
        onHost,
      ]);
      if (here === undefined || (there !== undefined && there <= here)) {
        const unmeasured = here === undefined && there === undefined;
        const passedOver = reasons.length === 0 ? {} : { passedOver: reasons.join('; ') };
        return { choice: { kind: 'private', helper: helper.name, ...passedOver }, network, unmeasured };
      }
      reasons.push(`${helper.name} carries no DNS answers here`);
      await network.close();
    } catch (error) {
      await network?.close();
      if (!(error instanceof NetworkError)) throw error;
      reasons.push(error.reason);
      failed = true;
    }
  }
  return toHost(reasons, failed);
}
