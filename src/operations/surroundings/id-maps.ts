import { UsageError } from '../../errors.js';
import { type IdRange, insideId } from '../../sys/index.js';

/** As many as the kernel takes, user_namespaces(7). */
const MOST_RANGES = 340;
const MOST_IDS = 2 ** 32 - 1;

/**
 * `CONTAINER:HOST:SIZE`, several by commas or by further flags.
 *
 * @throws {UsageError} what cannot be read, ranges that overlap, a map without 0
 */
export function parseIdMaps(flags: readonly string[], flag: string): readonly IdRange[] {
  const ranges = flags.flatMap((text) => text.split(',').map((triple) => parseRange(triple.trim(), text)));
  const sorted = [...ranges].sort((a, b) => a.inside - b.inside);
  for (const [position, range] of sorted.entries()) {
    const next = sorted[position + 1];
    if (next !== undefined && range.inside + range.count > next.inside)
      throw new UsageError(`${flag}: ${next.inside} is mapped more than once`);
  }
  const outside = [...ranges].sort((a, b) => a.outside - b.outside);
  for (const [position, range] of outside.entries()) {
    const next = outside[position + 1];
    if (next !== undefined && range.outside + range.count > next.outside)
      throw new UsageError(`${flag}: two ids are mapped to ${next.outside}`);
  }
  if (sorted[0]?.inside !== 0) throw new UsageError(`${flag}: root of the container, 0, is not mapped`);
  return sorted;
}

function parseRange(triple: string, text: string): IdRange {
  const [, ...numbers] = /^(\d+):(\d+):(\d+)$/.exec(triple) ?? [];
  const [inside, outside, count] = numbers.map(Number);
  if (inside === undefined || outside === undefined || count === undefined)
    throw new UsageError(`mapping ${JSON.stringify(text)} is not in the form containerid:hostid:size[,...]`);
  if (count === 0 || inside + count > MOST_IDS || outside + count > MOST_IDS)
    throw new UsageError(`mapping ${JSON.stringify(text)} holds no ids, or ids beyond ${MOST_IDS - 1}`);
  return { inside, outside, count };
}

/**
 * The ranges cut where the builder's own have a border: the kernel takes none that goes over one.
 *
 * @param own what the builder's ids are; its `inside` is `outside` here
 * @throws {UsageError} an id that the builder has not
 */
export function withinOwn(ranges: readonly IdRange[], own: readonly IdRange[], flag: string): readonly IdRange[] {
  const cut = ranges.flatMap((range) => cutAtBorders(range, own, flag));
  if (cut.length > MOST_RANGES) throw new UsageError(`${flag}: more than ${MOST_RANGES} ranges`);
  return cut;
}

function cutAtBorders({ inside, outside, count }: IdRange, own: readonly IdRange[], flag: string): IdRange[] {
  const pieces: IdRange[] = [];
  for (let done = 0; done < count; ) {
    const id = outside + done;
    const holder = own.find((range) => id >= range.inside && id < range.inside + range.count);
    if (holder === undefined)
      throw new UsageError(`${flag}: the id ${id} is not among those that tsbuild has`, {
        hint: 'They are those of /proc/self/uid_map and gid_map',
      });
    const length = Math.min(count - done, holder.inside + holder.count - id);
    pieces.push({ inside: inside + done, outside: id, count: length });
    done += length;
  }
  return pieces;
}

/**
 * Ranges whose `outside` are ids of the machine, with those that the builder has for them; cut at its borders.
 *
 * @param whose the begin of a sentence that says where they are from
 * @throws {UsageError} an id that the builder has not
 */
export function asOwn(ranges: readonly IdRange[], own: readonly IdRange[], whose: string): readonly IdRange[] {
  const turned = own.map(({ inside, outside, count }) => ({ inside: outside, outside: inside, count }));
  return ranges.flatMap((range) =>
    cutAtBorders(range, turned, whose).map((piece) => ({ ...piece, outside: insideId(own, piece.outside) ?? piece.outside })),
  );
}
