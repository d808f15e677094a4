import type { CaseGroup, DifferentialCase } from '../case.js';

function copy(title: string, context: readonly string[], lines: string): DifferentialCase {
  return { title, context, containerfile: `FROM scratch\n${lines}\n` };
}

/** Hard links, attributes, special files, times. */
export const files: CaseGroup = {
  name: 'files',
  cases: [
    copy('hard links of a folder', ['f 644 d/a A', 'h d/b d/a', 'd 755 d/sub', 'h d/sub/c d/a'], 'COPY d /x'),
    copy('hard links named one by one', ['f 644 a A', 'h b a'], 'COPY a b /x/'),
    copy('hard links of two folders', ['f 644 d/a A', 'h e/b d/a'], 'COPY d e /x/'),
    copy('a hard link to what is not copied', ['f 644 d/a A', 'h outside d/a'], 'COPY d /x'),
    copy('hard links of two instructions', ['f 644 a A', 'h b a'], 'COPY a /x/\nCOPY b /x/'),
    copy('hard links from another stage', ['f 644 d/a A', 'h d/b d/a'], 'COPY d /d\nFROM scratch\nCOPY --from=0 /d /x'),
    copy('a socket is left out', ['s d/socket', 'f 644 d/a A'], 'COPY d /x'),
    copy('a fifo in a folder', ['p 640 d/fifo', 'f 644 d/a A'], 'COPY d /x'),
    copy('attributes of a file', ['f 644 a A', 'x a user.one 1'], 'COPY a /x'),
    copy(
      'attributes of a folder and below',
      ['d 755 d/sub', 'f 644 d/sub/a A', 'x d/sub user.d dir', 'x d/sub/a user.f file'],
      'COPY d /x',
    ),
    copy('attributes from another stage', ['f 644 a A', 'x a user.one 1'], 'COPY a /a\nFROM scratch\nCOPY --from=0 /a /x'),
    copy('an empty file and a long one', ['f 644 a ', `f 644 b ${'0123456789'.repeat(500)}`], 'COPY a b /x/'),
    copy('times of folders below', ['d 755 d/sub/deep', 'd 755 d/sub', 'f 644 d/sub/a A', 'd 755 d'], 'COPY d /x'),
    copy('times from another stage', ['d 755 d/sub', 'f 644 d/sub/a A'], 'COPY d /d\nFROM scratch\nCOPY --from=0 /d /x'),
    copy('links keep their times', ['l d/l a', 'f 644 d/a A'], 'COPY d /x'),
    copy('links of every kind', ['l d/abs /etc/x', 'l d/rel ../y', 'l d/self self', 'l d/empty-target .'], 'COPY d /x'),
    copy('names that look like whiteouts', ['f 644 d/a A', 'f 644 d/x.wh.y A'], 'COPY d /x'),
    copy('long names', [`f 644 d/${'n'.repeat(200)} A`, `f 644 d/${'p'.repeat(90)}/${'q'.repeat(90)}/r B`], 'COPY d /x'),
    copy('names that are not ASCII', ['f 644 d/é A', 'f 644 d/日本 B', 'l d/ü é'], 'COPY d /x'),
  ],
};
