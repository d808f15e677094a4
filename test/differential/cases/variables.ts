// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import type { CaseGroup, DifferentialCase } from '../case.js';

/** What a variable is, seen as a label. */
function label(title: string, lines: readonly string[], ...args: readonly string[]): DifferentialCase {
  return { title, context: ['f 644 a A'], containerfile: `${lines.join('\n')}\n`, ...(args.length === 0 ? {} : { args }) };
}

const build = (...args: readonly string[]) => args.flatMap((arg) => ['--build-arg', arg]);

/** ARG, ENV, and the forms of expansion. */
export const variables: CaseGroup = {
  name: 'variables',
  cases: [
    label('ARG with a default', ['FROM scratch', 'ARG a=1', 'LABEL l=$a']),
    label('ARG without a default', ['FROM scratch', 'ARG a', 'LABEL l=[$a]']),
    label('ARG from --build-arg', ['FROM scratch', 'ARG a=1', 'LABEL l=$a'], ...build('a=2')),
    label('ARG from an empty --build-arg', ['FROM scratch', 'ARG a=1', 'LABEL l=[$a]'], ...build('a=')),
    label('--build-arg without ARG is not seen', ['FROM scratch', 'LABEL l=[$a]'], ...build('a=2')),
    label('ARG counts from its line on', ['FROM scratch', 'LABEL k=[$a]', 'ARG a=1', 'LABEL l=[$a]']),
    label('ARG before FROM is not seen in the stage', ['ARG a=1', 'FROM scratch', 'LABEL l=[$a]']),
    label('ARG before FROM, asked for', ['ARG a=1', 'FROM scratch', 'ARG a', 'LABEL l=$a']),
    label('ARG before FROM, another default', ['ARG a=1', 'FROM scratch', 'ARG a=2', 'LABEL l=$a']),
    label('ARG before FROM, from --build-arg', ['ARG a=1', 'FROM scratch', 'ARG a', 'LABEL l=$a'], ...build('a=3')),
    label('ARG before FROM names the base', ['ARG base=scratch', 'FROM $base', 'LABEL l=1']),
    label('ARG uses an ARG', ['FROM scratch', 'ARG a=1', 'ARG b=$a$a', 'LABEL l=$b']),
    label('ARG uses an ENV', ['FROM scratch', 'ENV a=1', 'ARG b=$a', 'LABEL l=$b']),
    label('ENV wins over ARG', ['FROM scratch', 'ARG a=1', 'ENV a=2', 'LABEL l=$a']),
    label('ENV wins over a later ARG', ['FROM scratch', 'ENV a=2', 'ARG a=1', 'LABEL l=$a']),
    label('ENV wins over --build-arg', ['FROM scratch', 'ARG a', 'ENV a=2', 'LABEL l=$a'], ...build('a=3')),
    label('ENV from an ARG', ['FROM scratch', 'ARG a=1', 'ENV a=${a:-x}', 'LABEL l=$a'], ...build('a=3')),
    label('ENV is inherited by a stage', ['FROM scratch AS one', 'ENV a=1', 'FROM one', 'LABEL l=$a']),
    label('ENV is not seen in another stage', ['FROM scratch AS one', 'ENV a=1', 'FROM scratch', 'LABEL l=[$a]']),
    label('ARG twice', ['FROM scratch', 'ARG a=1', 'ARG a=2', 'LABEL l=$a']),
    label('ARG twice, once without a default', ['FROM scratch', 'ARG a=1', 'ARG a', 'LABEL l=[$a]']),
    label('a default for what is unset', ['FROM scratch', 'LABEL a=${x:-one} b=${x:-two words}']),
    label('a default for what is empty', ['FROM scratch', 'ENV x=', 'LABEL a=${x:-one}']),
    label('a value for what is set', ['FROM scratch', 'ENV x=1', 'LABEL a=${x:+one} b=[${y:+one}]']),
    label('a default with a variable', ['FROM scratch', 'ENV x=1', 'LABEL a=${y:-$x} b=${y:-${x}2}']),
    label('an escaped dollar', ['FROM scratch', 'ENV x=1', 'LABEL a=\\$x b="\\$x" c=\'$x\' d=\\\\$x']),
    label('a dollar alone', ['FROM scratch', 'LABEL a=$ b="$"']),
    label('names end where letters do', ['FROM scratch', 'ENV x=1 x_2=3', 'LABEL a=$x-y b=$x_2 c=${x}_2 d=$x.y']),
    label('in single quotes nothing is expanded', ['FROM scratch', 'ENV x=1', "LABEL a='$x' b='${x}'"]),
    label('quotes go', ['FROM scratch', 'ENV a="x"\'y\'z b="it\'s"', 'LABEL l="$a $b"']),
    label('in sources and destinations', ['FROM scratch', 'ARG from=a', 'ENV to=/x', 'COPY $from ${to}/y']),
    label('in CMD and ENTRYPOINT nothing is expanded', ['FROM scratch', 'ENV x=1', 'CMD echo $x', 'ENTRYPOINT ["$x"]']),
    label('what is required and missing', ['FROM scratch', 'LABEL a=${x:?there is none}']),
    label('an ARG in a name of a label', ['FROM scratch', 'ARG k=key', 'LABEL $k=1']),
    {
      ...label('forms that Buildah 1.28 does not know', [
        'FROM scratch',
        'ENV x=aXbXc e=',
        'LABEL a=${x#aX} b=${x%Xc} c=${x##*X} d=${x%%X*} e=${x/X/-} f=${x//X/-} g=${e-no} h=${n-yes} i=${n+no} j=${e+yes}',
      ]),
      expected: {
        tree: [],
        config: {
          Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'x=aXbXc', 'e='],
          Labels: { a: 'bXc', b: 'aXb', c: 'c', d: 'a', e: 'a-bXc', f: 'a-b-c', g: '', h: 'yes', i: '', j: 'yes' },
        },
      },
    },
  ],
};
