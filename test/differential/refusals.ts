const IN_THE_WAY = 'in the image: it is there and is no directory';

/** What both refuse, by group and title: a part of what tsbuild says. */
export const REFUSALS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  placement: {
    'a file over a link in a circle': 'Cannot write to "/loop" in the image: its links lead in a circle',
    'a file below a file': `Cannot write to "/file" ${IN_THE_WAY}`,
    'a file to a file with a slash': `Cannot write to "/file" ${IN_THE_WAY}`,
    'two files over a file': `Cannot write to "/file" ${IN_THE_WAY}`,
    'a folder over a file': `Cannot write to "/file" ${IN_THE_WAY}`,
    'a folder below a file': 'Cannot write to "/file/x" in the image: "/file" is there and is no directory',
    'a missing source': 'Containerfile:3:1: building at STEP "COPY nothing /x": "nothing": no such file or directory in the build context',
    'a missing source among others': '"nothing": no such file or directory in the build context',
    'a dangling link as the source': '"src/gone": no such file or directory in the build context',
  },
  wildcards: {
    'an escaped bracket': ': nothing matches the wildcard',
    'no match': ': nothing matches the wildcard',
    'no match in two wildcards': ': nothing matches the wildcard',
    'an unfinished class': 'Invalid pattern "[a": the character class has no "]"',
  },
  'ignore-files': {
    'an ignored file is named': ': it is excluded by .dockerignore line 3: "a.txt"',
    'an ignored folder is named': ': it is excluded by .dockerignore line 3: "dir"',
    'a file in an ignored folder is named': ': it is excluded by .dockerignore line 3: "dir"',
    'a wildcard whose matches are all ignored': ': it is excluded by .dockerignore line 3: "*.md"',
  },
  ownership: {
    'an unknown name': 'unable to find user bob: no matching entries in passwd file',
    'an unknown group': 'unable to find group nobody: no matching entries in group file',
    'names are looked up in the stage that is copied into': 'unable to find user ann: no matching entries in passwd file',
  },
  archives: {
    'over a file': `Cannot write to "/file" ${IN_THE_WAY}`,
    'a link out of its place': 'Cannot unpack "a.tar", entry "l/n": "x/l" above it is not a directory',
    'a hard link out of its place': 'Cannot unpack "a.tar", entry "h": the target of its hard link leads out of the root directory',
    'a folder over a file': 'Cannot unpack "a.tar", entry "file/n": "file" above it is not a directory',
  },
  variables: {
    'a default for what is unset': `Syntax error - can't find = in "words}". Must be of the form: name=value`,
    'what is required and missing': `Syntax error - can't find = in "is". Must be of the form: name=value`,
  },
  stages: {
    'from a stage: what is missing': '"/b": no such file or directory in the stage or image it is copied from',
    'from a stage that is not there': 'invalid stage index 5',
    'ONBUILD ONBUILD': "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed",
    'ONBUILD FROM': "FROM isn't allowed as an ONBUILD trigger",
  },
  commands: {
    'a command that fails': 'building at STEP "RUN exit 3": while running the command: exit status 3',
  },
};
