import * as assert from 'uvu/assert';
import { type ProbedNetwork, type ProbeOptions, probeDefaultNetwork } from '../../../../src/sandbox/network/default-network.js';
import { NetworkError } from '../../../../src/sandbox/network/errors.js';
import { helperCommand } from '../../../../src/sandbox/network/helpers.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const BOTH = (['pasta', 'slirp4netns'] as const).map((name) => ({ name, program: `/usr/bin/${name}` }));

/** Which server answers in which network; undefined: none. */
type Answers = Readonly<Record<string, number | undefined>>;

interface Scene {
  readonly answers: Answers;
  readonly helpers?: ProbeOptions['helpers'];
  readonly failing?: readonly string[];
  readonly tunnel?: string;
}

interface Played {
  readonly probed: ProbedNetwork;
  /** What was opened and closed, in order. */
  readonly events: readonly string[];
}

async function play({ answers, helpers = BOTH, failing = [], tunnel }: Scene): Promise<Played> {
  const events: string[] = [];
  const probed = await probeDefaultNetwork({
    helpers,
    open: async ({ name, program }) => {
      if (failing.includes(name)) throw new NetworkError(`${name}: it failed`);
      events.push(`open ${name}`);
      const helper = helperCommand(name, program, { options: [], hostReachable: false, isRealRoot: false });
      return { path: name, helper, gateway: undefined, close: async () => void events.push(`close ${name}`) };
    },
    nameServers: (resolver) => [resolver ?? 'of the host'],
    ask: async (network) => answers[network],
    tunnel: () => tunnel,
    signal: new AbortController().signal,
  });
  return { probed, events };
}

suite('probeDefaultNetwork()', (test) => {
  test('takes pasta where its name server answers, and leaves the network open', async () => {
    const { probed, events } = await play({ answers: { host: 0, pasta: 0 } });
    assert.equal(probed.choice, { kind: 'private', helper: 'pasta' });
    assert.is(probed.network?.path, 'pasta');
    assert.is(probed.unmeasured, false);
    assert.equal(events, ['open pasta']);
  });

  test('takes slirp4netns where no answer comes through pasta', async () => {
    const { probed, events } = await play({ answers: { host: 0, slirp4netns: 0 } });
    assert.equal(probed.choice, { kind: 'private', helper: 'slirp4netns', passedOver: 'pasta carries no DNS answers here' });
    assert.equal(events, ['open pasta', 'close pasta', 'open slirp4netns']);
  });

  test('takes slirp4netns where pasta fails or is missing', async () => {
    const failed = await play({ answers: { host: 0, slirp4netns: 0 }, failing: ['pasta'] });
    assert.equal(failed.probed.choice, { kind: 'private', helper: 'slirp4netns', passedOver: 'pasta: it failed' });
    const missing = await play({ answers: { host: 0, slirp4netns: 0 }, helpers: [{ name: 'pasta', program: undefined }, BOTH[1]!] });
    assert.equal(missing.probed.choice, { kind: 'private', helper: 'slirp4netns' });
  });

  test("takes the host's network where none is as good, and says why of each", async () => {
    const { probed, events } = await play({ answers: { host: 0 }, failing: ['slirp4netns'] });
    assert.equal(probed.choice, { kind: 'host', reason: 'pasta carries no DNS answers here; slirp4netns: it failed' });
    assert.is(probed.unmeasured, true, 'the next start may succeed');
    assert.is(probed.network, undefined);
    assert.equal(events, ['open pasta', 'close pasta']);
  });

  test('does not take one where only a later server of the list answers', async () => {
    const { probed } = await play({ answers: { host: 0, pasta: 1, slirp4netns: 0 } });
    assert.equal(probed.choice, { kind: 'private', helper: 'slirp4netns', passedOver: 'pasta carries no DNS answers here' });
    const equal = await play({ answers: { host: 1, pasta: 1 } });
    assert.equal(equal.probed.choice, { kind: 'private', helper: 'pasta' });
  });

  test("a helper that starts is enough where the host's name servers are silent, and that is not held for measured", async () => {
    const { probed } = await play({ answers: {} });
    assert.equal(probed.choice, { kind: 'private', helper: 'pasta' });
    assert.is(probed.unmeasured, true);
  });

  test('starts nothing where no helper is installed, or none can open the tunnel', async () => {
    const none = BOTH.map(({ name }) => ({ name, program: undefined }));
    assert.equal(await play({ answers: { host: 0 }, helpers: none }).then(({ probed, events }) => [probed.choice, events]), [
      { kind: 'host', reason: 'neither pasta nor slirp4netns is installed' },
      [],
    ]);
    const closed = await play({ answers: { host: 0 }, tunnel: '/dev/net/tun cannot be opened (EACCES)' });
    assert.equal(closed.probed.choice, { kind: 'host', reason: '/dev/net/tun cannot be opened (EACCES)' });
    assert.equal(closed.events, []);
  });

  test('closes what is open when it is interrupted', async () => {
    const abort = new AbortController();
    let closed = 0;
    const probing = probeDefaultNetwork({
      helpers: BOTH,
      open: async ({ name, program }) => {
        const helper = helperCommand(name, program, { options: [], hostReachable: false, isRealRoot: false });
        return { path: name, helper, gateway: undefined, close: async () => void closed++ };
      },
      nameServers: () => ['192.0.2.1'],
      ask: (network, _servers, { signal }) =>
        new Promise((resolve, reject) => {
          if (network === 'host') resolve(0);
          else signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        }),
      tunnel: () => undefined,
      signal: abort.signal,
    });
    setImmediate(() => abort.abort(new Error('enough')));
    await rejects(() => probing, { message: /enough/ });
    assert.is(closed, 1);
  });
});
