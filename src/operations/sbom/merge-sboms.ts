import { TsbuildError } from '../../errors.js';
import type { MergeStrategy } from './scan-options.js';

/** What a scanner wrote is no list that can be merged. */
export class SbomInvalidError extends TsbuildError {
  readonly code = 'SBOM_INVALID';
  /** @param scan number of the command that wrote it, from 0 */
  constructor(
    readonly scan: number,
    readonly problem: string,
  ) {
    super(`Cannot merge what scan ${scan + 1} wrote: ${problem}`, {
      hint: 'Use the strategy of the format that the scanner writes, or cat',
    });
  }
}

/** One list of all, and the package URLs in it. */
export interface MergedSbom {
  readonly sbom: Buffer;
  readonly purls: Buffer;
}

type JsonObject = Readonly<Record<string, unknown>>;

interface Field {
  readonly name: string;
  /** What tells entries apart. */
  readonly keyOf: (entry: JsonObject) => string;
  readonly purlsOf: (entry: JsonObject) => readonly string[];
}

const FIELDS: Readonly<Record<Exclude<MergeStrategy, 'cat'>, readonly Field[]>> = {
  'merge-cyclonedx-by-component-name-and-version': [
    { name: 'components', keyOf: (entry) => nameAnd(entry, 'version'), purlsOf: (entry) => [text(entry, 'purl')] },
  ],
  'merge-spdx-by-package-name-and-versioninfo': [
    { name: 'packages', keyOf: (entry) => nameAnd(entry, 'versionInfo'), purlsOf: spdxPurls },
    { name: 'hasExtractedLicensingInfos', keyOf: (entry) => required(entry, 'licenseId'), purlsOf: () => [] },
  ],
};

/**
 * Makes one list of several: the first, with those entries of the later ones whose name and version it lacks; or, by `cat`, all texts one after the
 * other, of which no package URLs are known. A single one stays as it is, byte for byte.
 *
 * @throws {SbomInvalidError} one is not JSON, or an entry lacks its name
 */
export function mergeSboms(scans: readonly Buffer[], strategy: MergeStrategy): MergedSbom {
  if (strategy === 'cat') return { sbom: Buffer.concat(scans), purls: purlDocument([]) };
  const documents = scans.map(parseDocument);
  const [base = {}, ...others] = documents;
  const purls = new Set<string>();
  const merged: Record<string, unknown> = { ...base };
  for (const field of FIELDS[strategy]) {
    const seen = new Set<string>();
    const entries = documents.flatMap((document, scan) =>
      entriesOf(document, field.name, scan).filter((entry) => {
        const key = inScan(scan, () => field.keyOf(entry));
        for (const purl of inScan(scan, () => field.purlsOf(entry))) if (purl !== '') purls.add(purl);
        // The first list keeps what it says twice.
        const isNew = scan === 0 || !seen.has(key);
        seen.add(key);
        return isNew;
      }),
    );
    if (entries.length > 0) merged[field.name] = entries;
  }
  const sbom = others.length === 0 ? scans[0]! : Buffer.from(`${JSON.stringify(merged)}\n`);
  return { sbom, purls: purlDocument([...purls].sort()) };
}

/** As Buildah writes it. */
function purlDocument(dependencies: readonly string[]): Buffer {
  return Buffer.from(`${JSON.stringify({ image_contents: dependencies.length === 0 ? {} : { dependencies } })}\n`);
}

function parseDocument(bytes: Buffer, scan: number): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new SbomInvalidError(scan, 'it is not JSON');
  }
  if (!isObject(value)) throw new SbomInvalidError(scan, 'it is no JSON object');
  return value;
}

function entriesOf(document: JsonObject, name: string, scan: number): readonly JsonObject[] {
  const entries = document[name];
  if (!Array.isArray(entries)) return [];
  return entries.map((entry: unknown) => {
    if (!isObject(entry)) throw new SbomInvalidError(scan, `an entry of "${name}" is no object`);
    return entry;
  });
}

class EntryProblem extends Error {}

function inScan<T>(scan: number, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof EntryProblem) throw new SbomInvalidError(scan, error.message);
    throw error;
  }
}

function nameAnd(entry: JsonObject, versionField: string): string {
  const version = text(entry, versionField);
  return version === '' ? required(entry, 'name') : `${required(entry, 'name')}@${version}`;
}

function required(entry: JsonObject, field: string): string {
  if (entry[field] === undefined) throw new EntryProblem(`an entry has no "${field}"`);
  return text(entry, field);
}

function text(entry: JsonObject, field: string): string {
  const value = entry[field] ?? '';
  if (typeof value !== 'string') throw new EntryProblem(`"${field}" is not a text`);
  return value;
}

/** @see https://spdx.github.io/spdx-spec/v2.3/package-information/#721-external-reference-field */
function spdxPurls({ externalRefs }: JsonObject): readonly string[] {
  if (!Array.isArray(externalRefs)) return [];
  return externalRefs
    .filter(isObject)
    .filter(({ referenceCategory, referenceType }) => referenceCategory === 'PACKAGE-MANAGER' && referenceType === 'purl')
    .map((reference) => text(reference, 'referenceLocator'));
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
