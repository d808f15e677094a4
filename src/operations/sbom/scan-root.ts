import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_PATH, environmentOf } from '../../builder/graph/index.js';
import { type CommandNetwork, lookUpUser, withCommandNetwork } from '../../builder/steps/index.js';
import { TsbuildError, UsageError } from '../../errors.js';
import { type Isolation, ownSelinuxHost, planConfinement, runInSandbox, type SandboxMount, type SandboxPlan } from '../../sandbox/index.js';
import { closeFd, type Fd } from '../../sys/index.js';
import { type ReadyImage, readyImage } from '../containers/ready-image.js';
import { splitShellWords } from '../containers/shell-words.js';
import type { Services, Workspace } from '../context.js';
import type { PullPolicy } from '../pull.js';
import type { RegistryAccess } from '../registry-access.js';
import { type MergedSbom, mergeSboms } from './merge-sboms.js';
import { readScan } from './read-scan.js';
import type { ScanOptions } from './scan-options.js';

/** A command of a scanner failed, or wrote nothing. */
export class ScanFailedError extends TsbuildError {
  readonly code = 'SCAN_FAILED';
  constructor(
    readonly argv: readonly string[],
    readonly problem: string,
    readonly output: string,
  ) {
    const shown = output.trim() === '' ? '' : `\n${output.trimEnd()}`;
    super(`running scanning command [${argv.join(' ')}]: ${problem}${shown}`);
  }
}

/** What scanners look at, and with what. */
export interface ScanSurroundings {
  /** Of the file system that is looked at. */
  readonly root: Fd;
  /** Directories of this machine that were built from. */
  readonly contexts: readonly string[];
  readonly pull: PullPolicy;
  readonly access: RegistryAccess;
  readonly network: CommandNetwork;
  readonly isolation?: Isolation | undefined;
}

// Buildah's paths, which scanners may write into what they say.
const ROOT_TARGET = '/.rootfs';
const SCANS_TARGET = '/.scans';
const CONTEXT_TARGET = '/.context';
const SHOWN_OUTPUT_BYTES = 4096;

/**
 * Runs the scanner's commands, one after the other, each in the scanner's image with the file system and the contexts to read. What they
 * change is thrown away; what they wrote to {OUTPUT} is merged.
 *
 * @throws {ScanFailedError} @throws {SbomInvalidError}
 */
export async function scanRoot(
  options: ScanOptions,
  surroundings: ScanSurroundings,
  workspace: Workspace,
  services: Services,
): Promise<MergedSbom> {
  const { store, platform } = workspace;
  const { access, contexts, pull } = surroundings;
  const image = await readyImage({ image: options.image, policy: pull, platform }, access, workspace, services);
  const commands = scanCommands(options.commands, image.config.config?.Shell ?? ['/bin/sh', '-c'], contexts.length);
  if (commands.length === 0) throw new UsageError('no scanner command names {ROOTFS}, or {CONTEXT} where there is a build context');
  const scans = join(await store.scratch.dir(), 'scans');
  mkdirSync(scans);
  // The scanner may run as anybody.
  chmodSync(scans, 0o777);
  try {
    const results: Buffer[] = [];
    for (const { argv, output } of commands) results.push(await runScan(argv, output, scans, image, surroundings, workspace, services));
    return mergeSboms(results, options.mergeStrategy);
  } finally {
    store.scratch.trash(scans);
  }
}

export interface ScanCommand {
  readonly argv: readonly string[];
  /** Name of the file it writes. */
  readonly output: string;
}

/**
 * The commands with their places filled in: one that names {CONTEXT} once for each context, others once. Those that name neither it nor {ROOTFS} are left
 * out, as by Buildah.
 *
 * @param shell of the scanner's image, for commands with redirections and the like
 */
export function scanCommands(commands: readonly string[], shell: readonly string[], contexts: number): readonly ScanCommand[] {
  const filled: ScanCommand[] = [];
  const add = (words: readonly string[], context: number): void => {
    const output = `scan${filled.length}.json`;
    const places: Readonly<Record<string, string>> = {
      ROOTFS: ROOT_TARGET,
      CONTEXT: `${CONTEXT_TARGET}${context}`,
      OUTPUT: `${SCANS_TARGET}/${output}`,
    };
    filled.push({ argv: words.map((word) => word.replace(/\{(ROOTFS|CONTEXT|OUTPUT)\}/g, (_, name: string) => places[name]!)), output });
  };
  for (const command of commands) {
    const words = /[<>|;&]/.test(command) ? [...shell, command] : splitShellWords(command, 'sbom-scanner-command');
    if (command.includes('{CONTEXT}')) for (let context = 0; context < contexts; context++) add(words, context);
    else if (command.includes('{ROOTFS}')) add(words, 0);
  }
  return filled;
}

async function runScan(
  argv: readonly string[],
  output: string,
  scans: string,
  image: ReadyImage,
  { root, contexts, network, isolation }: ScanSurroundings,
  { snapshots }: Workspace,
  { settings, signal }: Services,
): Promise<Buffer> {
  const lowers = snapshots.lowers(image.config.rootfs.diff_ids);
  const working = await snapshots.prepare(lowers);
  let printed = '';
  try {
    const { Env, User, WorkingDir } = image.config.config ?? {};
    const merged = await snapshots.openMerged(lowers);
    let user: ReturnType<typeof lookUpUser>;
    try {
      user = lookUpUser(merged, User ?? '');
    } finally {
      closeFd(merged);
    }
    const mounts: SandboxMount[] = [
      { kind: 'bind', target: SCANS_TARGET, source: scans, readOnly: false },
      { kind: 'bind', target: ROOT_TARGET, source: root, readOnly: true, recursive: false },
      ...contexts.map((source, at): SandboxMount => ({ kind: 'bind', target: `${CONTEXT_TARGET}${at}`, source, readOnly: true })),
    ];
    const env = {
      PATH: DEFAULT_PATH,
      HOME: user.home,
      ...settings.proxyEnvironment,
      ...Object.fromEntries(environmentOf({ Env: Env ?? [] })),
    };
    const result = await withCommandNetwork(network, { hostname: 'scanner', mayChangeIt: false }, (leased) => {
      const plan: SandboxPlan = {
        rootfs: snapshots.rootfs(lowers, working),
        argv,
        env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
        cwd: WorkingDir || '/',
        user: { uid: user.uid, gid: user.gid, groups: user.groups },
        network: leased.network,
        hostname: 'scanner',
        mounts,
        files: leased.files,
        isolation,
        ...planConfinement({}, ownSelinuxHost()),
        singleId: settings.idMode === 'single',
        stdio: 'pipe',
      };
      const onOutput = (_stream: string, bytes: Uint8Array): void => {
        printed = (printed + Buffer.from(bytes).toString()).slice(-SHOWN_OUTPUT_BYTES);
      };
      return runInSandbox(plan, { signal, onOutput });
    });
    if (result.kind === 'signaled') throw new ScanFailedError(argv, `signal ${result.signal}`, printed);
    if (result.code !== 0) throw new ScanFailedError(argv, `exit status ${result.code}`, printed);
    const written = readScan(join(scans, output));
    if (typeof written === 'string') throw new ScanFailedError(argv, written, printed);
    return written;
  } finally {
    snapshots.discard(working);
  }
}
