// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import type { CaseGroup, DifferentialCase, Expectation } from '../case.js';

const TREE: readonly string[] = [
  'd 750 p', // 0
  'd 711 p/q', // 1
  'f 640 p/q/r R', // 2
  'f 644 p/q/s.md S', // 3
  'f 644 p/t.md T', // 4
  'd 700 o', // 5
  'f 604 o/u U', // 6
  'f 755 v.sh V', // 7
  'l pl p', // 8
];

function build(title: string, lines: string, expected: Expectation): DifferentialCase {
  return { title, context: TREE, containerfile: `FROM scratch\n${lines}\n`, expected };
}

const X = 'd 755 0:0 now /x';

/** What Buildah learned after 1.28, and what only BuildKit has: expectations by the rules. */
export const newer: CaseGroup = {
  name: 'newer',
  cases: [
    build('--parents of a file', 'COPY --parents p/q/r /x/', {
      tree: [X, 'd 750 0:0 @0 /x/p', 'd 711 0:0 @1 /x/p/q', 'f 640 0:0 @2 /x/p/q/r "R"'],
    }),
    build('--parents without a slash', 'COPY --parents p/q/r /x', {
      tree: [X, 'd 750 0:0 @0 /x/p', 'd 711 0:0 @1 /x/p/q', 'f 640 0:0 @2 /x/p/q/r "R"'],
    }),
    build('--parents of a folder', 'COPY --parents p/q /x/', {
      tree: [X, 'd 750 0:0 @0 /x/p', 'd 711 0:0 @1 /x/p/q', 'f 640 0:0 @2 /x/p/q/r "R"', 'f 644 0:0 @3 /x/p/q/s.md "S"'],
    }),
    build('--parents of several', 'COPY --parents p/q/r o/u v.sh /x/', {
      tree: [
        X,
        'd 700 0:0 @5 /x/o',
        'f 604 0:0 @6 /x/o/u "U"',
        'd 750 0:0 @0 /x/p',
        'd 711 0:0 @1 /x/p/q',
        'f 640 0:0 @2 /x/p/q/r "R"',
        'f 755 0:0 @7 /x/v.sh "V"',
      ],
    }),
    build('--parents below a pivot', 'COPY --parents p/./q/r /x/', { tree: [X, 'd 711 0:0 @1 /x/q', 'f 640 0:0 @2 /x/q/r "R"'] }),
    build('--parents with the pivot at the start', 'COPY --parents ./p/q/r /x/', {
      tree: [X, 'd 750 0:0 @0 /x/p', 'd 711 0:0 @1 /x/p/q', 'f 640 0:0 @2 /x/p/q/r "R"'],
    }),
    build('--parents by **', 'COPY --parents **/*.md /x/', {
      tree: [X, 'd 750 0:0 @0 /x/p', 'd 711 0:0 @1 /x/p/q', 'f 644 0:0 @3 /x/p/q/s.md "S"', 'f 644 0:0 @4 /x/p/t.md "T"'],
    }),
    build('--parents by ** below a pivot', 'COPY --parents p/./**/*.md /x/', {
      tree: [X, 'd 711 0:0 @1 /x/q', 'f 644 0:0 @3 /x/q/s.md "S"', 'f 644 0:0 @4 /x/t.md "T"'],
    }),
    build('--parents by a wildcard without a match', 'COPY --parents v.sh no/*.md /x/', { tree: [X, 'f 755 0:0 @7 /x/v.sh "V"'] }),
    build('--parents of a path that is missing', 'COPY --parents p/none /x/', { error: '"p/none": no such file or directory' }),
    build('--parents with an owner', 'COPY --parents --chown=5:6 p/q/r /x/', {
      tree: ['d 755 5:6 now /x', 'd 750 5:6 @0 /x/p', 'd 711 5:6 @1 /x/p/q', 'f 640 5:6 @2 /x/p/q/r "R"'],
    }),
    build('--parents to the root', 'COPY --parents p/q/r /', {
      tree: ['d 750 0:0 @0 /p', 'd 711 0:0 @1 /p/q', 'f 640 0:0 @2 /p/q/r "R"'],
    }),
    build('--parents from another stage', 'COPY --chown=1:2 p /p\nFROM scratch\nCOPY --parents --from=0 /p/q/r /x/', {
      tree: [X, 'd 755 1:2 now /x/p', 'd 711 1:2 @1 /x/p/q', 'f 640 1:2 @2 /x/p/q/r "R"'],
    }),
    build('--exclude', 'COPY --exclude=*.md p /x/', {
      tree: [X, 'd 711 0:0 @1 /x/q', 'f 640 0:0 @2 /x/q/r "R"', 'f 644 0:0 @3 /x/q/s.md "S"'],
    }),
    build('--exclude at any depth', 'COPY --exclude=**/*.md p /x/', { tree: [X, 'd 711 0:0 @1 /x/q', 'f 640 0:0 @2 /x/q/r "R"'] }),
    build('--exclude of a folder', 'COPY --exclude=q p /x/', { tree: [X, 'f 644 0:0 @4 /x/t.md "T"'] }),
    build('--exclude twice, with an exception', 'COPY --exclude=**/*.md --exclude=!t.md p /x/', {
      tree: [X, 'd 711 0:0 @1 /x/q', 'f 640 0:0 @2 /x/q/r "R"', 'f 644 0:0 @4 /x/t.md "T"'],
    }),
    build('--exclude among matches', 'COPY --exclude=*.md p/* /x/', { tree: [X, 'f 640 0:0 @2 /x/r "R"'] }),
    build('--exclude in ADD', 'ADD --exclude=q p /x/', { tree: [X, 'f 644 0:0 @4 /x/t.md "T"'] }),
    build('--exclude that leaves nothing of a file', 'COPY --exclude=v.sh v.sh /x/', { error: 'it is excluded by --exclude "v.sh"' }),
    build('--chmod, symbolic', 'COPY --chmod=u=rwX,go=rX p/q /x/', {
      tree: [X, 'f 644 0:0 @2 /x/r "R"', 'f 644 0:0 @3 /x/s.md "S"'],
    }),
    build('--chmod, added and taken', 'COPY --chmod=u+x,g-r,o= p/q/r v.sh /x/', {
      tree: [X, 'f 700 0:0 @2 /x/r "R"', 'f 710 0:0 @7 /x/v.sh "V"'],
    }),
    build('--chmod, copied', 'COPY --chmod=g=u,o=g p/q/r /x/', { tree: [X, 'f 666 0:0 @2 /x/r "R"'] }),
    build('--chmod that is none', 'COPY --chmod=rwx v.sh /x/', { error: "invalid chmod parameter: 'rwx'" }),
    build('--chmod from a variable', 'ARG m=u=rw\nCOPY --chmod=$m,go= v.sh /x/', { tree: [X, 'f 600 0:0 @7 /x/v.sh "V"'] }),
    build('--link', 'COPY --link p/q /x/', { tree: [X, 'f 640 0:0 @2 /x/r "R"', 'f 644 0:0 @3 /x/s.md "S"'] }),
    build('--link=false', 'COPY --link=false v.sh /x/', { tree: [X, 'f 755 0:0 @7 /x/v.sh "V"'] }),
    build('a heredoc', 'COPY <<EOF /x\ntext $HOME\nEOF', { tree: ['f 644 0:0 now /x "text \\n"'] }),
    build('a heredoc whose word is quoted', 'ARG a=1\nCOPY <<"EOF" /x\n$a \\$a "q"\nEOF', {
      tree: ['f 644 0:0 now /x "$a \\\\$a \\"q\\"\\n"'],
    }),
    build('a heredoc with variables', 'ARG a=1\nENV b=2\nCOPY <<EOF /x\n$a ${b} ${c:-3} \\$a "q"\nEOF', {
      tree: ['f 644 0:0 now /x "1 2 3 $a \\"q\\"\\n"'],
    }),
    build('a heredoc without tabs', 'COPY <<-EOF /x\n\tone\n\t\ttwo\n\tEOF', { tree: ['f 644 0:0 now /x "one\\ntwo\\n"'] }),
    build('two heredocs into a folder', 'COPY <<one <<two /x/\n1\none\n2\ntwo', {
      tree: [X, 'f 644 0:0 now /x/one "1\\n"', 'f 644 0:0 now /x/two "2\\n"'],
    }),
    build('a heredoc and a file', 'COPY <<one v.sh /x/\n1\none', { tree: [X, 'f 644 0:0 now /x/one "1\\n"', 'f 755 0:0 @7 /x/v.sh "V"'] }),
    build('a heredoc with owner and mode', 'COPY --chown=3:4 --chmod=0711 <<EOF /x\n\nEOF', { tree: ['f 711 3:4 now /x "\\n"'] }),
    build('an empty heredoc', 'COPY <<EOF /x\nEOF', { tree: ['f 644 0:0 now /x ""'] }),
    build('a heredoc in ADD is no archive', 'ADD <<EOF /x/\ntext\nEOF', { tree: [X, 'f 644 0:0 now /x/EOF "text\\n"'] }),
    build('a heredoc under ONBUILD', 'ONBUILD COPY <<EOF /x\ntext\nEOF\nFROM 0', { tree: ['f 644 0:0 now /x "text\\n"'] }),
    build('a heredoc without an end', 'COPY <<EOF /x\ntext', { error: 'unterminated heredoc' }),
    build('a heredoc as the destination', 'COPY v.sh <<EOF\ntext\nEOF', { error: 'COPY cannot accept a heredoc as a destination' }),
  ],
};
