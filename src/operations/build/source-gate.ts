import { UnsupportedFeatureError } from '../../errors.js';
import { formatReference, parseReference, withDefaultTag } from '../../image/index.js';
import { type GitUrl, parseGitUrl } from '../../parser/index.js';
import type { NamedImage, Store } from '../../store/index.js';
import { parseTransport } from '../../transports/index.js';
import { applySourcePolicy, gitIdentifier, type PolicySource, type SourcePolicy } from './source-policy.js';

const IMAGE = 'docker-image://';
// BuildKit's names in policies.
const FULL_URL = 'git.fullurl';
const GIT_CHECKSUM = 'git.checksum';

/** The one place where what a build reads from elsewhere meets the source policy. Without a policy everything passes as it is. */
export class SourceGate {
  constructor(readonly policy: SourcePolicy | undefined) {}

  /**
   * The reference to use in place of one of a FROM, COPY --from or mount.
   *
   * @throws {SourceDeniedError}
   */
  image(reference: string, store: Store): string {
    if (this.policy === undefined) return reference;
    const identifier = imageIdentifier(reference, store);
    const admitted = applySourcePolicy(this.policy, { identifier, attrs: {} }).identifier;
    if (admitted === identifier) return reference;
    if (admitted.startsWith(IMAGE)) return admitted.slice(IMAGE.length);
    if (parseTransport(admitted) !== undefined) return admitted;
    throw new UnsupportedFeatureError(`The source policy turns the image ${reference} into ${JSON.stringify(admitted)}, which is no image`);
  }

  /** A short name may have led elsewhere than it seemed: what was found passes too. The reference to use in its place, if any. */
  found(image: NamedImage, reference: string, store: Store): string | undefined {
    if (this.policy === undefined || image.name === undefined) return undefined;
    if (`${IMAGE}${image.name}` === imageIdentifier(reference, store)) return undefined;
    const admitted = this.image(image.name, store);
    return admitted === image.name ? undefined : admitted;
  }

  /** A download. @throws {SourceDeniedError} */
  source(source: PolicySource): PolicySource {
    if (this.policy === undefined) return source;
    return applySourcePolicy(this.policy, source);
  }

  /** A git repository; BuildKit's policies change its ref by the identifier and its address by `git.fullurl`. @throws {SourceDeniedError} */
  repository(url: GitUrl): GitUrl {
    if (this.policy === undefined) return url;
    const fragment = `${url.ref ?? ''}${url.subdir === undefined ? '' : `:${url.subdir}`}`;
    const identifier = gitIdentifier(`${url.remote}${fragment === '' ? '' : `#${fragment}`}`);
    const attrs: Readonly<Record<string, string>> = {
      [FULL_URL]: url.remote,
      ...(url.checksum === undefined ? {} : { [GIT_CHECKSUM]: url.checksum }),
    };
    const admitted = applySourcePolicy(this.policy, { identifier, attrs });
    if (admitted.identifier === identifier && Object.entries(admitted.attrs).every(([name, value]) => attrs[name] === value)) return url;
    const [, changed = ''] = /#(.*)$/s.exec(admitted.identifier) ?? [];
    const remote = admitted.attrs[FULL_URL] ?? url.remote;
    const parsed = parseGitUrl(`${remote}${changed === '' ? '' : `#${changed}`}`);
    if (parsed === undefined)
      throw new UnsupportedFeatureError(`The source policy turns the repository ${identifier} into something that is no git URL`);
    const { keepGitDir, submodules, mtime } = url;
    return { ...parsed, keepGitDir, submodules, mtime, checksum: admitted.attrs[GIT_CHECKSUM] };
  }
}

/** As BuildKit names images: with registry and tag. An image of the store goes by its own full name. */
function imageIdentifier(reference: string, store: Store): string {
  const transport = parseTransport(reference);
  if (transport !== undefined && transport.kind !== 'docker') return reference;
  const name = transport?.reference ?? reference;
  const stored = store.names.resolve(name)?.name;
  return `${IMAGE}${stored ?? formatReference(withDefaultTag(parseReference(name)))}`;
}
