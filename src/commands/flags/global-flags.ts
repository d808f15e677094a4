import { LOG_LEVELS } from '../../config/index.js';
import { choice, flag, list, text } from './flags.js';

/** Flags every command accepts, before or after its name. */
export const GLOBAL_FLAGS = {
  root: text({ value: 'path', summary: 'Directory of the store' }),
  runroot: text({ value: 'path', summary: 'Directory for the state of running commands' }),
  'log-level': choice(LOG_LEVELS, { summary: 'Least severe messages to show: trace, debug, info, warn (default), error, fatal or panic' }),
  'registries-conf': text({ value: 'path', summary: 'Use this registries.conf, and no other' }),
  'registries-conf-dir': text({ value: 'path', summary: 'Use the drop-ins of registries.conf in this directory' }),
  'no-sync': flag({ summary: 'Do not wait for the disk: for stores that may be lost with the machine' }),
  help: flag({ char: 'h', summary: 'Show help' }),
  debug: flag({ hidden: true, summary: 'As --log-level debug' }),
  'storage-driver': choice(['overlay', 'overlay2', 'vfs', 'btrfs', 'zfs', ''], {
    summary: 'How root file systems are made: overlay (where it works the default) or vfs (copies); the others choose nothing',
  }),
  // Buildah's; neither the store nor the sandbox needs them.
  'storage-opt': list({ hidden: true, summary: 'Accepted for Buildah scripts; without effect' }),
  'cgroup-manager': text({ hidden: true, summary: 'Accepted for Buildah scripts; without effect' }),
  'short-name-alias-conf': text({ hidden: true, summary: 'Accepted for Buildah scripts; without effect' }),
} as const;
