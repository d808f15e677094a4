/**
 * What the name of a container begins with, as with Buildah: `app-` of an image called app, `dir-` of a directory, the last part of the
 * path of a layout; nothing of scratch.
 *
 * @param asked as the user named the image
 * @param known full name of the image, if it has one
 */
export function containerPrefix(asked: string, known: string | undefined): string {
  if (asked === 'scratch') return '';
  if (asked.startsWith('dir:')) return 'dir-';
  const path = /^(?:oci|oci-archive):([^:]*)/.exec(asked)?.[1];
  const name = path ?? withoutTag(known ?? asked.replace(/^(?:docker:\/\/|[a-z-]+:(?=[^\d]))/, ''));
  // Of a registry with a port Buildah takes its host for the image's name, and scripts know that.
  const last = (name.split(':')[0] ?? '').replace(/\/+$/, '').split('/').at(-1) ?? '';
  return `${last.replace(/[^a-zA-Z0-9_.-]/g, '-') || 'localhost'}-`;
}

function withoutTag(name: string): string {
  return name.replace(/@.*$/, '').replace(/:[^:/]*$/, '');
}
