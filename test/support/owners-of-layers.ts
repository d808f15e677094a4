import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runOk, type TestStore } from './tsbuild.js';

/** Makes `file` and a Containerfile of these lines. @returns their directory */
export function contextOf(store: TestStore, lines: readonly string[]): string {
  const context = join(store.directory, 'context');
  mkdirSync(context, { recursive: true });
  writeFileSync(join(context, 'Containerfile'), `${lines.join('\n')}\n`);
  writeFileSync(join(context, 'file'), 'of the context', { mode: 0o600 });
  return context;
}

/** A line of tar(1) without size and time. */
export const ownersOf = (listing: readonly string[]): string[] => listing.map((line) => line.replace(/^(\S+ \S+)\s+\d+ \S+ \S+/, '$1'));

/** Instructions that make files of several kinds and owners; one layer of them is known by {@link isOfWork}. */
export const WORK = [
  'FROM busybox',
  'RUN mkdir /d && touch /d/own && chown 5:6 /d && mkfifo /p && chown 7:8 /p && ln -s x /l && chown -h 9:10 /l && rm /bin/yes && mv /home /h',
  'COPY --chown=11:12 file /copied',
  'RUN stat -c "%u:%g %n" /copied /d && chown 13:14 /copied && chmod 6755 /copied',
  'USER 33:44',
  'RUN touch /tmp/mine && id -u && id -g',
];

/** The name in a line of {@link ownersOf}. */
export function nameOf(line: string): string {
  return line.split(' ')[2] ?? '';
}

export function sorted(lines: readonly string[]): string[] {
  return [...lines].sort();
}

/** Not the mount points, nor what the base holds. */
export function isOfWork(line: string): boolean {
  return /^(copied|d\/|d\/own|h\/|l|p|tmp\/mine)$/.test(nameOf(line));
}

/** What tar(1) says of the one layer of an image in a layout. */
export async function onlyLayerListing(layout: string): Promise<string[]> {
  const blob = (digest: string): string => join(layout, 'blobs/sha256', digest);
  const digest = /"layers":\[\{[^}]*"digest":"sha256:([0-9a-f]+)"/.exec(readFileSync(blob(manifestDigest(layout)), 'utf8'))?.[1];
  const { stdout } = await runOk(['tar', '--numeric-owner', '--full-time', '-tvf', blob(digest ?? '')]);
  return stdout.trim().split('\n');
}

function manifestDigest(layout: string): string {
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as { manifests: { digest: string }[] };
  return index.manifests[0]?.digest.replace('sha256:', '') ?? '';
}
