import { LOG_LEVELS } from '../../config/index.js';
import { choice, flag, list, text } from './flags.js';
import { refusedFlags } from './refused-flags.js';

const REFUSED = {
  'cpu-profile': 'Node profiles itself: NODE_OPTIONS=--cpu-prof',
  imagestore: 'images and containers are in one store',
  'memory-profile': 'Node profiles itself: NODE_OPTIONS=--heap-prof',
  'transient-store': 'working containers survive a reboot',
};

/** Flags every command accepts, before or after its name. */
export const GLOBAL_FLAGS = {
  ...refusedFlags(REFUSED),
  root: text({ value: 'path', summary: 'Directory of the store' }),
  runroot: text({ value: 'path', summary: 'Directory for the state of running commands' }),
  'log-level': choice(LOG_LEVELS, { summary: 'Least severe messages to show: trace, debug, info, warn (default), error, fatal or panic' }),
  'registries-conf': text({ value: 'path', summary: 'Use this registries.conf, and no other' }),
  'registries-conf-dir': text({ value: 'path', summary: 'Use the drop-ins of registries.conf in this directory' }),
  'no-sync': flag({ summary: 'Do not wait for the disk: for stores that may be lost with the machine' }),
  help: flag({ char: 'h', summary: 'Show help' }),
  debug: flag({ hidden: true, summary: 'As --log-level debug' }),
  'storage-driver': text({
    value: 'overlay|vfs',
    summary: 'How root file systems are made: overlay (where it works the default) or vfs (copies); other drivers choose nothing',
  }),
  'storage-opt': list({ value: 'NAME=VALUE', summary: 'Options of the storage driver; they concern what tsbuild does without' }),
  'short-name-alias-conf': text({ value: 'path', summary: 'File with aliases of short names, beside those of registries.conf' }),
  'default-mounts-file': text({ value: 'path', summary: 'mounts.conf: what commands see of this machine without being asked' }),
  // What the sandbox has no use for.
  'cgroup-manager': text({ hidden: true, summary: 'Accepted for Buildah scripts; without effect' }),
  'userns-uid-map': list({ hidden: true, value: 'CONTAINER:HOST:SIZE', summary: 'Ids of users in commands and what they are outside' }),
  'userns-gid-map': list({ hidden: true, value: 'CONTAINER:HOST:SIZE', summary: 'Ids of groups in commands and what they are outside' }),
} as const;
