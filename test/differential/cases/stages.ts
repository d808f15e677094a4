import type { CaseGroup, DifferentialCase } from '../case.js';

const context: readonly string[] = ['f 644 a A', 'f 600 b B', 'd 750 d', 'f 644 d/f F', 'l d/l f', 'f 644 e/g G', 'l dl d'];

function build(title: string, lines: readonly string[], ...args: readonly string[]): DifferentialCase {
  return { title, context, containerfile: `${lines.join('\n')}\n`, ...(args.length === 0 ? {} : { args }) };
}

/** Several stages, and ONBUILD. */
export const stages: CaseGroup = {
  name: 'stages',
  cases: [
    build('a stage by name', ['FROM scratch AS one', 'COPY a /a', 'FROM scratch', 'COPY --from=one /a /x/']),
    build('a stage by number', ['FROM scratch', 'COPY a /a', 'FROM scratch', 'COPY --from=0 /a /x/']),
    build('a stage by a name in other case', ['FROM scratch AS One', 'COPY a /a', 'FROM scratch', 'COPY --from=one /a /x/']),
    build('a stage on a stage', ['FROM scratch AS one', 'COPY a /a', 'FROM one', 'COPY b /b']),
    build('a stage on a stage on a stage', ['FROM scratch AS one', 'COPY a /a', 'FROM one AS two', 'COPY b /b', 'FROM two', 'COPY d /d']),
    build('stages that are not needed', ['FROM scratch AS one', 'COPY nothing /', 'FROM scratch', 'COPY a /a']),
    build('--target', ['FROM scratch AS one', 'COPY a /a', 'FROM scratch AS two', 'COPY b /b'], '--target', 'one'),
    build('from a stage: a folder', ['FROM scratch', 'COPY d /o/d', 'FROM scratch', 'COPY --from=0 /o /x/']),
    build('from a stage: a link is followed', ['FROM scratch', 'COPY d /d', 'FROM scratch', 'COPY --from=0 /d/l /x/']),
    build('from a stage: links in a folder stay', ['FROM scratch', 'COPY d /d', 'FROM scratch', 'COPY --from=0 /d /x/']),
    build('from a stage: a wildcard', ['FROM scratch', 'COPY . /o', 'FROM scratch', 'COPY --from=0 /o/[ab] /x/']),
    build('from a stage: a relative path starts at its root', [
      'FROM scratch',
      'WORKDIR /w',
      'COPY a a',
      'FROM scratch',
      'COPY --from=0 w/a /x/',
    ]),
    build('from a stage: what is missing', ['FROM scratch', 'COPY a /a', 'FROM scratch', 'COPY --from=0 /b /x/']),
    build('from a stage: everything', ['FROM scratch', 'COPY a d /o/', 'FROM scratch', 'COPY b /b', 'COPY --from=0 / /']),
    build('from a stage: times are kept', [
      'FROM scratch',
      'COPY d e /o/',
      'FROM scratch',
      'COPY --from=0 /o /o',
      'FROM scratch',
      'COPY --from=1 /o /o',
    ]),
    build('from a later stage', ['FROM scratch', 'COPY --from=1 /a /a', 'FROM scratch', 'COPY a /a']),
    build('from a stage that is not there', ['FROM scratch', 'COPY --from=5 /a /a']),
    {
      // Buildah takes now the one, now the other.
      ...build('two stages of one name', ['FROM scratch AS one', 'COPY a /a', 'FROM scratch AS one', 'COPY b /b', 'FROM one', 'COPY d /d']),
      expected: { tree: ['f 600 0:0 @1 /b "B"', 'd 755 0:0 now /d', 'f 644 0:0 @3 /d/f "F"', 'l - 0:0 @4 /d/l > f'] },
    },
    build('a wildcard over links', ['FROM scratch', 'COPY d* /x/']),
    build('ONBUILD in a child', ['FROM scratch AS one', 'ONBUILD COPY a /x/', 'ONBUILD ENV k=1', 'FROM one', 'COPY b /x/']),
    build('ONBUILD runs before the rest', ['FROM scratch AS one', 'ONBUILD ENV k=1', 'FROM one', 'LABEL l=$k']),
    build('ONBUILD is not for grandchildren', ['FROM scratch AS one', 'ONBUILD COPY a /x/', 'FROM one AS two', 'FROM two', 'COPY b /y/']),
    build('ONBUILD of a child', ['FROM scratch AS one', 'ONBUILD COPY a /x/', 'FROM one', 'ONBUILD COPY b /y']),
    build('ONBUILD with a variable', ['FROM scratch AS one', 'ONBUILD ARG k=1', 'ONBUILD LABEL l=$k', 'FROM one'], '--build-arg', 'k=2'),
    build('ONBUILD with a working directory', ['FROM scratch AS one', 'WORKDIR /w', 'ONBUILD COPY a .', 'FROM one', 'WORKDIR /v']),
    build('ONBUILD ONBUILD', ['FROM scratch', 'ONBUILD ONBUILD COPY a /']),
    build('ONBUILD FROM', ['FROM scratch', 'ONBUILD FROM scratch']),
    build('WORKDIR in a stage on a stage', ['FROM scratch AS one', 'WORKDIR /w', 'FROM one', 'COPY a .', 'WORKDIR v', 'COPY b .']),
    build('VOLUME, and a COPY into it', ['FROM scratch', 'VOLUME /v', 'COPY a /v/']),
    build('a COPY into what is a VOLUME later', ['FROM scratch', 'COPY d /v', 'VOLUME /v']),
    build('a VOLUME of the stage below, and a COPY into it', ['FROM scratch AS one', 'VOLUME /v', 'FROM one', 'COPY a /v/']),
  ],
};
