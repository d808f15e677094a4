import type { CommandClass } from './base-command.js';

export interface CommandEntry {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** Evaluates the command's module, and with it its operation: no other command's code runs. */
  readonly load: () => Promise<CommandClass>;
}

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly CommandEntry[] = [
  {
    name: 'add',
    aliases: [],
    summary: 'Copy into a working container, and unpack archives',
    load: async () => (await import('../add.js')).Add,
  },
  {
    name: 'build',
    aliases: ['bud', 'build-using-dockerfile', 'image build'],
    summary: 'Build an image from a Containerfile',
    load: async () => (await import('../build.js')).Build,
  },
  {
    name: 'cache',
    aliases: [],
    summary: 'Explain what the cache had for a build',
    load: async () => (await import('../cache.js')).Cache,
  },
  {
    name: 'commit',
    aliases: [],
    summary: 'Make an image of a working container',
    load: async () => (await import('../commit.js')).Commit,
  },
  {
    name: 'completion',
    aliases: [],
    summary: 'Print a script for the completion of a shell',
    load: async () => (await import('../completion.js')).Completion,
  },
  {
    name: 'config',
    aliases: [],
    summary: 'Change the image configuration of a working container',
    load: async () => (await import('../config.js')).Config,
  },
  {
    name: 'containers',
    aliases: ['list', 'ls', 'ps'],
    summary: 'List working containers',
    load: async () => (await import('../containers.js')).Containers,
  },
  { name: 'copy', aliases: [], summary: 'Copy into a working container', load: async () => (await import('../copy.js')).Copy },
  {
    name: 'doctor',
    aliases: [],
    summary: 'Look at what builds need on this machine, and say what mends it',
    load: async () => (await import('../doctor.js')).Doctor,
  },
  { name: 'from', aliases: [], summary: 'Create a working container from an image', load: async () => (await import('../from.js')).From },
  {
    name: 'history',
    aliases: ['image history'],
    summary: 'Show how an image was made',
    load: async () => (await import('../image/history.js')).History,
  },
  {
    name: 'image diff',
    aliases: [],
    summary: 'Show which paths of an image its topmost layer changed, or in which two differ',
    load: async () => (await import('../image/diff.js')).ImageDiff,
  },
  {
    name: 'image exists',
    aliases: [],
    summary: 'Tell by the exit status whether there is an image',
    load: async () => (await import('../image/exists.js')).ImageExists,
  },
  {
    name: 'image inspect',
    aliases: [],
    summary: 'Describe images of the store, or one at another place',
    load: async () => (await import('../image/inspect.js')).ImageInspect,
  },
  {
    name: 'image tree',
    aliases: [],
    summary: 'Show the layers of an image',
    load: async () => (await import('../image/tree.js')).ImageTree,
  },
  {
    name: 'image copy',
    aliases: [],
    summary: 'Copy an image from any place to any other',
    load: async () => (await import('../image/copy.js')).ImageCopy,
  },
  {
    name: 'images',
    aliases: ['image list', 'image ls'],
    summary: 'List images in the store',
    load: async () => (await import('../images.js')).Images,
  },
  { name: 'info', aliases: [], summary: 'Show what tsbuild finds on this machine', load: async () => (await import('../info.js')).Info },
  {
    name: 'inspect',
    aliases: [],
    summary: 'Show the configuration of an image or container',
    load: async () => (await import('../inspect.js')).Inspect,
  },
  {
    name: 'lint',
    aliases: [],
    summary: 'Look for mistakes in a Containerfile without building it',
    load: async () => (await import('../lint.js')).Lint,
  },
  {
    name: 'load',
    aliases: ['image load'],
    summary: 'Bring the images of an archive into the store',
    load: async () => (await import('../image/load.js')).Load,
  },
  { name: 'login', aliases: [], summary: 'Log in to a registry', load: async () => (await import('../login.js')).Login },
  { name: 'logout', aliases: [], summary: 'Forget the credentials of a registry', load: async () => (await import('../logout.js')).Logout },
  {
    name: 'manifest add',
    aliases: [],
    summary: 'Add an image to a list',
    load: async () => (await import('../manifest/add.js')).ManifestAdd,
  },
  {
    name: 'manifest annotate',
    aliases: [],
    summary: 'Change what a list says of an image',
    load: async () => (await import('../manifest/annotate.js')).ManifestAnnotate,
  },
  {
    name: 'manifest create',
    aliases: [],
    summary: 'Make a list of images for several platforms',
    load: async () => (await import('../manifest/create.js')).ManifestCreate,
  },
  {
    name: 'manifest exists',
    aliases: [],
    summary: 'Tell by the exit status whether there is a list',
    load: async () => (await import('../manifest/exists.js')).ManifestExists,
  },
  {
    name: 'manifest inspect',
    aliases: [],
    summary: 'Show the manifest of a list',
    load: async () => (await import('../manifest/inspect.js')).ManifestInspect,
  },
  {
    name: 'manifest push',
    aliases: [],
    summary: 'Copy a list and its images elsewhere',
    load: async () => (await import('../manifest/push.js')).ManifestPush,
  },
  {
    name: 'manifest remove',
    aliases: [],
    summary: 'Take an image out of a list',
    load: async () => (await import('../manifest/remove.js')).ManifestRemove,
  },
  {
    name: 'manifest rm',
    aliases: [],
    summary: 'Remove lists from the store',
    load: async () => (await import('../manifest/rm.js')).ManifestRm,
  },
  {
    name: 'mount',
    aliases: [],
    summary: 'Mount the root file systems of working containers',
    load: async () => (await import('../mount.js')).Mount,
  },
  { name: 'pull', aliases: ['image pull'], summary: 'Copy an image into the store', load: async () => (await import('../pull.js')).Pull },
  { name: 'push', aliases: ['image push'], summary: 'Copy an image out of the store', load: async () => (await import('../push.js')).Push },
  {
    name: 'prune',
    aliases: ['system prune'],
    summary: 'Remove what is not needed: images without a name, build cache, cache mounts',
    load: async () => (await import('../prune.js')).Prune,
  },
  {
    name: 'image prune',
    aliases: [],
    summary: 'Remove images that are not needed',
    load: async () => (await import('../prune.js')).ImagePrune,
  },
  {
    name: 'cache prune',
    aliases: [],
    summary: 'Remove build cache and cache mounts',
    load: async () => (await import('../prune.js')).CachePrune,
  },
  {
    name: 'system df',
    aliases: [],
    summary: 'Show what takes space in the store',
    load: async () => (await import('../system-df.js')).SystemDf,
  },
  { name: 'du', aliases: ['cache du'], summary: 'Show what the build cache holds', load: async () => (await import('../du.js')).Du },
  {
    name: 'system check',
    aliases: [],
    summary: 'Verify everything in the store',
    load: async () => (await import('../system-check.js')).SystemCheck,
  },
  {
    name: 'rename',
    aliases: [],
    summary: 'Give a working container another name',
    load: async () => (await import('../rename.js')).Rename,
  },
  { name: 'rm', aliases: ['delete'], summary: 'Remove working containers', load: async () => (await import('../rm.js')).Rm },
  { name: 'rmi', aliases: ['image rm'], summary: 'Remove images from the store', load: async () => (await import('../rmi.js')).Rmi },
  { name: 'run', aliases: [], summary: 'Run a command in a working container', load: async () => (await import('../run.js')).Run },
  {
    name: 'save',
    aliases: ['image save'],
    summary: 'Write an image to an archive or a directory',
    load: async () => (await import('../image/save.js')).Save,
  },
  {
    name: 'search',
    aliases: ['image search'],
    summary: 'Look for images in registries',
    load: async () => (await import('../image/search.js')).Search,
  },
  { name: 'tag', aliases: ['image tag'], summary: 'Give an image further names', load: async () => (await import('../tag.js')).Tag },
  {
    name: 'umount',
    aliases: ['unmount'],
    summary: 'Unmount the root file systems of working containers',
    load: async () => (await import('../umount.js')).Umount,
  },
  {
    name: 'unshare',
    aliases: [],
    summary: 'Run a command with the ids that builds have',
    load: async () => (await import('../unshare.js')).Unshare,
  },
  {
    name: 'untag',
    aliases: ['image untag'],
    summary: 'Take names away from an image',
    load: async () => (await import('../image/untag.js')).Untag,
  },
  { name: 'version', aliases: [], summary: 'Show the version', load: async () => (await import('../version.js')).Version },
];

/** Asked by programs, and in no list. */
const HIDDEN_COMMANDS: readonly CommandEntry[] = [
  {
    name: '__complete',
    aliases: [],
    summary: 'Say what the last of some words may become',
    load: async () => (await import('../completion/complete.js')).Complete,
  },
];

/** @param name one word, or two with a blank between them: `system df` */
export function findCommand(name: string): CommandEntry | undefined {
  return [...COMMANDS, ...HIDDEN_COMMANDS].find((entry) => entry.name === name || entry.aliases.includes(name));
}

/** The second words that may follow `group`. */
export function verbsOf(group: string): readonly string[] {
  const names = COMMANDS.flatMap((entry) => [entry.name, ...entry.aliases]);
  return names.filter((name) => name.startsWith(`${group} `)).map((name) => name.slice(group.length + 1));
}
