import type { Facts } from './facts.js';

/** `degraded`: builds work, at the cost that is said. `missing`: something that a RUN needs is not there. */
export type Verdict = 'ok' | 'degraded' | 'missing';

export interface Finding {
  readonly subject: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** What it costs; with `degraded` and `missing`. */
  readonly cost?: string;
  /** The command that mends it, or what to do where no command can. */
  readonly remedy?: string;
}

const GIB = 2 ** 30;
const LITTLE_SPACE_BYTES = 5 * GIB;
const NO_SPACE_BYTES = GIB / 4;
const FEW_INODES = 50_000;
const HOUR_MS = 3_600_000;
const OLDEST_KERNEL = [5, 11] as const;

/** A line for each part of the machine that builds lean on, in the order in which they are needed. */
export function judge(facts: Facts): Finding[] {
  return [
    kernel(facts),
    userNamespaces(facts),
    appArmor(facts),
    selinux(facts),
    mappers(facts),
    subordinateIds(facts),
    overlay(facts),
    seccomp(facts),
    landlock(facts),
    tun(facts),
    networkHelper(facts),
    defaultNetwork(facts),
    cgroups(facts),
    diskSpace(facts),
    clock(facts),
  ];
}

/** 0: all is well; 1: degraded at worst; 2: something is missing. */
export function exitStatusOf(findings: readonly Finding[]): 0 | 1 | 2 {
  if (findings.some(({ verdict }) => verdict === 'missing')) return 2;
  return findings.some(({ verdict }) => verdict === 'degraded') ? 1 : 0;
}

function ok(subject: string, found: string): Finding {
  return { subject, verdict: 'ok', found };
}

function kernel({ kernel: version }: Facts): Finding {
  const [major = 0, minor = 0] = version.split('.').map((part) => Number.parseInt(part, 10));
  if (major > OLDEST_KERNEL[0] || (major === OLDEST_KERNEL[0] && minor >= OLDEST_KERNEL[1])) return ok('kernel', `Linux ${version}`);
  const cost = 'ordinary users mount no overlays: each step copies the whole root file system';
  return { subject: 'kernel', verdict: 'degraded', found: `Linux ${version}`, cost, remedy: 'install Linux 5.11 or newer' };
}

function userNamespaces({ rootless, entered, sysctls }: Facts): Finding {
  const subject = 'user namespaces';
  if (!rootless) return ok(subject, 'not needed: this is root');
  if (entered) return ok(subject, 'can be made');
  const missing = { subject, verdict: 'missing', cost: 'nothing that runs a command or extracts a layer works' } as const;
  if (sysctls['user.max_user_namespaces'] === '0')
    return { ...missing, found: 'user.max_user_namespaces is 0', remedy: 'sudo sysctl -w user.max_user_namespaces=15000' };
  if (sysctls['kernel.unprivileged_userns_clone'] === '0')
    return { ...missing, found: 'kernel.unprivileged_userns_clone is 0', remedy: 'sudo sysctl -w kernel.unprivileged_userns_clone=1' };
  if (sysctls['kernel.apparmor_restrict_unprivileged_userns'] === '1')
    return { ...missing, found: 'AppArmor forbids them', remedy: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0' };
  const remedy = 'in a container: start it with --security-opt seccomp=unconfined, or as root with --cap-add SYS_ADMIN';
  return { ...missing, found: 'the kernel or a filter refuses them', remedy };
}

function appArmor({ rootless, entered, sysctls }: Facts): Finding {
  const subject = 'AppArmor';
  if (sysctls['kernel.apparmor_restrict_unprivileged_userns'] !== '1' || !rootless) return ok(subject, 'restricts no user namespaces');
  if (entered) return ok(subject, 'restricts user namespaces, but not ours');
  return {
    subject,
    verdict: 'missing',
    found: 'takes every capability from user namespaces of ordinary users',
    cost: 'nothing can be mounted in them',
    remedy: 'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0',
  };
}

function selinux({ selinux: state, selinuxLabels }: Facts): Finding {
  return ok(
    'SELinux',
    state === 'absent'
      ? 'not there'
      : `${state}; commands ${selinuxLabels ? 'and their files get labels of containers' : 'get no labels: the policy has none for containers that this user may start'}`,
  );
}

function mappers({ rootless, mappers: programs }: Facts): Finding {
  const subject = 'newuidmap';
  if (!rootless) return ok(subject, 'not needed: this is root');
  const degraded = { subject, verdict: 'degraded', cost: 'everything belongs to one id, and other owners are made believe' } as const;
  const absent = programs.filter(({ path }) => path === undefined).map(({ name }) => name);
  if (absent.length > 0)
    return {
      ...degraded,
      found: `${absent.join(' and ')} not found`,
      remedy: 'sudo apt-get install uidmap    (Fedora: sudo dnf install shadow-utils)',
    };
  const powerless = programs.filter(({ privileged }) => !privileged).map(({ path = '' }) => path);
  if (powerless.length > 0)
    return { ...degraded, found: `${powerless.join(' and ')} without privilege`, remedy: `sudo chmod u+s ${powerless.join(' ')}` };
  return ok(subject, programs.map(({ path }) => path).join(', '));
}

function subordinateIds({ idMode, idProblem, user }: Facts): Finding {
  const subject = 'subordinate ids';
  if (idMode === 'root') return ok(subject, 'not needed: this is root');
  if (idMode === 'mapped') return ok(subject, 'several ids are mapped');
  return {
    subject,
    verdict: 'degraded',
    found: idProblem ?? 'one id only',
    cost: 'everything belongs to one id, and other owners are made believe',
    remedy: `sudo usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`,
  };
}

function overlay({ overlayProblem, storeRoot, entered }: Facts): Finding {
  const subject = 'overlay';
  if (overlayProblem === undefined) return ok(subject, `can be mounted on "${storeRoot}"`);
  const found = entered ? overlayProblem : 'not tried: there is no user namespace';
  const cost = 'each step copies the whole root file system';
  return {
    subject,
    verdict: 'degraded',
    found,
    cost,
    remedy: 'put the store on ext4, xfs, btrfs or (from Linux 6.6) tmpfs: tsbuild --root DIRECTORY',
  };
}

function seccomp({ seccompActions }: Facts): Finding {
  const subject = 'seccomp';
  if (seccompActions.includes('user_notif')) return ok(subject, 'filters, and hands calls over');
  const remedy = 'install Linux 5.0 or newer, built with CONFIG_SECCOMP_FILTER';
  if (seccompActions.length === 0)
    return { subject, verdict: 'missing', found: 'the kernel has none', cost: 'no command can be confined, so none runs', remedy };
  const cost = 'with one id only, owners that a command sets are forgotten';
  return { subject, verdict: 'degraded', found: 'filters, but hands no calls over', cost, remedy };
}

/** A kernel without it is no fault: it comes on top of what holds anyway. */
function landlock({ landlock: found }: Facts): Finding {
  const subject = 'Landlock';
  if (found === undefined) return ok(subject, 'not tried: no temporary directory can be made');
  const { version, holds } = found;
  if (holds) return ok(subject, `version ${version}: threads that copy and extract are fenced in`);
  return ok(
    subject,
    version === 0 ? 'not there: an extra fence around copying and extracting is missing' : `version ${version} is not used`,
  );
}

function tun({ tun: state }: Facts): Finding {
  const subject = 'tun device';
  if (state === 'usable') return ok(subject, '/dev/net/tun can be opened');
  const found = state === 'closed' ? '/dev/net/tun is closed to this user' : 'there is no /dev/net/tun';
  const cost = 'no private network with a way out: commands use the network of the host, or none';
  return { subject, verdict: 'degraded', found, cost, remedy: state === 'closed' ? 'sudo chmod 0666 /dev/net/tun' : 'sudo modprobe tun' };
}

function networkHelper(facts: Facts): Finding {
  const { networkHelper: name } = facts;
  const subject = 'pasta';
  if (name === 'pasta') return installedPasta(facts);
  const remedy = 'sudo apt-get install passt    (Fedora: sudo dnf install passt)';
  if (name !== undefined) return ok(subject, `not installed; ${name} is`);
  const cost = 'no private network with a way out: commands use the network of the host, or none';
  return { subject, verdict: 'degraded', found: 'neither pasta nor slirp4netns is installed', cost, remedy };
}

/** What a profile forbids depends on its release, so only what came of it tells. */
function installedPasta({ helperProfile, defaultNetwork: choice, tun }: Facts): Finding {
  const subject = 'pasta';
  const wasTried = choice !== undefined && tun === 'usable';
  if (!wasTried || (choice.kind === 'private' && choice.helper === 'pasta')) return ok(subject, 'installed');
  const profile = helperProfile === undefined ? '' : `; the AppArmor profile ${helperProfile} confines it`;
  if (choice.kind === 'private')
    return ok(
      subject,
      `installed, and passed over for ${choice.helper}: ${choice.passedOver ?? 'it gave no network that works'}${profile}`,
    );
  // Why there is no network is said beside it.
  if (helperProfile === undefined) return ok(subject, 'installed');
  return {
    subject,
    verdict: 'degraded',
    found: `installed, and passed over${profile}`,
    cost: 'no private network with a way out: commands use the network of the host, or none',
    remedy: `sudo apt-get install slirp4netns    (or without the profile: sudo ln -s ${helperProfile} /etc/apparmor.d/disable/ && sudo apparmor_parser -R ${helperProfile})`,
  };
}

function defaultNetwork({ defaultNetwork: choice }: Facts): Finding {
  const subject = 'network';
  if (choice?.kind === 'private') return ok(subject, `commands get a private one (${choice.helper}), and name servers answer there`);
  const found = `commands get the host's: ${choice?.reason ?? 'a private one was not tried, there is no user namespace'}`;
  const cost = 'commands reach what listens on the loopback of this machine';
  const remedy = 'mend what is named here, or say what is meant: --network private, --network host, or TSBUILD_NETWORK';
  return { subject, verdict: 'degraded', found, cost, remedy };
}

function cgroups({ cgroups: state, rootless }: Facts): Finding {
  const subject = 'cgroups';
  if (state === 'delegated') return ok(subject, 'version 2, delegated');
  if (state === 'v1' && !rootless) return ok(subject, 'version 1, as root');
  const cost = 'limits of memory, processes and processors hold only as far as rlimits and affinity go';
  const found = {
    closed: 'version 2, not delegated to this user',
    shared: 'version 2, but in a group with processes of others, which can hand on no limits, and so can none above it',
    v1: 'version 1, which only root can use',
    absent: 'not mounted',
  }[state];
  const remedy =
    state === 'closed' || state === 'shared'
      ? `systemd-run ${rootless ? '--user ' : ''}--scope -p Delegate=yes tsbuild build ...`
      : 'boot with systemd.unified_cgroup_hierarchy=1';
  return { subject, verdict: 'degraded', found, cost, remedy };
}

function diskSpace({ freeBytes, freeInodes, storeRoot }: Facts): Finding {
  const subject = 'disk space';
  const free = `${(freeBytes / GIB).toFixed(1)} GiB free for "${storeRoot}"`;
  const remedy = 'tsbuild prune --all, or another place: tsbuild --root DIRECTORY';
  if (freeBytes < NO_SPACE_BYTES) return { subject, verdict: 'missing', found: free, cost: 'next to nothing can be built', remedy };
  if (freeBytes < LITTLE_SPACE_BYTES) return { subject, verdict: 'degraded', found: free, cost: 'a large image may not fit', remedy };
  if (freeInodes !== undefined && freeInodes < FEW_INODES)
    return { subject, verdict: 'degraded', found: `${freeInodes} inodes free`, cost: 'an image of many files may not fit', remedy };
  return ok(subject, free);
}

function clock({ clockBehindMs }: Facts): Finding {
  const subject = 'clock';
  if (clockBehindMs < HOUR_MS) return ok(subject, 'not before the day tsbuild was installed');
  const found = `${Math.round(clockBehindMs / HOUR_MS)} hours before the moment tsbuild was installed`;
  return {
    subject,
    verdict: 'degraded',
    found,
    cost: 'certificates of registries count as not valid yet',
    remedy: 'sudo timedatectl set-ntp true',
  };
}
