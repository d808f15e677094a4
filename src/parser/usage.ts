/** How each instruction is written, for who has left something out. */
const USAGE: Readonly<Record<string, string>> = {
  ADD: 'ADD SOURCE... DESTINATION',
  ARG: 'ARG NAME[=DEFAULT]',
  CMD: 'CMD ["program", "argument"]',
  COPY: 'COPY SOURCE... DESTINATION',
  ENTRYPOINT: 'ENTRYPOINT ["program", "argument"]',
  ENV: 'ENV NAME=VALUE',
  EXPOSE: 'EXPOSE PORT[/tcp|udp|sctp]',
  FROM: 'FROM IMAGE [AS NAME]',
  HEALTHCHECK: 'HEALTHCHECK CMD COMMAND, or HEALTHCHECK NONE',
  LABEL: 'LABEL NAME=VALUE',
  MAINTAINER: 'MAINTAINER NAME',
  ONBUILD: 'ONBUILD INSTRUCTION',
  RUN: 'RUN COMMAND',
  SHELL: 'SHELL ["/bin/bash", "-c"]',
  STOPSIGNAL: 'STOPSIGNAL SIGTERM',
  USER: 'USER NAME[:GROUP]',
  VOLUME: 'VOLUME PATH',
  WORKDIR: 'WORKDIR PATH',
};

/** What was expected, in a sentence. */
export function usageHint(keyword: string): string | undefined {
  return Object.hasOwn(USAGE, keyword) ? `Write it like: ${USAGE[keyword]}` : undefined;
}

/** `It is a, b or c`: what may stand there, when nothing near it was written. */
export function oneOfHint(allowed: readonly string[], subject = 'It'): string {
  const last = allowed.at(-1) ?? '';
  return `${subject} is ${allowed.length > 1 ? `${allowed.slice(0, -1).join(', ')} or ` : ''}${last}`;
}
