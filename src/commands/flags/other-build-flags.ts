import { choice, flag, list, text } from './flags.js';

/** Flags of `build` alone that few command lines have. */
export const OTHER_BUILD_FLAGS = {
  allow: list({
    value: 'ENTITLEMENT',
    summary: 'Permit security.insecure, network.host, buildx.local.delete, or device[=NAME[,alias=NAME]]',
  }),
  'all-platforms': flag({ summary: 'Build every platform that the base images have' }),
  'add-host': list({
    value: 'NAME:ADDRESS',
    summary: 'Add a line to /etc/hosts of RUN commands; the address host-gateway is this machine',
  }),
  'build-context': list({
    value: 'NAME=VALUE',
    summary: 'Another context, for FROM, --from and mounts: a directory, git repository, URL, docker-image://NAME, oci-layout://PATH[:TAG]',
  }),
  'compat-volumes': flag({ summary: 'Undo what RUN commands change below volumes: only COPY and ADD fill them' }),
  'cpp-flag': list({ value: 'FLAG', summary: 'Flag for the C preprocessor, which Containerfiles whose names end with .in go through' }),
  'cache-from': list({
    value: 'NAME|type=...',
    summary: 'Use the outcomes of steps kept there: type=registry,ref=NAME or type=local,src=DIR',
  }),
  'cache-to': list({
    value: 'NAME|type=...',
    summary: 'Keep the outcomes of the steps there: type=registry,ref=NAME, type=local,dest=DIR or type=inline; mode=min|max, mounts=ID',
  }),
  'cache-ttl': text({ value: 'DURATION', summary: 'Run steps whose result is older than this, 24h for instance; 0: run every step' }),
  explain: choice(['text', 'json'], {
    value: 'text|json',
    summary: 'Tell of each step whether the cache had it, and if not what has changed (alone: text)',
  }),
  from: text({ value: 'IMAGE', summary: 'Build the first stage on this image, in place of that of its FROM' }),
  'http-proxy': flag({ summary: 'Give RUN commands the proxy variables of the environment (default; --http-proxy=false: not)' }),
  ignorefile: text({ value: 'path', summary: 'Ignore file to use instead of .containerignore or .dockerignore' }),
  manifest: text({ value: 'NAME', summary: 'Add the image to this index of platforms; it is made if there is none' }),
  logsplit: flag({ summary: 'With --logfile: a file for each platform, PATH_OS_ARCH' }),
  logfile: text({ value: 'path', summary: 'Write to this file what would go to standard output and error' }),
  'no-hostname': flag({ summary: "Leave the image's own /etc/hostname to RUN commands" }),
  'no-hosts': flag({ summary: "Leave the image's own /etc/hosts to RUN commands" }),
  'no-cache-filter': list({ value: 'STAGE[,STAGE]', summary: 'Run every step of these stages' }),
  'source-policy-file': text({
    value: 'path',
    summary: 'Policy that allows, denies or replaces sources (default: $EXPERIMENTAL_BUILDKIT_SOURCE_POLICY)',
  }),
  'verify-reproducible': flag({ summary: 'Build twice without the cache and show in what the images differ, if they do' }),
  // Accepted because scripts give them; what they ask for is the case, or cannot be chosen here.
  compress: flag({ hidden: true, summary: 'Without effect, as in Buildah' }),
  'disable-compression': flag({ char: 'D', hidden: true, summary: 'Without effect: layers are kept compressed' }),
  'disable-content-trust': flag({ hidden: true, summary: 'Without effect, as in Buildah' }),
  'force-rm': flag({ hidden: true, summary: 'Without effect: nothing is left over' }),
  'pull-always': flag({ hidden: true, summary: 'As --pull=always' }),
  'pull-never': flag({ hidden: true, summary: 'As --pull=never' }),
  rm: flag({ hidden: true, summary: 'Without effect: nothing is left over' }),
  loglevel: text({ hidden: true, summary: 'Without effect, as in Buildah' }),
  'skip-unused-stages': flag({ hidden: true, summary: 'Always so; stages that are not needed can be built with --target' }),
};
