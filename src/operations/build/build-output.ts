import { UnsupportedFeatureError, UsageError } from '../../errors.js';
import { type Compression, formatReference, parseReference } from '../../image/index.js';
import { parseCsvLine } from '../../parser/index.js';

/** How layers are compressed on their way out; what is left out stays as it is in the store. */
export interface OutputCompression {
  readonly compression?: Compression;
  readonly level?: number;
  /** Also layers that are compressed in another way already. */
  readonly force: boolean;
}

/** One `--output`: what is written besides the image in the store. A file that is undefined is standard output. */
export type BuildOutput =
  /** The files of the image, in a directory. */
  | {
      readonly kind: 'local';
      readonly directory: string;
      /** What the image does not have goes. */
      readonly deleteOthers: boolean;
      /** A directory for each platform; undefined: where there are several. */
      readonly platformSplit: boolean | undefined;
    }
  /** The files of the image, as one tar. */
  | { readonly kind: 'tar'; readonly file: string | undefined }
  /** The image, as `skopeo` and `docker load` read it. */
  | {
      readonly kind: 'archive';
      readonly format: 'oci' | 'docker';
      readonly file: string | undefined;
      readonly name: string | undefined;
      readonly compression: OutputCompression;
    }
  | {
      readonly kind: 'layout';
      readonly format: 'oci' | 'docker';
      readonly directory: string;
      readonly name: string | undefined;
      readonly compression: OutputCompression;
    }
  /** The image under further names, which may be sent to their registries. */
  | {
      readonly kind: 'image';
      readonly names: readonly string[];
      /** `by-digest`: without a tag. */
      readonly push: false | 'by-name' | 'by-digest';
      /** Whether the store has it under these names too. */
      readonly kept: boolean;
      readonly compression: OutputCompression;
    };

/** True when the output takes standard output, so that nothing else may be written there. */
export function takesStandardOutput(output: BuildOutput): boolean {
  return (output.kind === 'tar' || output.kind === 'archive') && output.file === undefined;
}

/**
 * Reads `type=TYPE,dest=PATH,...`; a path alone is a directory, `-` a tar on standard output.
 *
 * @throws {UsageError} not of that form, or a word that the type does not know
 * @throws {UnsupportedFeatureError} a type or key of BuildKit's that tsbuild does not have
 */
export function parseOutput(text: string): BuildOutput {
  if (text === '-') return { kind: 'tar', file: undefined };
  const fields = parseCsvLine(text);
  if (fields === undefined) throw wrong(text, 'a quote stands where it may not');
  if (fields.length === 1 && !text.includes('=')) {
    if (text === '') throw wrong(text, 'it names no directory');
    return { kind: 'local', directory: text, deleteOthers: false, platformSplit: undefined };
  }
  return interpret(new Fields(text, fields));
}

/** @throws {UsageError} several outputs want standard output */
export function parseOutputs(texts: readonly string[]): readonly BuildOutput[] {
  const outputs = texts.map(parseOutput);
  if (outputs.filter(takesStandardOutput).length > 1) throw new UsageError('only one --output can be standard output');
  return outputs;
}

function interpret(fields: Fields): BuildOutput {
  const type = fields.take('type');
  switch (type) {
    case 'local': {
      const directory = fields.takePath();
      if (directory === undefined) throw wrong(fields.text, 'standard output is no directory');
      const mode = fields.take('mode') ?? 'copy';
      if (mode !== 'copy' && mode !== 'delete') throw wrong(fields.text, 'mode must be copy or delete');
      const split = fields.take('platform-split');
      const platformSplit = split === undefined ? undefined : fields.readBoolean('platform-split', split);
      fields.refuseOthers();
      return { kind: 'local', directory, deleteOthers: mode === 'delete', platformSplit };
    }
    case 'tar': {
      const file = fields.takePath();
      fields.refuseOthers();
      return { kind: 'tar', file };
    }
    case 'oci':
    case 'docker': {
      const packed = fields.takeBoolean('tar', true);
      const file = fields.takePath();
      const name = fields.take('name');
      const compression = fields.takeCompression();
      fields.refuseOthers();
      if (packed) return { kind: 'archive', format: type, file, name, compression };
      if (file === undefined) throw wrong(fields.text, 'standard output is no directory');
      return { kind: 'layout', format: type, directory: file, name, compression };
    }
    case 'image':
    case 'registry': {
      const isPushed = fields.takeBoolean('push', type === 'registry');
      const byDigest = fields.takeBoolean('push-by-digest', false);
      const names = (fields.take('name') ?? '').split(',').filter((name) => name !== '');
      if (byDigest) checkByDigest(fields.text, names, isPushed);
      const compression = fields.takeCompression();
      fields.refuseOthers();
      const push = isPushed && (byDigest ? 'by-digest' : 'by-name');
      return { kind: 'image', names, push, kept: type === 'image' && !byDigest, compression };
    }
    case undefined:
      throw wrong(fields.text, 'it has no type=');
    default:
      throw new UnsupportedFeatureError(`--output ${fields.text}: the type "${type}" is not supported`, {
        hint: 'Supported are local, tar, oci, docker, image and registry',
      });
  }
}

/** A tag would be ignored, or move: neither is what was asked for. */
function checkByDigest(text: string, names: readonly string[], isPushed: boolean): void {
  if (!isPushed) throw wrong(text, 'push-by-digest needs push=true');
  if (names.length === 0) throw wrong(text, 'push-by-digest needs name=');
  const named = names.map(parseReference).find(({ tag, digest }) => tag !== undefined || digest !== undefined);
  if (named !== undefined) throw wrong(text, `with push-by-digest ${formatReference(named)} can have no tag`);
}

/** The `key=value` words of one output, taken out one by one. */
class Fields {
  readonly #values = new Map<string, string>();

  constructor(
    readonly text: string,
    words: readonly string[],
  ) {
    for (const word of words) {
      const equals = word.indexOf('=');
      if (equals <= 0) throw wrong(text, `"${word}" is not KEY=VALUE`);
      const key = word.slice(0, equals).trim().toLowerCase();
      if (this.#values.has(key)) throw wrong(text, `${key} is given twice`);
      this.#values.set(key, word.slice(equals + 1).trim());
    }
  }

  take(key: string): string | undefined {
    const value = this.#values.get(key);
    this.#values.delete(key);
    return value === '' ? undefined : value;
  }

  /** Undefined for `-`. */
  takePath(): string | undefined {
    const dest = this.take('dest');
    if (dest === undefined) throw wrong(this.text, 'it has no dest=');
    return dest === '-' ? undefined : dest;
  }

  takeBoolean(key: string, otherwise: boolean): boolean {
    const value = this.take(key);
    return value === undefined ? otherwise : this.readBoolean(key, value);
  }

  readBoolean(key: string, written: string): boolean {
    const value = written.toLowerCase();
    if (value === 'true' || value === '1') return true;
    if (value === 'false' || value === '0') return false;
    throw wrong(this.text, `${key} must be true or false`);
  }

  takeCompression(): OutputCompression {
    const written = this.take('compression');
    const level = this.take('compression-level');
    const force = this.takeBoolean('force-compression', false);
    const compression = written === 'uncompressed' ? 'none' : written;
    if (compression !== undefined && compression !== 'gzip' && compression !== 'zstd' && compression !== 'none')
      throw wrong(this.text, 'compression must be gzip, zstd or uncompressed');
    if (level !== undefined && !/^\d{1,2}$/.test(level)) throw wrong(this.text, 'compression-level must be a whole number');
    return { ...(compression === undefined ? {} : { compression }), ...(level === undefined ? {} : { level: Number(level) }), force };
  }

  refuseOthers(): void {
    const [key] = this.#values.keys();
    if (key !== undefined) throw wrong(this.text, `${key} is not known for this type`);
  }
}

function wrong(text: string, reason: string): UsageError {
  return new UsageError(`invalid --output ${JSON.stringify(text)}: ${reason}`, {
    hint: 'For example: --output type=tar,dest=rootfs.tar, or a directory alone',
  });
}
