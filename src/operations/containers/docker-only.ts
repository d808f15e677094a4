import type { ContainerConfig, ImageConfig } from '../../image/index.js';
import type { DockerOnly } from '../../store/index.js';

const CONTAINER_FIELDS: readonly (keyof ContainerConfig)[] = [
  ...(['User', 'ExposedPorts', 'Env', 'Entrypoint', 'Cmd', 'Volumes', 'WorkingDir', 'Labels', 'StopSignal'] as const),
  ...(['ArgsEscaped', 'Healthcheck', 'OnBuild', 'Shell'] as const),
];

/**
 * The configuration of an image apart: what both formats hold, and what only Docker's does. Facts of the container and the builder that
 * made the image (`container_config`, `docker_version`, ...) say nothing of what is made of it and are left out.
 */
export function splitDockerConfig(image: ImageConfig): { readonly config: ImageConfig; readonly dockerOnly: DockerOnly } {
  const { created, author, architecture, os, variant, rootfs, history } = image;
  const own = new Map(Object.entries(image.config ?? {}));
  const container = Object.fromEntries(CONTAINER_FIELDS.filter((name) => isThere(own.get(name))).map((name) => [name, own.get(name)]));
  const config: ImageConfig = {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(image['os.version'] === undefined ? {} : { 'os.version': image['os.version'] }),
    ...(image['os.features'] === undefined ? {} : { 'os.features': image['os.features'] }),
    config: container as ContainerConfig,
    rootfs,
    ...(history === undefined ? {} : { history }),
  };
  const comment = (image as { readonly comment?: unknown }).comment;
  return {
    config,
    dockerOnly: {
      ...textField('comment', comment),
      ...textField('hostname', own.get('Hostname')),
      ...textField('domainname', own.get('Domainname')),
    },
  };
}

/** Docker writes fields that say nothing; OCI leaves them out. */
function isThere(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '' && value !== false && !(Array.isArray(value) && value.length === 0);
}

function textField<N extends keyof DockerOnly>(name: N, value: unknown): DockerOnly {
  return typeof value === 'string' && value !== '' ? { [name]: value } : {};
}
