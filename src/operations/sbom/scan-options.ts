import { UsageError } from '../../errors.js';

/** How several lists are made one. */
export const MERGE_STRATEGIES = [
  'cat',
  'merge-cyclonedx-by-component-name-and-version',
  'merge-spdx-by-package-name-and-versioninfo',
] as const;
export type MergeStrategy = (typeof MERGE_STRATEGIES)[number];

/** What the flags say: `--sbom` and those that begin with it. */
export interface ScanFlags {
  readonly preset?: string | undefined;
  readonly image?: string | undefined;
  readonly commands: readonly string[];
  readonly mergeStrategy?: string | undefined;
  readonly outputs: ScanOutputs;
}

/** Where the list, and the package URLs in it, are written: files of this machine, or paths in the image. */
export interface ScanOutputs {
  readonly sbom?: string | undefined;
  readonly purl?: string | undefined;
  readonly imageSbom?: string | undefined;
  readonly imagePurl?: string | undefined;
}

/** What makes a list of what is in an image: commands of a scanner's image. */
export interface ScanOptions {
  readonly image: string;
  /** With `{ROOTFS}`, `{CONTEXT}` and `{OUTPUT}` in them. */
  readonly commands: readonly string[];
  readonly mergeStrategy: MergeStrategy;
  readonly outputs: ScanOutputs;
}

type Scanner = Omit<ScanOptions, 'outputs'>;

const SYFT = scanner('ghcr.io/anchore/syft', (place, format) => `/syft scan -q dir:${place} --output ${format}={OUTPUT}`);
const TRIVY = scanner('ghcr.io/aquasecurity/trivy', (place, format) => `trivy filesystem -q ${place} --format ${format} --output {OUTPUT}`);

/** Those of buildah-build(1). */
const PRESETS: ReadonlyMap<string, Scanner> = new Map([
  ['syft', SYFT('cyclonedx-json', 'merge-cyclonedx-by-component-name-and-version')],
  ['syft-cyclonedx', SYFT('cyclonedx-json', 'merge-cyclonedx-by-component-name-and-version')],
  ['syft-spdx', SYFT('spdx-json', 'merge-spdx-by-package-name-and-versioninfo')],
  ['trivy', TRIVY('cyclonedx', 'merge-cyclonedx-by-component-name-and-version')],
  ['trivy-cyclonedx', TRIVY('cyclonedx', 'merge-cyclonedx-by-component-name-and-version')],
  ['trivy-spdx', TRIVY('spdx-json', 'merge-spdx-by-package-name-and-versioninfo')],
]);

function scanner(image: string, command: (place: string, format: string) => string) {
  return (format: string, mergeStrategy: MergeStrategy): Scanner => ({
    image,
    commands: [command('{ROOTFS}', format), command('{CONTEXT}', format)],
    mergeStrategy,
  });
}

/**
 * What is to be run and written; undefined when nobody asks for it. As with Buildah, outputs alone mean the preset `syft`, and an image, a command or a
 * strategy takes the place of all that a preset says.
 *
 * @throws {UsageError} an unknown preset or strategy, or something is missing
 * @see buildah-build(1)
 */
export function readScanOptions(flags: ScanFlags): ScanOptions | undefined {
  const { preset, image = '', commands, mergeStrategy = '' } = flags;
  // As with Buildah, an empty path is none.
  const outputs: ScanOutputs = Object.fromEntries(Object.entries(flags.outputs).filter(([, path]) => path !== ''));
  const hasOwn = image !== '' || commands.length > 0 || mergeStrategy !== '';
  const hasOutput = Object.values(outputs).some((path) => path !== undefined);
  if (preset === undefined && !hasOwn && !hasOutput) return undefined;
  const known = PRESETS.get(preset === undefined || preset === '' ? 'syft' : preset);
  if (known === undefined)
    throw new UsageError(`parsing --sbom flag: unrecognized preset name ${JSON.stringify(preset)}`, {
      hint: `Use one of ${[...PRESETS.keys()].join(', ')}`,
    });
  const chosen = hasOwn ? { image, commands, mergeStrategy } : known;
  if (chosen.image === '' || chosen.commands.length === 0)
    throw new UsageError('sbom configuration missing one or more of ("--sbom-scanner-image" or "--sbom-scanner-command")');
  if (!hasOutput)
    throw new UsageError(
      'sbom configuration missing one or more of ("--sbom-output", "--sbom-image-output", "--sbom-purl-output" or "--sbom-image-purl-output")',
    );
  if (chosen.commands.length > 1 && chosen.mergeStrategy === '')
    throw new UsageError('sbom configuration included multiple "--sbom-scanner-command" values but no "--sbom-merge-strategy" value');
  const strategy = MERGE_STRATEGIES.find((name) => name === chosen.mergeStrategy);
  if (strategy === undefined)
    throw new UsageError(`sbom arguments included unrecognized merge strategy ${JSON.stringify(chosen.mergeStrategy)}`, {
      hint: `Use one of ${MERGE_STRATEGIES.join(', ')}`,
    });
  for (const path of [outputs.imageSbom, outputs.imagePurl]) {
    if (path?.endsWith('/') === true)
      throw new UsageError(`the SBOM cannot be written to ${JSON.stringify(path)} in the image: it is no file`);
  }
  return { image: chosen.image, commands: chosen.commands, mergeStrategy: strategy, outputs };
}
