import { getSystemErrorName } from 'node:util';
import { TsbuildError } from '../errors.js';
import { limitName } from './limits.js';

/** The sandbox could not be set up; the command did not run. */
export class SandboxSetupError extends TsbuildError {
  readonly code = 'SANDBOX_SETUP';

  /**
   * @param stage which step failed: one of the stages of docs/launcher.md
   * @param errno positive error number, 0 when the kernel gave none
   * @param path what it concerned; may be empty
   * @param detail what the kernel or the launcher said beyond that; may be empty
   */
  constructor(
    readonly stage: string,
    readonly errno: number,
    readonly path: string,
    readonly detail: string = '',
    options?: ErrorOptions,
  ) {
    super(describe(stage, errno, path, detail), { ...options, hint: hintFor(stage, errno, path) });
  }
}

function describe(stage: string, errno: number, path: string, detail: string): string {
  const subject = path === '' ? '' : ` at "${stage === 'limits' ? (limitName(Number(path)) ?? path) : path}"`;
  const reason = errno === 0 ? '' : `: ${errorName(errno)}`;
  return `Cannot set up the sandbox: stage ${stage}${subject}${reason}${detail === '' ? '' : ` (${detail})`}`;
}

function errorName(errno: number): string {
  try {
    return getSystemErrorName(-errno);
  } catch {
    // Node knows fewer errors than the kernel has
    return `error ${errno}`;
  }
}

const EINVAL = 22;
const ENOSPC = 28;
const ENOSYS = 38;
const ENOENT = 2;
const EPERM = 1;

function hintFor(stage: string, errno: number, path: string): string | undefined {
  if (errno === ENOSYS) return 'The sandbox needs Linux 5.12 or newer';
  if (stage === 'namespaces' && errno === ENOSPC) {
    return 'A limit on namespaces is reached: look at the sysctls user.max_mnt_namespaces, user.max_pid_namespaces and user.max_net_namespaces';
  }
  if (errno === ENOSPC && (stage === 'mount' || stage === 'overlay'))
    return 'A limit on mounts is reached: look at the sysctl fs.mount-max';
  if (stage === 'namespaces' && errno === EPERM)
    return 'Namespaces are forbidden here; in a container, run it with --security-opt seccomp=unconfined';
  if (stage === 'limits' && errno === EPERM) return 'Only real root can raise a limit above the hard limit tsbuild itself was started with';
  if (stage === 'sysctl')
    return 'It is of default_sysctls in containers.conf, which $CONTAINERS_CONF replaces; an ordinary user may not set every one';
  if (stage === 'mount' && errno === EINVAL)
    return 'The owner a mount asks for may not be in the range of ids mapped here; widen it in /etc/subuid and /etc/subgid';
  // "exec NAME" is what is said to AppArmor, proc_pid_attr(5).
  if (stage === 'label' && errno === ENOENT && path.startsWith('exec '))
    return 'AppArmor knows no such profile: load it with apparmor_parser --replace FILE, and see those there are with aa-status';
  if (stage === 'label')
    return 'Its policy does not let tsbuild start commands so; --security-opt label=disable or apparmor=unconfined go without';
  if (stage === 'ids' && errno === EINVAL)
    return 'Owners cannot be shifted on that file system, or by this kernel: it takes Linux 5.19 and ext4, xfs, btrfs or (from 6.3) tmpfs';
  if (stage === 'ids' && errno === EPERM)
    return 'Owners are shifted by the owner of the file system alone: that is root, outside of every user namespace';
  if (stage === 'user' && errno === EINVAL)
    return 'The user or group is not in the range of ids mapped here; widen it in /etc/subuid and /etc/subgid';
  if (stage === 'overlay' && errno === EINVAL)
    return 'The store may lie on a file system that cannot hold an overlay; try --root on ext4, xfs, btrfs or (from Linux 6.6) tmpfs';
  return undefined;
}
