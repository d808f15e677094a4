import * as assert from 'uvu/assert';
import { parseGitUrl, withoutPassword } from '../../../src/parser/index.js';
import { suite } from '../../support/suite.js';

suite('parser/git-url', (test) => {
  const urls: readonly (readonly [string, Readonly<Record<string, unknown>> | undefined])[] = [
    ['https://example.com/a.git', { remote: 'https://example.com/a.git', protocol: 'https' }],
    ['https://example.com/a.git#main:sub/dir', { ref: 'main', subdir: 'sub/dir' }],
    ['https://example.com/a.git#:sub', { ref: undefined, subdir: 'sub' }],
    ['https://example.com/a.git?tag=v1', { ref: 'refs/tags/v1', remote: 'https://example.com/a.git' }],
    ['https://example.com/a.git?branch=refs/heads/b&subdir=x', { ref: 'refs/heads/b', subdir: 'x' }],
    ['https://example.com/a.git?commit=0123456789', { ref: '0123456789', checksum: '0123456789' }],
    ['https://example.com/a.git?ref=b&checksum=0123456', { ref: 'b', checksum: '0123456' }],
    ['https://example.com/a.git?ref=b&checksum=0123456&fetch-by-commit=1', { ref: '0123456' }],
    ['https://example.com/a.git?keep-git-dir&submodules=false&mtime=commit', { keepGitDir: true, submodules: false, mtime: 'commit' }],
    ['git@example.com:team/a', { remote: 'git@example.com:team/a', protocol: 'ssh' }],
    ['git@example.com:team/a.git?ref=x#x:y', { ref: 'x', subdir: 'y', remote: 'git@example.com:team/a.git' }],
    ['ssh://git@example.com:22/a', { protocol: 'ssh' }],
    ['git://example.com/a', { protocol: 'git' }],
    ['https://example.com/a', undefined],
    ['https://example.com/a.git.tar', undefined],
    ['https://example.com/a.tar#.git', undefined],
    ['file:///a.git', undefined],
    ['ext::sh -c x', undefined],
    ['dir/file', undefined],
  ];
  for (const [text, expected] of urls) {
    test(`parseGitUrl(${text})`, () => {
      const url = parseGitUrl(text);
      const shown = expected && url && Object.fromEntries(Object.keys(expected).map((name) => [name, url[name as keyof typeof url]]));
      assert.equal(shown, expected);
      assert.is(url === undefined, expected === undefined);
    });
  }

  const refused: readonly (readonly [string, string])[] = [
    ['https://e.com/a.git?ref=', 'query "ref" has no value'],
    ['https://e.com/a.git?tag=a&branch=b', 'branch conflicts with tag'],
    ['https://e.com/a.git?subdir=a#:b', 'subdir conflicts: "b" vs "a"'],
    ['https://e.com/a.git?submodules=perhaps', 'invalid submodules value: "perhaps"'],
    ['https://e.com/a.git?mtime=now', 'invalid mtime value: "now"'],
    ['https://e.com/a.git?checksum=xyz', 'invalid checksum "xyz": a commit is meant'],
    ['https://e.com/a.git?fetch-by-commit', 'fetch-by-commit requires checksum'],
    ['https://e.com/a.git#-x', 'invalid git ref "-x"'],
    ['https://e.com/a.git#a%20b', 'invalid git ref "a b"'],
    ['https://e.com/a.git#+refs/heads/*', 'invalid git ref "+refs/heads/*"'],
    ['ssh://-oProxyCommand=x/a', 'invalid git URL "ssh://-oProxyCommand=x/a"'],
    ['git@-x:a', 'invalid git URL "git@-x:a"'],
    ['git@host:-a', 'invalid git URL "git@host:-a"'],
    ['https://u:p@e.com/a b.git', 'invalid git URL "https://e.com/a b.git"'],
  ];
  for (const [text, problem] of refused) {
    test(`parseGitUrl(${text}) is refused`, () => {
      assert.throws(
        () => parseGitUrl(text),
        (error: Error) => error.message === problem || assert.unreachable(error.message),
      );
    });
  }

  test('withoutPassword() takes out what is secret', () => {
    assert.is(withoutPassword('https://user:word@host/a@b'), 'https://host/a@b');
    assert.is(withoutPassword('git@host:a'), 'git@host:a');
  });
});
