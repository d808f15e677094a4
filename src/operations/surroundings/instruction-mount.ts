import type { MountOrigin, RunMount } from '../../builder/steps/index.js';
import type { Mount } from '../../parser/index.js';
import { mountTraits } from './mount-options.js';

/** What a mount of the Containerfile's language is to the step that makes it. Its target is absolute. */
export function runMountOf(mount: Mount, from: MountOrigin | undefined): RunMount {
  const { target } = mount;
  const traits = mountTraits(mount.options);
  switch (mount.type) {
    case 'bind':
      if (from === undefined) throw new TypeError('a bind mount of the Containerfile reads from something');
      return { kind: 'bind', target, source: mount.source, from, readOnly: mount.readOnly, ...traits };
    case 'cache': {
      const { sharing, source, readOnly, modeBits, uid, gid } = mount;
      return { kind: 'cache', target, id: mount.id ?? target, sharing, from, source, readOnly, modeBits, uid, gid, ...traits };
    }
    case 'tmpfs': {
      const { sizeBytes, modeBits, readOnly } = mount;
      return { kind: 'tmpfs', target, sizeBytes, modeBits, readOnly, ...traits };
    }
    case 'secret': {
      const { id, file, env, required, modeBits, uid, gid } = mount;
      return { kind: 'secret', id, target: file, env, required, modeBits, uid, gid };
    }
    case 'ssh': {
      const { id, socket, required, modeBits, uid, gid } = mount;
      return { kind: 'ssh', id, target: socket, required, modeBits, uid, gid };
    }
  }
}
