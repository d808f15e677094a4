import { encodeJson, sortKeys } from './canonical-json.js';
import type { ContainerConfig, ImageConfig } from './image-config.js';

/** What Docker's image configuration holds beside OCI's. */
export interface DockerExtras {
  readonly comment?: string | undefined;
  /** ID of the container it was made of. */
  readonly container?: string | undefined;
  /** Image ID of the base, with `sha256:`. */
  readonly parent?: string | undefined;
  readonly hostname?: string | undefined;
  readonly domainname?: string | undefined;
}

/**
 * A configuration as Docker's format has it: every field there, those that say nothing as Go writes them (`""`, `false`, `null`), in the
 * order of Buildah's structure.
 *
 * @see https://github.com/moby/docker-image-spec/blob/v1.3.1/specs-go/v1/image.go
 */
export function dockerConfig(config: ImageConfig, extras: DockerExtras = {}): Record<string, unknown> {
  const { created, author, architecture, os, variant, rootfs, history } = config;
  const container = dockerContainerConfig(config.config ?? {}, extras);
  return present({
    comment: extras.comment || undefined,
    created,
    container: extras.container,
    container_config: container,
    author: author || undefined,
    config: container,
    architecture,
    variant,
    os,
    parent: extras.parent,
    rootfs,
    history: history ?? [],
    'os.version': config['os.version'],
    'os.features': config['os.features'],
  });
}

/** {@link dockerConfig} as the bytes of a blob. */
export function encodeDockerConfig(config: ImageConfig, extras: DockerExtras = {}): Uint8Array {
  return encodeJson(dockerConfig(config, extras));
}

function dockerContainerConfig(config: ContainerConfig, extras: DockerExtras): Record<string, unknown> {
  return present({
    Hostname: extras.hostname ?? '',
    Domainname: extras.domainname ?? '',
    User: config.User ?? '',
    AttachStdin: false,
    AttachStdout: false,
    AttachStderr: false,
    ExposedPorts: sorted(config.ExposedPorts),
    Tty: false,
    OpenStdin: false,
    StdinOnce: false,
    Env: config.Env ?? null,
    Cmd: config.Cmd ?? null,
    Healthcheck: config.Healthcheck,
    ArgsEscaped: config.ArgsEscaped,
    Image: '',
    Volumes: sorted(config.Volumes) ?? null,
    WorkingDir: config.WorkingDir ?? '',
    Entrypoint: config.Entrypoint ?? null,
    OnBuild: config.OnBuild ?? null,
    Labels: sorted(config.Labels) ?? null,
    StopSignal: config.StopSignal,
    Shell: config.Shell,
  });
}

function sorted<T>(map: Readonly<Record<string, T>> | undefined): Record<string, T> | undefined {
  return map === undefined ? undefined : sortKeys(map);
}

function present(fields: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
