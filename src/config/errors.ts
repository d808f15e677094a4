import { TsbuildError } from '../errors.js';

/** A setting from the environment or a configuration file cannot be used. */
export class SettingsError extends TsbuildError {
  readonly code = 'SETTINGS_INVALID';
  /**
   * @param origin where the value comes from: `TMPDIR`, `/etc/containers/registries.conf`
   * @param line   from 1; undefined when the origin is not a text file or no line is to blame
   */
  constructor(
    readonly origin: string,
    readonly problem: string,
    readonly line?: number,
    options?: ErrorOptions & { readonly hint?: string },
  ) {
    super(`Cannot use ${origin}${line === undefined ? '' : `:${line}`}: ${problem}`, options);
  }
}

/** policy.json rejects the image. */
export class PolicyDeniedError extends TsbuildError {
  readonly code = 'SOURCE_DENIED';
  constructor(
    readonly image: string,
    readonly policyFile: string,
    readonly scope: string,
  ) {
    super(`Source image rejected: ${image} is rejected by policy (${policyFile}, scope ${scope})`);
  }
}

/** policy.json wants a signature of a kind that is not verified here: without that the image cannot be let in. */
export class SignatureRequiredError extends TsbuildError {
  readonly code = 'SOURCE_DENIED';
  constructor(
    readonly image: string,
    readonly policyFile: string,
    readonly scope: string,
    readonly requirement: string,
  ) {
    super(
      `Source image rejected: ${policyFile} (scope ${scope}) requires "${requirement}" of ${image}, and tsbuild verifies simple signing with GPG keys only`,
      {
        hint: 'Bring it in with a tool that verifies (skopeo copy ... oci:DIR), and pull it from there, or name a policy for it with --signature-policy',
      },
    );
  }
}

/** $BUILD_REGISTRY_SOURCES does not let builds use a registry. */
export class RegistryDeniedError extends TsbuildError {
  readonly code = 'SOURCE_DENIED';
  constructor(
    readonly host: string,
    readonly reason: string,
  ) {
    super(`registry at ${JSON.stringify(host)} denied by policy: ${reason}`, { hint: 'The rule is in $BUILD_REGISTRY_SOURCES' });
  }
}
