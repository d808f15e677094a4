import type { CaseGroup, DifferentialCase } from '../case.js';

function run(title: string, lines: readonly string[], ...args: readonly string[]): DifferentialCase {
  const containerfile = ['FROM localhost/busybox', ...lines, ''].join('\n');
  return { title, context: ['f 644 a A', 'd 750 d', 'f 640 d/f F'], containerfile, ...(args.length === 0 ? {} : { args }) };
}

const OUTSIDE = 'outside=1';

/** RUN among the others: what it sees of them and they of it. */
export const commands: CaseGroup = {
  name: 'commands',
  cases: [
    run('the environment', ['ENV a=1', 'ARG b=2', 'RUN echo "[$a] [$b] [$c] $PATH" > /out']),
    run('ENV wins over ARG', ['ARG a=1', 'ENV a=2', 'RUN echo $a > /out'], '--build-arg', 'a=3'),
    run('--build-arg', ['ARG a=1', 'RUN echo $a > /out'], '--build-arg', 'a=3', '--build-arg', OUTSIDE),
    run('exec form', ['ENV a=1', 'RUN ["/bin/sh", "-c", "echo $a $0 > /out", "zero"]']),
    run('shell quoting is the shell’s', ['RUN echo \'a  b\' "c  d" e\\ f > /out']),
    run('over several lines', ['RUN echo a \\', '# comment', '  b \\', '  c > /out']),
    run('SHELL', ['SHELL ["/bin/sh", "-xc"]', 'RUN echo $- > /out']),
    run('SHELL with variables', ['SHELL ["/bin/sh", "-c", "echo $0 $1 > /out; eval $1", "zero"]', 'RUN true']),
    run('WORKDIR', ['WORKDIR /w/v', 'RUN pwd > out']),
    { ...run('USER by number', ['RUN mkdir -m 777 /o', 'USER 12:34', 'RUN id -u > /o/u; id -g > /o/g']), needsIds: true },
    {
      ...run('USER by name', [
        'RUN mkdir -m 777 /o && echo "ann:x:7:8::/home:/bin/sh" > /etc/passwd',
        'USER ann',
        'RUN id -u > /o/u; id -g > /o/g; echo $HOME > /o/h',
      ]),
      needsIds: true,
    },
    run('WORKDIR after USER', ['USER 12:34', 'WORKDIR /w/v']),
    run('files that a command made', [
      'RUN umask 027; mkdir -p /p/q; echo 1 > /p/f; ln -s f /p/l; ln /p/f /p/h; chmod 4711 /p/h; mkfifo /p/pipe',
    ]),
    run('files that a command removed', ['COPY a d /x/', 'RUN rm /x/a && rm -r /x/d; rm /x/f']),
    run('a folder that a command replaced', ['COPY d /x', 'RUN rm -r /x && mkdir /x && echo new > /x/n']),
    run('a folder that a command replaced by a file', ['COPY d /x', 'RUN rm -r /x && echo file > /x']),
    {
      ...run('COPY over what a command made', ['RUN mkdir /x && ln -s /x /y && chmod 700 /x && chown 3:4 /x', 'COPY d /x', 'COPY a /y/b']),
      needsIds: true,
    },
    run('COPY into what a command linked', ['RUN mkdir -p /real/in && ln -s real /l && ln -s /l/in /m', 'COPY a /l/', 'COPY d /m']),
    run('--chown with a name that a command made', [
      'RUN echo "bob:x:70:80::/:/" >> /etc/passwd; echo "grp:x:90:" >> /etc/group',
      'COPY --chown=bob a /x',
      'COPY --chown=bob:grp a /y',
      'COPY --chown=:grp a /z',
    ]),
    run('a command that fails', ['RUN exit 3']),
    run('VOLUME, and a command that writes there', ['RUN mkdir /v && echo 1 > /v/before', 'VOLUME /v', 'RUN echo 2 > /v/after']),
    {
      ...run('from a stage with commands', [
        'RUN mkdir /o && echo 1 > /o/f && chown 9:9 /o/f && ln -s f /o/l',
        'FROM scratch',
        'COPY --from=0 /o /x',
      ]),
      needsIds: true,
    },
    {
      ...run('owners and modes of a command', [
        'RUN touch /f /g && chown 5:6 /f && chmod 600 /g && mkdir -m 1777 /t && touch -d "1980-01-02 00:00:00" /f',
      ]),
      needsIds: true,
    },
    run('ONBUILD RUN', ['ONBUILD RUN echo child > /out', 'FROM 0']),
    run('ARG is not in the image, and goes to a stage on the stage', [
      'ARG a=1',
      'RUN env | grep ^a= > /out',
      'FROM 0',
      'RUN env | grep -c ^a= > /out2; true',
    ]),
    {
      ...run('a heredoc', ['RUN <<EOF', 'echo one > /out', 'echo "$0" two >> /out', 'EOF']),
      expected: { tree: ['f 644 0:0 now /out "one\\n/bin/sh two\\n"'] },
    },
    {
      ...run('a heredoc for a command', ['RUN cat > /out <<EOF', 'one $((1+1))', 'EOF']),
      expected: { tree: ['f 644 0:0 now /out "one 2\\n"'] },
    },
    {
      ...run('a heredoc that is a script', ['RUN <<EOF', '#!/bin/cat', 'as it is', 'EOF']),
      expected: { tree: [] },
    },
  ],
};
