import { type ContainersConf, readContainersConf } from '../config/index.js';
import { UsageError } from '../errors.js';
import { createContainer } from '../operations/from.js';
import { CDI_DIRECTORIES } from '../operations/surroundings/devices/cdi.js';
import { readDevice } from '../operations/surroundings/devices/device-flag.js';
import { readDns } from '../operations/surroundings/dns-flags.js';
import { readIsolation } from '../operations/surroundings/isolation-flag.js';
import { parseNetwork } from '../operations/surroundings/network-flag.js';
import { readResources } from '../operations/surroundings/resource-flags.js';
import { parseAddHost, parseShmSize, parseVolume } from '../operations/surroundings/run-flags.js';
import { DEVICE_FLAGS } from './flags/command-surroundings-flags.js';
import { withConfiguredDefaults } from './flags/configured-flags.js';
import { CONFINEMENT_FLAGS, confinementOptions } from './flags/confinement-flags.js';
import { choice, flag, list, text } from './flags/flags.js';
import { DNS_FLAGS, dnsOptions, ISOLATION_FLAG, NETWORK_FLAG } from './flags/network-flags.js';
import { refuseFlagsAmong } from './flags/operands.js';
import { chosenPlatform, PLATFORM_FLAGS } from './flags/platform-flags.js';
import { parsePullPolicy } from './flags/pull-policy.js';
import { refusedFlags } from './flags/refused-flags.js';
import { REGISTRY_FLAGS, registryAccess } from './flags/registry-flags.js';
import { RESOURCE_FLAGS, resourceOptions } from './flags/resource-flags.js';
import { USER_NAMESPACE_FLAGS, userNamespaceOptions } from './flags/user-namespace-flags.js';
import { BaseCommand, type CommandServices } from './program/base-command.js';

const NAMESPACES = 'commands always have namespaces of their own';
const REFUSED = {
  'blob-cache': 'blobs are kept in the store',
  cgroupns: NAMESPACES,
  'decryption-key': 'encrypted images cannot be read',
  'group-add': 'groups are those of the user in the image',
  ipc: NAMESPACES,
  pid: NAMESPACES,
  uts: NAMESPACES,
};

export class From extends BaseCommand<typeof From> {
  static override usage = 'from [flags] IMAGE';
  static override description = 'Create a working container from an image, or an empty one from "scratch", and print its name.';
  static override examples = ['tsbuild from debian:12', 'tsbuild from --name work scratch', 'tsbuild from oci-archive:/tmp/app.tar'];
  static override bareValues = { pull: 'always' };
  static override flags = {
    'add-host': list({ value: 'NAME:ADDRESS', summary: 'Add a line to /etc/hosts of commands' }),
    cidfile: text({ value: 'path', summary: 'Write the ID of the container to this file' }),
    format: choice(['oci', 'docker'], { char: 'f', summary: 'Format the image will have: which fields make sense (default: oci)' }),
    'http-proxy': flag({ summary: 'Give commands the proxy variables of the environment (default)' }),
    name: text({ summary: 'Name of the working container (default: IMAGE-working-container)' }),
    pull: text({ value: 'always|missing|never|newer', summary: 'When to ask the registry (default: missing; alone: always)' }),
    'pull-always': flag({ hidden: true, summary: 'As --pull=always' }),
    'pull-never': flag({ hidden: true, summary: 'As --pull=never' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    'shm-size': text({ value: 'SIZE', summary: 'Size of /dev/shm (default: 64m)' }),
    suffix: text({ hidden: true, summary: 'What the name ends in, in place of working-container' }),
    ulimit: list({ value: 'NAME=SOFT[:HARD]', summary: 'Limit a resource of commands' }),
    volume: list({ char: 'v', value: 'SOURCE:TARGET[:OPTIONS]', summary: 'Show a directory of this machine to commands: ro, rw, O, U' }),
  };
  static override moreFlags = [
    () => REGISTRY_FLAGS,
    () => PLATFORM_FLAGS,
    () => CONFINEMENT_FLAGS,
    () => USER_NAMESPACE_FLAGS,
    () => NETWORK_FLAG,
    () => DNS_FLAGS,
    () => ISOLATION_FLAG,
    () => RESOURCE_FLAGS,
    () => DEVICE_FLAGS,
    () => refusedFlags(REFUSED),
  ];

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const conf = await readContainersConf(services.settings);
    const flags = withConfiguredDefaults(this.flags, conf);
    const [image] = this.operands;
    if (image === undefined) throw new UsageError('an image name (or "scratch") must be specified');
    if (this.operands.length > 1) throw new UsageError('too many arguments specified');
    readIsolation({ isolation: flags.isolation }, { ...services.settings, isolation: undefined }, flags.network);
    const { 'pull-always': always, 'pull-never': never } = flags;
    if (always === true && never === true) throw new UsageError('can only set one of --pull-always and --pull-never');
    const { containerName } = await createContainer(
      {
        image,
        name: flags.name,
        suffix: flags.suffix,
        pull: parsePullPolicy(always === true ? 'always' : never === true ? 'never' : (flags.pull ?? 'missing')),
        platform: chosenPlatform(flags),
        format: flags.format ?? services.settings.format,
        cidFile: flags.cidfile,
        defaults: this.defaults(conf),
        confinement: confinementOptions(flags, conf.capabilities),
        userNamespace: userNamespaceOptions(flags),
        ...registryAccess(flags),
      },
      services,
    );
    this.terminal.out(`${containerName}\n`);
    return 0;
  }

  /** Read once here, so that a mistake is told now and not by the first `run`. */
  private defaults(conf: ContainersConf) {
    const flags = withConfiguredDefaults(this.flags, conf);
    const { volume, device, ulimit, network, 'add-host': addHost, 'shm-size': shmSize } = flags;
    parseNetwork(network);
    parseShmSize(shmSize);
    for (const text of volume ?? []) {
      // Later commands may run elsewhere.
      if (!text.startsWith('/')) throw new UsageError(`invalid host path, must be an absolute path ${JSON.stringify(text.split(':')[0])}`);
      parseVolume(text);
    }
    for (const text of device ?? []) readDevice(text, [...CDI_DIRECTORIES, ...(this.flags['cdi-spec-dir'] ?? [])]);
    for (const text of addHost ?? []) parseAddHost(text);
    const { 'http-proxy': httpProxy, isolation, 'cdi-spec-dir': cdiDirectories } = flags;
    const resources = resourceOptions(flags);
    readResources(resources);
    const dns = dnsOptions(flags);
    const hasDns = readDns(dns, network) !== undefined;
    return {
      ...(volume === undefined ? {} : { volumes: volume }),
      ...(device === undefined ? {} : { devices: device }),
      ...(ulimit === undefined ? {} : { limits: ulimit }),
      ...(addHost === undefined ? {} : { addHosts: addHost }),
      ...(shmSize === undefined ? {} : { shmSize }),
      ...(network === undefined ? {} : { network }),
      ...(Object.keys(resources).length === 0 ? {} : { resources }),
      ...(hasDns ? { dns } : {}),
      ...(isolation === undefined ? {} : { isolation }),
      ...(cdiDirectories === undefined ? {} : { cdiDirectories }),
      ...(httpProxy === undefined ? {} : { httpProxy }),
    };
  }
}
