import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { executeTemplate } from '../../../../src/ui/index.js';
import { rejects } from '../../../support/rejects.js';
import { skip, suite } from '../../../support/suite.js';
import { withTempDir } from '../../../support/temp-dir.js';
import { project } from '../../../support/tsbuild.js';

const data = {
  Name: 'app',
  Empty: '',
  Count: 3,
  Flag: true,
  List: ['a', 'b b', 'c'],
  None: [],
  Labels: { z: '1', a: 'x y' },
  ExposedPorts: { '80/tcp': {} },
  OCIv1: { architecture: 'amd64', config: { Env: ['PATH=/bin', 'A=b'] }, rootfs: { diff_ids: ['sha256:1'] } },
  Created: new Date('2026-01-02T03:04:05.600Z'),
};

// Expected texts were taken from Go's text/template where its types allow.
const CASES: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['{{.Name}}:{{ .Count }}', 'app:3'],
  ['{{.List}} {{.None}} {{.Labels}} {{.ExposedPorts}}', '[a b b c] [] map[a:x y z:1] map[80/tcp:{}]'],
  ['{{.Created}}', '2026-01-02 03:04:05.6 +0000 UTC'],
  ['{{.OCIv1.Architecture}} {{.OCIv1.Config.Env}} {{.OCIv1.RootFS.DiffIDs}}', 'amd64 [PATH=/bin A=b] [sha256:1]'],
  ['{{.OCIv1.Config.Entrypoint}}|{{.OCIv1.Config.User}}|', '[]||'],
  ['{{.Labels.nope}}', '<no value>'],
  ['{{index .Labels "a"}}{{index .Labels "nope"}}{{index .List 1}}', 'x yb b'],
  ['{{index .OCIv1.config.Env 0 | printf "%q"}}', '"PATH=/bin"'],
  ['{{range .List}}<{{.}}>{{end}}', '<a><b b><c>'],
  ['{{range $i, $x := .List}}{{$i}}={{$x}};{{end}}', '0=a;1=b b;2=c;'],
  ['{{range $k, $v := .Labels}}{{$k}}={{$v}};{{end}}', 'a=x y;z=1;'],
  ['{{range .None}}x{{else}}none{{end}}', 'none'],
  ['{{range .List}}{{if eq . "b b"}}{{continue}}{{end}}{{.}}{{end}}', 'ac'],
  ['{{range .List}}{{if eq . "b b"}}{{break}}{{end}}{{.}}{{end}}', 'a'],
  ['{{if .Empty}}1{{else if .Flag}}2{{else}}3{{end}}', '2'],
  ['{{if and .Flag (eq .Count 3)}}yes{{end}}{{if not .None}}!{{end}}', 'yes!'],
  ['{{or .Empty "default"}} {{and .Name .Empty}}|', 'default |'],
  ['{{with .OCIv1.config}}{{.Env}}{{$.Name}}{{end}}', '[PATH=/bin A=b]app'],
  ['{{$x := .Name}}{{if .Flag}}{{$x = "changed"}}{{end}}{{$x}}', 'changed'],
  ['{{len .List}} {{len .Name}} {{len .Labels}}', '3 3 2'],
  ['{{json .List}} {{json .Labels}} {{json .Name}}', '["a","b b","c"] {"z":"1","a":"x y"} "app"'],
  ['{{join .List ","}} {{.List | join ","}} {{split "a,b" ","}}', 'a,b b,c a,b b,c [a b]'],
  ['{{upper .Name}}{{lower "AB"}}{{title "ab cd"}}{{truncate "abcdef" 2}}', 'APPabAb Cdab'],
  [
    '{{printf "%s|%v|%q|%d|%5s|%-5s|%05d|%.2f|%t|%%" .Name .List .Name .Count "x" "y" 42 1.5 true}}',
    'app|[a b b c]|"app"|3|    x|y    |00042|1.50|true|%',
  ],
  ['{{printf "%q" .List}}', '["a" "b b" "c"]'],
  ['{{printf "%d" .Name}} {{printf "%s"}} {{printf "x" 1}}', '%!d(string=app) %!s(MISSING) x%!(EXTRA int=1)'],
  ['{{println .Name .Count}}', 'app 3\n'],
  ['{{print "a" "b"}}{{"lit\\teral"}}{{`raw\\t`}}', 'ablit\teralraw\\t'],
  ['a  {{- .Name -}}  b', 'aappb'],
  ['{{/* nothing */}}x{{"}}"}}', 'x}}'],
  ['{{(index .List 0)}}{{slice .Name 1 3}}', 'app'],
  ['{{gt .Count 2}} {{lt .Count 2}} {{ne .Name "x"}} {{eq .Count 1 3}}', 'true false true true'],
];

const ZERO = { Entrypoint: [], User: '' };

const MISTAKES: readonly (readonly [string, RegExp])[] = [
  ['{{.Nope}}', /can't evaluate field Nope/],
  ['{{.Name', /has no "}}"/],
  ['{{if .Name}}x', /\{\{if\}\} has no \{\{end\}\}/],
  ['x{{end}}', /unexpected \{\{end\}\}/],
  ['{{nope .Name}}', /function "nope" not defined/],
  ['{{index .List 9}}', /index out of range: 9/],
  ['{{$x}}', /undefined variable "\$x"/],
  ['{{.Name | }}', /value is missing/],
  ['{{range .Count}}{{end}}', /cannot iterate/],
  ['{{}}', /empty/],
  ['{{.Name.X}}', /can't evaluate field X/],
  ['{{(.Name}}', /no "\)"/],
  ['{{constructor .Name}}', /not defined/],
  ['{{call .Name 1}}', /non-function app of type string/],
  ['{{call .Labels.nope}}', /call of nil/],
];

/** What Debian's Buildah 1.28 and Podman 4.3 make of templates. */
interface Recorded {
  readonly tool: 'buildah info' | 'podman version';
  readonly template: string;
  readonly output?: string;
  readonly refused?: true;
}

const RECORDED = JSON.parse(readFileSync(join(project, 'test/unit/ui/template/recorded.json'), 'utf8')) as readonly Recorded[];

/** What those of them that look at data find: the part of `buildah info` that was the same wherever it was recorded. */
const INFO = {
  host: { os: 'linux', rootless: false, cpus: 2, Distribution: { distribution: 'debian', version: '12' } },
  store: { GraphOptions: [], ContainerStore: { number: 0 } },
};

suite('ui/template', (test) => {
  for (const { tool, template, output } of RECORDED) {
    if (output === undefined) test(`${tool} refuses ${template}`, () => rejects(() => executeTemplate(template, INFO), { code: 'USAGE' }));
    else test(`${tool} --format ${template}`, () => assert.is(executeTemplate(template, INFO), output));
  }

  test('the record is what the installed Buildah and Podman say', () =>
    withTempDir((directory) => {
      if (process.getuid?.() !== 0) skip('once is enough: as root');
      const places = ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', 'vfs'];
      for (const { tool, template, output } of RECORDED) {
        const [program = '', verb = ''] = tool.split(' ');
        if (!isInstalled(program)) skip(`${program} is not installed`);
        if (template.includes('Distribution') && !readFileSync('/etc/os-release', 'utf8').includes('VERSION_ID="12"')) continue;
        const argv = [...(program === 'buildah' ? places : []), verb, '--format', template];
        assert.is(outputOf(program, argv)?.replace(/\n$/, ''), output?.replace(/\n$/, ''), template);
      }
    }));

  for (const [template, expected] of CASES) {
    test(`executeTemplate() of ${template}`, () => assert.is(executeTemplate(template, data, { zeroValues: ZERO }), expected));
  }
  for (const [template, message] of MISTAKES) {
    test(`executeTemplate() refuses ${template}`, () => rejects(() => executeTemplate(template, data), { code: 'USAGE', message }));
  }
});

function isInstalled(program: string): boolean {
  return outputOf(program, ['--version']) !== undefined;
}

/** Undefined: it fails. */
function outputOf(program: string, argv: readonly string[]): string | undefined {
  try {
    return execFileSync(program, argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return undefined;
  }
}
