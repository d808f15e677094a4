import { UsageError } from '../../errors.js';
import { type CopyBetweenOptions, copyBetween } from '../../operations/copy-between.js';
import { choice, flag, list, text, wholeNumber } from '../flags/flags.js';
import { chosenFormat } from '../flags/manifest-format.js';
import { refuseFlagsAmong } from '../flags/operands.js';
import { chosenPlatform, PLATFORM_FLAGS } from '../flags/platform-flags.js';
import { refusedFlags } from '../flags/refused-flags.js';
import { DESTINATION_FLAGS, SOURCE_FLAGS, sideAccess } from '../flags/side-flags.js';
import { SIGN_FLAGS } from '../flags/sign-flags.js';
import { BaseCommand, type CommandServices } from '../program/base-command.js';

const SIGSTORE = 'signatures are made with GPG keys; use cosign or skopeo on the copy';
const ENCRYPTION = 'layers are neither encrypted nor decrypted';
const DAEMON = 'there is no transport for daemons';
const TOKEN = 'tokens are asked for with a user name and password';
const REFUSED = {
  'decryption-key': ENCRYPTION,
  'dest-daemon-host': DAEMON,
  'dest-registry-token': TOKEN,
  'encrypt-layer': ENCRYPTION,
  'encryption-key': ENCRYPTION,
  'sign-by-sigstore': SIGSTORE,
  'sign-by-sigstore-private-key': SIGSTORE,
  'src-daemon-host': DAEMON,
  'src-registry-token': TOKEN,
};

export class ImageCopy extends BaseCommand<typeof ImageCopy> {
  static override usage = 'image copy [flags] SOURCE DESTINATION';
  static override description =
    'Copy an image from one place to another: docker://NAME, oci:DIR[:REF], oci-archive:FILE[:REF], docker-archive:FILE[:NAME:TAG], dir:DIR, or containers-storage:NAME for this store. Manifests keep their bytes where the destination can hold them.';
  static override examples = [
    'tsbuild image copy docker://docker.io/library/debian:12 oci:/srv/images:debian',
    'tsbuild image copy --all --preserve-digests docker://quay.io/team/app:1 docker://registry.example.com/team/app:1',
    'tsbuild image copy containers-storage:app dir:/tmp/app',
  ];
  static override flags = {
    ...SOURCE_FLAGS,
    ...DESTINATION_FLAGS,
    ...PLATFORM_FLAGS,
    ...refusedFlags(REFUSED),
    ...SIGN_FLAGS,
    'additional-tag': list({ value: 'NAME:TAG', summary: 'A further name in a docker-archive' }),
    all: flag({ char: 'a', summary: 'Copy all images of a list, and the list' }),
    authfile: text({ value: 'path', summary: 'File with the credentials for both sides' }),
    'dest-compress': flag({ summary: 'Compress layers in a dir: that are not' }),
    'dest-compress-format': choice(['gzip', 'zstd'], { summary: 'Compression for layers that are not compressed' }),
    'dest-compress-level': wholeNumber({ summary: 'Level of that compression' }),
    'dest-decompress': flag({ summary: 'Decompress layers in a dir:' }),
    'dest-force-compress-format': flag({ summary: 'Also compress layers again that are compressed in another way' }),
    'dest-oci-accept-uncompressed-layers': flag({ summary: 'Leave layers in an oci: uncompressed if they are' }),
    'dest-precompute-digests': flag({ hidden: true, summary: 'Without effect: digests are always known before' }),
    digestfile: text({ value: 'path', summary: 'Write the digest of the copy to this file' }),
    format: text({ char: 'f', value: 'oci|v2s2', summary: 'Format of the copy (default: that of the source)' }),
    'image-parallel-copies': wholeNumber({ summary: 'Blobs to copy at the same time (default: 6)' }),
    'multi-arch': choice(['system', 'all', 'index-only'], {
      summary: 'Of a list: the image for this machine (default), all, or the list alone',
    }),
    'preserve-digests': flag({ summary: 'Fail rather than change a digest' }),
    quiet: flag({ char: 'q', summary: 'Show no transfers' }),
    'remove-signatures': flag({ hidden: true, summary: 'Without effect: signatures are not copied' }),
    retry: wholeNumber({ aliases: ['retry-times'], summary: 'Times a failed transfer is tried again (default: 3)' }),
    'retry-delay': text({ value: 'DURATION', summary: 'Time before it is tried again' }),
    'sign-identity': text({ value: 'NAME', summary: 'Sign for this name, in full (default: that of the destination)' }),
    'sign-passphrase-file': text({ value: 'path', summary: "File with the key's passphrase" }),
    'signature-policy': text({ value: 'path', aliases: ['policy'], summary: 'Use this policy.json, and no other' }),
  };

  protected async execute(services: CommandServices): Promise<number> {
    refuseFlagsAmong(this.operands);
    const { flags } = this;
    const [source, destination, ...more] = this.operands;
    if (source === undefined || destination === undefined || more.length > 0) throw new UsageError('exactly two arguments expected');
    if (flags.all === true && flags['multi-arch'] !== undefined) throw new UsageError('cannot use --all and --multi-arch flags together');
    const attempts = { retries: flags.retry, retryDelay: flags['retry-delay'] };
    await copyBetween(
      {
        source,
        destination,
        sourceAccess: { ...sideAccess('src', flags), ...attempts },
        destinationAccess: { ...sideAccess('dest', flags), ...attempts },
        sourceExtras: { sharedBlobDir: flags['src-shared-blob-dir'] },
        destinationExtras: { sharedBlobDir: flags['dest-shared-blob-dir'], additionalTags: flags['additional-tag'] },
        multiArch: flags.all === true ? 'all' : (flags['multi-arch'] ?? 'system'),
        platform: chosenPlatform(flags),
        format: chosenFormat(flags.format),
        compression: flags['dest-compress-format'],
        compressionLevel: flags['dest-compress-level'],
        forceCompression: flags['dest-force-compress-format'],
        preserveDigests: flags['preserve-digests'],
        layers: this.treatmentOfLayers(destination),
        parallelCopies: flags['image-parallel-copies'] === 0 ? undefined : flags['image-parallel-copies'],
        digestFile: flags.digestfile,
        signBy: flags['sign-by'],
        signIdentity: flags['sign-identity'],
        signPassphraseFile: flags['sign-passphrase-file'],
      },
      services,
    );
    return 0;
  }

  private treatmentOfLayers(destination: string): CopyBetweenOptions['layers'] {
    const { 'dest-compress': compress, 'dest-decompress': decompress, 'dest-oci-accept-uncompressed-layers': accept } = this.flags;
    if (compress === true && decompress === true) throw new UsageError('--dest-compress and --dest-decompress exclude each other');
    if (compress === true || decompress === true) {
      if (!destination.startsWith('dir:'))
        throw new UsageError('--dest-compress and --dest-decompress can only be used when the destination is dir:');
      return compress === true ? 'compress' : 'decompress';
    }
    return accept === true && destination.startsWith('oci') ? 'preserve' : undefined;
  }
}
