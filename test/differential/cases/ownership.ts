// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import type { CaseGroup, DifferentialCase } from '../case.js';
import { BASE, ON_BASE, SOURCES, USERS } from '../trees.js';

const context = [...BASE, ...SOURCES, ...USERS];

function on(title: string, lines: string): DifferentialCase {
  return { title, context, containerfile: `${ON_BASE}COPY etc /etc\n${lines}\n` };
}

export const ownership: CaseGroup = {
  name: 'ownership',
  cases: [
    on('numbers', 'COPY --chown=12:34 a /x'),
    on('a number without a group', 'COPY --chown=12 a /x'),
    on('a number that has an entry', 'COPY --chown=1001 a /x'),
    on('a name', 'COPY --chown=ann a /x'),
    on('a name and a group', 'COPY --chown=ann:staff a /x'),
    on('a name and a number', 'COPY --chown=ann:7 a /x'),
    on('a number and a group', 'COPY --chown=7:staff a /x'),
    on('a group alone', 'COPY --chown=:staff a /x'),
    on('a name that is a number', 'COPY --chown=77 a /x'),
    on('an unknown name', 'COPY --chown=bob a /x'),
    on('an unknown group', 'COPY --chown=ann:nobody a /x'),
    on('missing folders have the owner', 'COPY --chown=12:34 a /p/q/r'),
    on('a folder and all in it', 'COPY --chown=12:34 src /x'),
    on('a folder that is there keeps its owner', 'COPY --chown=12:34 src /dir'),
    on('a folder into an existing one: what is below', 'COPY --chown=12:34 src /dir\nCOPY src /dir'),
    on('a file over a file of somebody else', 'COPY --chown=12:34 a /x\nCOPY b /x'),
    on('USER does not count', 'USER ann\nCOPY a /x'),
    on('from a variable', 'ARG who=12\nCOPY --chown=${who}:${who} a /x'),
    on('of a link', 'COPY --chown=12:34 src/ /x/'),
    on('an octal mode', 'COPY --chmod=600 b /x'),
    on('an octal mode with a zero', 'COPY --chmod=0751 a /x'),
    on('an octal mode for a folder', 'COPY --chmod=705 src /x'),
    on('a mode for missing folders', 'COPY --chmod=705 a /p/q/r'),
    on('owner and mode', 'COPY --chown=3:4 --chmod=400 src /x'),
    on('ADD with an owner', 'ADD --chown=3:4 src /x'),
    on('ADD with a mode', 'ADD --chmod=640 b /x'),
    on('another stage keeps owners', 'COPY --chown=3:4 src /o\nFROM scratch\nCOPY --from=0 /o /x'),
    on('another stage, a file', 'COPY --chown=3:4 a /o\nFROM scratch\nCOPY --from=0 /o /x/'),
    on('another stage, missing folders are root’s', 'COPY --chown=3:4 a /o/a\nFROM scratch\nCOPY --from=0 /o/a /p/q/'),
    on('another stage, --chown wins', 'COPY --chown=3:4 src /o\nFROM scratch\nCOPY --from=0 --chown=5 /o /x'),
    on('names are looked up in the stage that is copied into', 'FROM scratch\nCOPY --from=0 --chown=ann /file /x'),
    on('a working directory belongs to root', 'WORKDIR /w/v'),
    on('a working directory of a user', 'USER 12:34\nWORKDIR /w/v'),
    on('a working directory of a number without a group', 'USER 12\nWORKDIR /w/v'),
    on('a working directory of a number that has an entry', 'USER 1001\nWORKDIR /w/v'),
    on('a working directory of a name', 'USER ann\nWORKDIR /w/v'),
    on('a working directory of a name and a group', 'USER ann:staff\nWORKDIR /w/v'),
    on('a working directory of an unknown name', 'USER bob\nWORKDIR /w/v'),
    on('a working directory that is there keeps its owner', 'USER ann\nWORKDIR /dir'),
    on('a volume', 'VOLUME /v/w /dir'),
    {
      title: 'special bits of context files',
      context: [...context, 'f 4755 suid s', 'f 2755 sgid s', 'd 1777 sticky', 'd 2775 setgid', 'f 644 setgid/f f', 'd 755 setgid/sub'],
      containerfile: 'FROM scratch\nCOPY suid sgid /bits/\nCOPY sticky /s/\nCOPY . /x/\n',
    },
    {
      title: 'below a folder with the set-group-id bit',
      context: [...context, 't a.tar none setgid/@0:50%2775'],
      containerfile: 'FROM scratch\nADD a.tar /\nCOPY a /setgid/\nCOPY src /setgid/new\n',
    },
  ],
};
