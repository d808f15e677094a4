import type { Difference } from './case.js';

/** Where tsbuild means to do something else than Buildah 1.28, by group and title. What is not listed is equal. */
export const DIFFERENCES: Readonly<Record<string, Readonly<Record<string, Difference>>>> = {
  placement: {
    'a file into a folder written with a dot': {
      reason: 'A dot at the end of a destination means a folder, with BuildKit as in a shell; Buildah cleans it away.',
      lines: ['- f 640 0:0 @10 /x "A"', '+ d 755 0:0 now /x', '+ f 640 0:0 @10 /x/a "A"'],
    },
    'a file over a link to a file': {
      reason: 'Links in a destination are followed, also the last, with BuildKit; Buildah replaces the last.',
      lines: ['- f 600 0:0 @3 /file "text"', '- f 640 0:0 @10 /tofile "A"', '+ f 640 0:0 @10 /file "A"', '+ l - 0:0 @5 /tofile > file'],
    },
    'a file over a dangling link': {
      reason: 'The link says where the file goes, with BuildKit; Buildah makes a folder of that name.',
      lines: ['- d 755 0:0 now /nowhere/x', '- f 640 0:0 @10 /nowhere/x/a "A"', '+ f 640 0:0 @10 /nowhere/x "A"'],
    },
  },
  wildcards: {
    'a bracket in a class': {
      reason: 'Buildah takes the name it found for a pattern again.',
      ours: { tree: ['d 755 0:0 now /x', 'f 644 0:0 @13 /x/[x] "bracket"'] },
    },
    'a bracket, escaped for the words and for the wildcard': {
      reason: 'Buildah takes the name it found for a pattern again.',
      ours: { tree: ['d 755 0:0 now /x', 'f 644 0:0 @13 /x/[x] "bracket"'] },
    },
  },
  'ignore-files': {
    'a file brought back below a folder': {
      reason: 'Folders above a file that is brought back have their own mode and time, with BuildKit; Buildah makes them new.',
      lines: ['- d 755 0:0 now /x/dir', '- d 755 0:0 now /x/dir/sub', '+ d 750 0:0 @3 /x/dir', '+ d 711 0:0 @6 /x/dir/sub'],
    },
    'all but a file deep down': {
      reason: 'Folders above a file that is brought back have their own mode and time, with BuildKit; Buildah makes them new.',
      lines: ['- d 755 0:0 now /x/dir', '- d 755 0:0 now /x/dir/sub', '+ d 750 0:0 @3 /x/dir', '+ d 711 0:0 @6 /x/dir/sub'],
    },
    'any depth but one': {
      reason: 'Folders above a file that is brought back have their own mode and time, with BuildKit; Buildah makes them new.',
      lines: ['- d 755 0:0 now /x/pkg', '+ d 755 0:0 @999 /x/pkg'],
    },
    'a link to an ignored folder': {
      reason: 'What is left out is not there, so nothing is left to copy: an error, not an empty folder.',
      ours: { error: '"link": no such file or directory' },
    },
    'a file brought back below a folder that is named, in .containerignore': {
      reason: 'In a .containerignore nothing below an excluded folder comes back, as with Buildah 1.43; 1.28 brings it back.',
      ours: { error: 'it is excluded by .containerignore line 1: "dir"' },
    },
  },
  ownership: {
    'special bits of context files': {
      reason: 'Set-user-id and set-group-id bits are kept, with BuildKit; Buildah drops them.',
      lines: [
        '- f 755 0:0 @25 /bits/sgid "s"',
        '- f 755 0:0 @24 /bits/suid "s"',
        '- d 775 0:0 @27 /x/setgid',
        '- f 755 0:0 @25 /x/sgid "s"',
        '- f 755 0:0 @24 /x/suid "s"',
        '+ f 2755 0:0 @25 /bits/sgid "s"',
        '+ f 4755 0:0 @24 /bits/suid "s"',
        '+ d 2775 0:0 @27 /x/setgid',
        '+ f 2755 0:0 @25 /x/sgid "s"',
        '+ f 4755 0:0 @24 /x/suid "s"',
      ],
    },
  },
  archives: {
    'parents that it does not list': {
      reason: 'A folder that an archive does not list has the time 0: the same archive gives the same layer.',
      lines: ['- d 755 0:0 now /x/p', '- d 755 0:0 now /x/p/q', '+ d 755 0:0 0 /x/p', '+ d 755 0:0 0 /x/p/q'],
    },
    'names like whiteouts': {
      reason: 'The file would be gone from the image, as it is with Buildah: in a layer the name means a removal.',
      ours: { error: '"x/.wh.file" begins with ".wh."' },
    },
    'with an owner': {
      reason: '--chown is for what is in the archive too, with BuildKit; Buildah keeps the owners of the archive.',
      lines: [
        '- d 750 5:6 7 /x/d',
        '- f 644 5:6 7 /x/d/f "F"',
        '- f 644 5:6 7 /x/d/h = /x/d/f',
        '- l - 7:8 7 /x/d/l > f',
        '- f 600 3:4 7 /x/top "T"',
        '+ d 750 11:12 7 /x/d',
        '+ f 644 11:12 7 /x/d/f "F"',
        '+ f 644 11:12 7 /x/d/h = /x/d/f',
        '+ l - 11:12 7 /x/d/l > f',
        '+ f 600 11:12 7 /x/top "T"',
      ],
    },
    'a hard link with an owner of its own': {
      reason: 'A hard link is another name and nothing else, as with GNU tar; Buildah gives the file what the link says.',
      lines: ['- f 644 3:4 7 /x/f "F"', '- f 644 3:4 7 /x/h = /x/f', '+ f 644 1:2 7 /x/f "F"', '+ f 644 1:2 7 /x/h = /x/f'],
    },
    'a hard link to what is not in it': {
      reason: 'A hard link is another name and nothing else, as with GNU tar; Buildah gives the file what the link says.',
      lines: [
        '- f 644 0:0 7 /dir/old "old"',
        '- f 644 0:0 7 /h = /dir/old',
        '+ f 600 0:0 @1 /dir/old "old"',
        '+ f 600 0:0 @1 /h = /dir/old',
      ],
    },
    'a name out of its place': {
      reason: 'An archive that climbs out is refused, with BuildKit; Buildah stops it at the destination.',
      ours: { error: 'entry "../n": its name leads out of the root directory' },
    },
  },
  files: {
    'hard links named one by one': {
      reason: 'Names of one file that one COPY takes stay names of one file; Buildah copies each source by itself.',
      lines: ['- f 644 0:0 @0 /x/b "A"', '+ f 644 0:0 @0 /x/b = /x/a'],
    },
    'hard links of two folders': {
      reason: 'Names of one file that one COPY takes stay names of one file; Buildah copies each source by itself.',
      lines: ['- f 644 0:0 @0 /x/b "A"', '+ f 644 0:0 @0 /x/b = /x/a'],
    },
  },
  configuration: {
    'EXPOSE of a range': {
      reason: 'Ranges are unrolled, with BuildKit; Buildah keeps the text.',
      config: { ExposedPorts: { '5000/tcp': {}, '5001/tcp': {}, '5002/tcp': {}, '5003/tcp': {} } },
    },
    'VOLUME twice': {
      reason: 'Every VOLUME makes its folder; Buildah 1.28 forgets those of the first line.',
      lines: ['+ d 755 0:0 now /a'],
    },
    'SHELL before CMD': {
      reason: 'The shell form uses SHELL, with BuildKit; Buildah always takes /bin/sh.',
      config: { Cmd: ['/bin/ash', '-ec', 'a b'], Entrypoint: ['/bin/ash', '-ec', 'c d'] },
    },
    'everything is inherited': {
      reason: 'Every VOLUME makes its folder; Buildah 1.28 forgets that of a stage it builds upon.',
      lines: ['+ d 755 0:0 now /v'],
    },
    'an escape of its own': {
      reason: 'A backslash means nothing once another character escapes, with BuildKit; in an ENV of Buildah it still does.',
      config: { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'a=c:\\x', 'b=2'] },
    },
  },
  stages: {
    'a stage by a name in other case': {
      reason: 'Names of stages are the same in any case, with BuildKit.',
      ours: { tree: ['d 755 0:0 now /x', 'f 644 0:0 @0 /x/a "A"'] },
    },
    'from a later stage': {
      reason: 'A mistake is told also in a stage that is not needed, with BuildKit.',
      ours: { error: 'cannot copy from stage "1", it needs to be defined before current stage "0"' },
    },
  },
  commands: {
    'VOLUME, and a command that writes there': {
      reason: 'What a command writes below a VOLUME stays, with BuildKit and newer versions of Buildah.',
      lines: ['+ f 644 0:0 now /v/after "2\\n"'],
    },
    'ARG is not in the image, and goes to a stage on the stage': {
      reason: 'A stage on a stage has its ARGs, with BuildKit: the second command still sees it.',
      lines: ['- f 644 0:0 now /out2 "0\\n"', '+ f 644 0:0 now /out2 "1\\n"'],
    },
  },
};
