import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as assert from 'uvu/assert';
import { suite } from '../../support/suite.js';

const project = fileURLToPath(new URL('../../../../../', import.meta.url));
const src = join(project, 'src');

/** Which folder may import which: ARCHITECTURE.md, "Code map". `errors`, `json-problem`, `progress`, `sha256`, `suggest` and `url-passwords` are free to all. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  config: [],
  sys: [],
  image: [],
  parser: [],
  lint: ['parser'],
  context: ['sys'],
  store: ['image', 'sys'],
  layers: ['image', 'sys'],
  snapshots: ['layers', 'store', 'image', 'sys'],
  registry: ['image'],
  sources: ['parser', 'registry', 'layers', 'sys'],
  transports: ['registry', 'store', 'layers', 'image', 'sys'],
  sandbox: ['sys'],
  'builder/graph': ['parser', 'image'],
  'builder/scheduler': [],
  'builder/steps': [
    'builder/scheduler',
    'builder/graph',
    'parser',
    'context',
    'snapshots',
    'store',
    'sandbox',
    'transports',
    'layers',
    'image',
    'sys',
  ],
  operations: [
    'config',
    'sys',
    'image',
    'parser',
    'lint',
    'context',
    'store',
    'layers',
    'snapshots',
    'registry',
    'transports',
    'sandbox',
    'sources',
    'builder/graph',
    'builder/scheduler',
    'builder/steps',
  ],
  ui: ['parser', 'lint'],
  commands: ['operations', 'config', 'ui'],
};

/** Node modules a pure folder may not touch: no disk, network, clock, environment or processes. */
const PURE = ['parser', 'lint', 'image', 'builder/scheduler', 'builder/graph'];
const IMPURE_MODULES = /^node:(fs|net|http|https|http2|tls|dgram|child_process|worker_threads|os|process|timers|cluster|dns)/;

interface Import {
  readonly file: string;
  readonly line: number;
  readonly specifier: string;
}

function sourceFiles(): string[] {
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(file, 'utf8');
  const found: Import[] = [];
  for (const match of text.matchAll(
    /(?:^|\n)\s*(?:import|export)\s[^'"`;]*?from\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)|(?:^|\n)import\s+['"]([^'"]+)['"]/g,
  )) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    found.push({ file, specifier, line: text.slice(0, match.index).split('\n').length + 1 });
  }
  return found;
}

/** `builder/graph`, `store`, ... or '' for a file directly in `src`. */
function folderOf(file: string): string {
  const parts = relative(src, dirname(file)).split('/');
  return parts[0] === 'builder' ? parts.slice(0, 2).join('/') : (parts[0] ?? '');
}

suite('dependency arrows', (test) => {
  const files = sourceFiles();

  test('the table knows every folder', () => {
    const unknown = [...new Set(files.map(folderOf))].filter((folder) => folder !== '' && !(folder in ARROWS));
    assert.equal(unknown, []);
  });

  test('folders import only along the arrows, and only through doors', () => {
    const wrong: string[] = [];
    for (const file of files) {
      const from = folderOf(file);
      if (from === '') continue;
      for (const { specifier, line } of importsOf(file)) {
        if (!specifier.startsWith('.')) continue;
        const target = resolve(dirname(file), specifier);
        const to = folderOf(target);
        const name = relative(src, target);
        if (to === from || ['errors.js', 'json-problem.js', 'progress.js', 'sha256.js', 'suggest.js', 'url-passwords.js'].includes(name))
          continue;
        const where = `${relative(project, file)}:${line} imports ${name}`;
        if (!ARROWS[from]?.includes(to)) wrong.push(`${where}: ${from} may not import ${to || 'src'}`);
        else if (to !== 'operations' && to !== 'ui' && name !== `${to}/index.js`) wrong.push(`${where}: go through ${to}/index.js`);
      }
    }
    assert.is(wrong.join('\n'), '');
  });

  test('pure folders use no module that touches the outside', () => {
    const wrong = files
      .filter((file) => PURE.includes(folderOf(file)))
      .flatMap(importsOf)
      .filter(({ specifier }) => IMPURE_MODULES.test(specifier))
      .map(({ file, line, specifier }) => `${relative(project, file)}:${line} imports ${specifier}`);
    assert.is(wrong.join('\n'), '');
  });

  test('only config reads the environment, only sys loads the addon, only ui and commands write to the terminal', () => {
    const rules: readonly { pattern: RegExp; allowed: RegExp; what: string }[] = [
      { pattern: /process\.env\b/, allowed: /^(config\/|loader\.ts)/, what: 'reads process.env' },
      { pattern: /tsbuild\.node['"`]/, allowed: /^sys\//, what: 'loads the addon' },
      { pattern: /process\.(stdout|stderr)\b|console\./, allowed: /^(ui|commands)\/|^loader\.ts/, what: 'writes to the terminal' },
      { pattern: /process\.exit(Code)?\b/, allowed: /^commands\/|^loader\.ts/, what: 'decides the exit code' },
    ];
    const wrong: string[] = [];
    for (const file of files) {
      const name = relative(src, file);
      const code = readFileSync(file, 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      for (const { pattern, allowed, what } of rules) if (pattern.test(code) && !allowed.test(name)) wrong.push(`src/${name} ${what}`);
    }
    assert.is(wrong.join('\n'), '');
  });

  test('no import cycle', () => {
    const graph = new Map(
      files.map((file) => [
        file,
        importsOf(file)
          .filter(({ specifier }) => specifier.startsWith('.'))
          .map(({ specifier }) => resolve(dirname(file), specifier.replace(/\.js$/, '.ts'))),
      ]),
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const visit = (file: string, path: string[]): void => {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file].map((name) => relative(src, name)).join(' -> '));
      else if (!done.has(file)) {
        for (const next of graph.get(file) ?? []) visit(next, [...path, file]);
        done.add(file);
      }
    };
    for (const file of files) visit(file, []);
    assert.equal(cycles, []);
  });
});
