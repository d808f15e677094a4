import type { CaseGroup, DifferentialCase } from '../case.js';
import { BASE, ON_BASE } from '../trees.js';

const ENTRIES = 'top=T@3:4%600,d/@5:6%750,d/f=F@5:6,d/l>f@7:8,d/h&d/f@5:6';

function add(title: string, lines: readonly string[], instructions: string): DifferentialCase {
  return { title, context: [...BASE, ...lines], containerfile: `${ON_BASE}${instructions}\n` };
}

export const archives: CaseGroup = {
  name: 'archives',
  cases: [
    add('a tar', [`t a.tar none ${ENTRIES}`], 'ADD a.tar /x/'),
    add('gzip', [`t a.tgz gzip ${ENTRIES}`], 'ADD a.tgz /x/'),
    add('bzip2', [`t a gzip ${ENTRIES}`, `t b bzip2 ${ENTRIES}`], 'ADD b /x/'),
    add('xz', [`t a.xz xz ${ENTRIES}`], 'ADD a.xz /x/'),
    add('zstd', [`t a.zst zstd ${ENTRIES}`], 'ADD a.zst /x/'),
    add('without a slash', [`t a.tar none ${ENTRIES}`], 'ADD a.tar /x'),
    add('the root', [`t a.tar none ${ENTRIES}`], 'ADD a.tar /'),
    add('into an existing folder', ['t a.tar none sub/@1:2%711,sub/n=N,old=new'], 'ADD a.tar /dir'),
    add('over a file', [`t a.tar none ${ENTRIES}`], 'ADD a.tar /file'),
    add('through a link', ['t a.tar none n=N'], 'ADD a.tar /todir'),
    add('a folder in it that is a link in the image', ['t a.tar none todir/n=N'], 'ADD a.tar /'),
    add('an entry for its own root', ['t a.tar none ./@9:9%700,./n=N'], 'ADD a.tar /x/'),
    add('parents that it does not list', ['t a.tar none p/q/r=R@1:1'], 'ADD a.tar /x/'),
    add('names like whiteouts', ['t a.tar none .wh.file=W,n=N'], 'ADD a.tar /x/'),
    add('the same name twice', ['t a.tar none n=1,n=2'], 'ADD a.tar /x/'),
    add('two archives', ['t a.tar none a=A', 't b.tar none b=B'], 'ADD a.tar b.tar /x/'),
    add('an archive and a file', ['t a.tar none a=A', 'f 644 b B'], 'ADD a.tar b /x/'),
    add('by a wildcard', ['t a.tar none a=A', 't b.tar none b=B'], 'ADD *.tar /x/'),
    add('a link to an archive', ['t a.tar none a=A', 'l b.tar a.tar'], 'ADD b.tar /x/'),
    add('COPY leaves it as it is', ['t a.tar none a=A'], 'COPY a.tar /x/'),
    add('in a folder it stays as it is', ['t d/a.tar none a=A'], 'ADD d /x/'),
    add('a name of an archive and no archive', ['f 644 a.tar text'], 'ADD a.tar /x/'),
    add('with an owner', [`t a.tar none ${ENTRIES}`], 'ADD --chown=11:12 a.tar /x/'),
    add('modes of its own', ['t a.tar none s=S%4755,d/%1777,d/g=G%2711'], 'ADD a.tar /x/'),
    add('a link out of its place', ['t a.tar none l>/etc,l/n=N'], 'ADD a.tar /x/'),
    add('a hard link with an owner of its own', ['t a.tar none f=F@1:2,h&f@3:4'], 'ADD a.tar /x/'),
    add('a hard link to what is not in it', ['t a.tar none h&dir/old'], 'ADD a.tar /'),
    add('a hard link out of its place', ['t a.tar none h&../file'], 'ADD a.tar /x/'),
    add('a name out of its place', ['t a.tar none ../n=N'], 'ADD a.tar /x/'),
    add('an absolute name', ['t a.tar none /n=N'], 'ADD a.tar /x/'),
    add('a file over a folder', ['t a.tar none dir=D'], 'ADD a.tar /'),
    add('a folder over a file', ['t a.tar none file/n=N'], 'ADD a.tar /'),
    add('an archive without entries', ['f 644 b B', 't a.gz gzip x=X'], 'ADD b a.gz /x/'),
    add('a text that is compressed by gzip', ['z n.gz gzip text'], 'ADD n.gz /x/'),
    add('a text that is compressed by bzip2', ['z n.bz2 bzip2 text'], 'ADD n.bz2 /x/'),
    add('a text that is compressed by xz', ['z n.xz xz text'], 'ADD n.xz /x/'),
    add('a text that is compressed by zstd', ['z n.zst zstd text'], 'ADD n.zst /x/'),
    add('a large archive by bzip2', [`t a.bz2 bzip2 big=${'lorem ipsum '.repeat(2000)},n=N`], 'ADD a.bz2 /x/'),
    add('an archive in the build, from a variable', ['t a.tar none n=N'], 'ARG f=a.tar\nADD $f /x/'),
    {
      title: '--unpack=false',
      context: ['f 644 b.tar text'],
      containerfile: 'FROM scratch\nADD --unpack=false b.tar /x/\n',
      expected: { tree: ['d 755 0:0 now /x', 'f 644 0:0 @0 /x/b.tar "text"'] },
    },
    {
      title: '--unpack',
      context: ['t a.tar none n=N@1:2'],
      containerfile: 'FROM scratch\nADD --unpack=true a.tar /x/\n',
      expected: { tree: ['d 755 0:0 now /x', 'f 644 1:2 7 /x/n "N"'] },
    },
  ],
};
