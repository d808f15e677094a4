import { type ContainersConf, readContainersConf, type Settings } from '../config/index.js';
import { UsageError } from '../errors.js';
import type { BuildOptions } from '../operations/build/build-options.js';
import { parseOutputs, takesStandardOutput } from '../operations/build/build-output.js';
import { build } from '../operations/build.js';
import { readScanOptions } from '../operations/sbom/scan-options.js';
import { versionInfo } from '../operations/version.js';
import type { Reporter } from '../progress.js';
import {
  BuildReporter,
  type BuildReporterOptions,
  formatDifferences,
  JsonExplainReporter,
  onStandardError,
  SplitLogReporter,
  type Terminal,
  toLogFile,
} from '../ui/index.js';
import { BUILD_ARG_FLAGS, buildArguments } from './flags/build-arg-flags.js';
import { CALL_FLAGS, chosenCall } from './flags/call-flags.js';
import { commandOptions, MOUNT_FLAGS, SECRET_FLAGS } from './flags/command-surroundings-flags.js';
import { COMPRESSION_FLAGS, chosenCompression } from './flags/compression-flags.js';
import { withConfiguredDefaults } from './flags/configured-flags.js';
import { CONFINEMENT_FLAGS } from './flags/confinement-flags.js';
import { DEBUG_FLAGS, debugOptions } from './flags/debug-flags.js';
import { choice, flag, list, text, wholeNumber } from './flags/flags.js';
import { DNS_FLAGS, dnsOptions, ISOLATION_FLAG, isolationOptions, NETWORK_FLAG, RUNTIME_FLAGS } from './flags/network-flags.js';
import { refuseFlagsAmong, refuseMoreThan } from './flags/operands.js';
import { OTHER_BUILD_FLAGS } from './flags/other-build-flags.js';
import { chosenPlatform, PLATFORM_FLAGS } from './flags/platform-flags.js';
import { parsePullPolicy } from './flags/pull-policy.js';
import { REFUSED_BUILD_FLAGS } from './flags/refused-build-flags.js';
import { refusedFlag, refusedFlags } from './flags/refused-flags.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { RESOURCE_FLAGS } from './flags/resource-flags.js';
import { RESULT_FLAGS, resultOptions } from './flags/result-flags.js';
import { SBOM_FLAGS, scanFlags } from './flags/sbom-flags.js';
import { USER_NAMESPACE_FLAGS, userNamespaceOptions } from './flags/user-namespace-flags.js';
import { BaseCommand, type CommandServices, showsWarnings } from './program/base-command.js';

export class Build extends BaseCommand<typeof Build> {
  static override usage = 'build [flags] [CONTEXT]';
  static override description =
    'Build an image from a Containerfile. CONTEXT is what COPY and ADD read from: a directory, by default the current one, a git repository, the URL of an archive or a Containerfile, or - for either on standard input; without --file its Containerfile or Dockerfile is built.';
  static override examples = ['tsbuild build -t app .', 'tsbuild bud -f Containerfile.dev --build-arg VERSION=1.2 --target test .'];
  static override bareValues = { pull: 'always', explain: 'text' };
  static override flags = {
    platform: list({ value: 'OS/ARCH[/VARIANT]', summary: 'Platforms to build, separated by commas (default: this machine)' }),
    file: list({ char: 'f', value: 'path', summary: 'Containerfile; - is standard input; several are read as one' }),
    format: choice(['oci', 'docker'], { summary: 'Format of the image: oci (default) or docker' }),
    jobs: wholeNumber({
      summary: 'How many steps may run at once; 0: no limit (default: as many as there are processors, more while commands wait)',
    }),
    layers: flag({
      negatable: true,
      summary: 'Make a layer of each instruction and use the cache (default; --no-layers: one layer for all)',
    }),
    'no-cache': flag({ summary: 'Run every step, even if the cache has its result' }),
    pull: text({
      value: 'always|missing|never|newer',
      summary: 'When to ask registries for base images (default: missing; alone: always)',
    }),
    quiet: flag({ char: 'q', summary: 'Show only the ID' }),
    tag: list({
      char: 't',
      value: 'NAME',
      summary: 'Name for the image, or STAGE=NAME for that of another target; may be given several times',
    }),
    target: list({ value: 'STAGE', summary: 'Build this stage and what it needs; may be given several times' }),
  };
  static override moreFlags = [
    () => BUILD_ARG_FLAGS,
    () => NETWORK_FLAG,
    () => OTHER_BUILD_FLAGS,
    () => REGISTRY_FLAGS,
    () => PLATFORM_FLAGS,
    () => CALL_FLAGS,
    () => COMPRESSION_FLAGS,
    () => DEBUG_FLAGS,
    () => MOUNT_FLAGS,
    () => SECRET_FLAGS,
    () => CONFINEMENT_FLAGS,
    () => USER_NAMESPACE_FLAGS,
    () => DNS_FLAGS,
    () => ISOLATION_FLAG,
    () => RUNTIME_FLAGS,
    () => RESOURCE_FLAGS,
    () => RESULT_FLAGS,
    () => SBOM_FLAGS,
    () => refusedFlags(REFUSED_BUILD_FLAGS),
  ];

  private buildReporter: BuildReporter | SplitLogReporter | undefined;
  /** Where the build is shown: not where an output is written. */
  private shown: Terminal = this.terminal;

  protected override openReporter(settings: Settings): Reporter {
    this.buildReporter = this.openBuildReporter({ quiet: this.flags.quiet === true, warnings: showsWarnings(settings) });
    return this.flags.explain === 'json' ? new JsonExplainReporter(this.terminal, this.buildReporter) : this.buildReporter;
  }

  private openBuildReporter(options: BuildReporterOptions): BuildReporter | SplitLogReporter {
    const { explain, logfile, logsplit, output } = this.flags;
    if (logsplit === true) {
      if (logfile === undefined) throw new UsageError('cannot use --logsplit without --logfile');
      const split = new SplitLogReporter(
        (platform = versionInfo().platform) => toLogFile(`${logfile}_${platform.replaceAll('/', '_')}`),
        options,
      );
      this.shown = split.terminal;
      return split;
    }
    if (logfile !== undefined) this.shown = toLogFile(logfile);
    else if (explain === 'json' || parseOutputs(output ?? []).some(takesStandardOutput)) this.shown = onStandardError(this.terminal);
    return new BuildReporter(this.shown, options);
  }

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    refuseMoreThan(1, this.operands);
    if (this.flags['skip-unused-stages'] === false)
      throw refusedFlag('skip-unused-stages=false', 'name the stages that are to be built with --target');
    const conf = await readContainersConf(services.settings);
    const call = chosenCall(this.flags);
    if (call !== undefined) {
      const { answerCall } = await import('./answer-call.js');
      const options = this.options(services.settings, conf);
      const platform = options.platforms[0];
      return answerCall(call, { ...options, platform, policy: options.pull }, services, this.terminal);
    }
    try {
      const options = this.options(services.settings, conf);
      if (this.flags['verify-reproducible'] === true) return await this.verify(options, services);
      const { imageIds } = await build(options, services);
      this.buildReporter?.finish();
      this.showIds(imageIds);
      return 0;
    } catch (error) {
      this.buildReporter?.finish();
      throw error;
    }
  }

  private async verify(options: BuildOptions, services: CommandServices): Promise<number> {
    const { verifyReproducible } = await import('../operations/verify-reproducible.js');
    const verification = await verifyReproducible(options, services);
    this.buildReporter?.finish();
    if (verification.kind === 'equal') {
      this.showIds(verification.result.imageIds);
      return 0;
    }
    const { first, second, differences } = verification;
    this.shown.out(formatDifferences(first.imageId, second.imageId, differences));
    return 1;
  }

  private showIds(imageIds: readonly string[]): void {
    for (const imageId of imageIds) this.shown.out(`${imageId}\n`);
  }

  private options(settings: Settings, conf: ContainersConf): BuildOptions {
    const flags = withConfiguredDefaults(this.flags, conf);
    return {
      ...registryAccess(flags),
      contextDirectory: this.operands[0] ?? '.',
      buildContexts: flags['build-context'],
      cppFlags: flags['cpp-flag'],
      files: flags.file ?? [],
      from: flags.from,
      tags: flags.tag ?? [],
      buildArgs: buildArguments(flags, settings.environment),
      targets: flags.target ?? [],
      noCache: flags['no-cache'] ?? false,
      noCacheFilter: flags['no-cache-filter'],
      cacheTtl: flags['cache-ttl'],
      explain: flags.explain !== undefined,
      cacheFrom: flags['cache-from'] ?? [],
      cacheTo: flags['cache-to'] ?? [],
      layers: flags.layers ?? settings.layers,
      format: flags.format ?? settings.format,
      compression: chosenCompression(flags, conf),
      network: this.flags.network ?? settings.network ?? flags.network,
      dns: dnsOptions(flags),
      isolation: isolationOptions(flags, conf, settings.runtime),
      userNamespace: userNamespaceOptions(this.flags),
      writeHosts: flags['no-hosts'] !== true,
      writeHostname: flags['no-hostname'] !== true,
      pull: this.pullPolicy(),
      ...this.platforms(),
      manifest: flags.manifest,
      sourcePolicyFile: flags['source-policy-file'] ?? (settings.environment.EXPERIMENTAL_BUILDKIT_SOURCE_POLICY || undefined),
      ...debugOptions(flags),
      jobs: flags.jobs,
      ...resultOptions(flags, settings),
      standardOutput: (bytes: Uint8Array) => this.terminal.out(bytes),
      ignoreFile: flags.ignorefile,
      addHosts: flags['add-host'] ?? [],
      commands: commandOptions(flags, conf.capabilities),
      allow: (flags.allow ?? []).flatMap((text) => (text.startsWith('device=') ? [text] : text.split(','))),
      httpProxy: flags['http-proxy'],
      compatVolumes: flags['compat-volumes'],
      scan: readScanOptions(scanFlags(flags)),
    };
  }

  private platforms() {
    const { platform, arch, os, variant, 'all-platforms': all } = this.flags;
    const listed = (platform ?? []).flatMap((text) => text.split(',')).map((text) => text.trim());
    const one = chosenPlatform({ arch, os, variant, platform: listed[0] });
    return { platforms: listed.length > 0 ? listed : one === undefined ? [] : [one], allPlatforms: all ?? false };
  }

  private pullPolicy() {
    const { 'pull-always': always, 'pull-never': never, pull } = this.flags;
    if (always === true && never === true) throw new UsageError('can only set one of --pull-always and --pull-never');
    return parsePullPolicy(always === true ? 'always' : never === true ? 'never' : (pull ?? 'missing'));
  }
}
