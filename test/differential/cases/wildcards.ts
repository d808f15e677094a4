import type { CaseGroup, DifferentialCase } from '../case.js';
import { BRACKET, NAMES } from '../trees.js';

function copy(title: string, words: string): DifferentialCase {
  return { title, context: NAMES, containerfile: `FROM scratch\n${words}\n` };
}

export const wildcards: CaseGroup = {
  name: 'wildcards',
  cases: [
    copy('a star', 'COPY *.txt /x/'),
    copy('a star goes through no slash', 'COPY *a.txt /x/'),
    copy('a question mark', 'COPY ?.txt /x/'),
    copy('a question mark takes a letter of two bytes', 'COPY ? /x/'),
    copy('a class', 'COPY [ab].txt /x/'),
    copy('a range', 'COPY [a-b].* /x/'),
    copy('a negated class', 'COPY [^a].txt /x/'),
    copy('a class with a negation of the shell is none', 'COPY [!a].txt /x/'),
    { ...copy('an escaped bracket', 'COPY ["\\\\[x]", "/x/"]'), context: [...NAMES, BRACKET] },
    { ...copy('a bracket, escaped for the words and for the wildcard', 'COPY ["\\\\\\\\[x]", "/x/"]'), context: [...NAMES, BRACKET] },
    { ...copy('a bracket in a class', 'COPY [[]x] /x/'), context: [...NAMES, BRACKET] },
    copy('an escaped star', 'COPY ["st\\\\*r", "/x/"]'),
    copy('a star in a folder', 'COPY d/* /x/'),
    copy('a star for a folder', 'COPY */a.txt /x/'),
    copy('a star for two folders', 'COPY */*/*.md /x/'),
    copy('matches that are folders give what is in them', 'COPY [de] /x/'),
    copy('everything, by a star', 'COPY * /x/'),
    copy('a match that is a link', 'COPY l.* /x/'),
    copy('no match', 'COPY nothing* /x/'),
    copy('no match beside a file', 'COPY nothing* a.txt /x/'),
    copy('no match in two wildcards', 'COPY no* not* /x/'),
    copy('no match beside a folder', 'COPY nothing* d /x'),
    copy('one match without a slash', 'COPY c.* /x'),
    copy('two matches without a slash', 'COPY [ab].txt /x'),
    copy('an unfinished class', 'COPY [a /x/'),
    copy('a blank in a name', 'COPY ["sp ace", "/x/"]'),
    copy('a blank by a question mark', 'COPY sp?ace /x/'),
    copy('an empty folder by a wildcard', 'COPY emp* /x/'),
    copy('a wildcard that only a folder and a file match', 'COPY [ce]* /x/'),
    copy('a wildcard in ADD', 'ADD d/deep/* /x/'),
    copy('from a variable', 'ARG what=*.md\nCOPY $what /x/'),
  ],
};
