import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { transform } from 'esbuild';

// What a command imports, and what that imports, is a few hundred modules of which it runs a part. So in the bundled program an import is
// evaluated where one of its names is first used: `import_x.name` becomes `(import_x ??= require("./x.js")).name`. A name that an `index.ts`
// hands on is taken from where it is made.

/** Files that esbuild bundles as they are: only so it leaves out what nobody uses of that library. */
const WHOLE = /^import \* as v from 'valibot'/m;

/**
 * A plugin for esbuild.
 *
 * @param {string} project its folder
 * @param {import('esbuild').TransformOptions} options those of the bundle that are about syntax
 * @param {{ isHere?: (path: string) => boolean, begin?: (path: string) => string }} part which modules are in this script of the bundle: of others
 *   only `require` with the path stays; and what each module does first
 */
export function lateImports(project, options, { isHere = () => true, begin = () => '' } = {}) {
  return {
    name: 'late-imports',
    setup(build) {
      // A namespace of its own: as files they were modules of a package that says all of its modules are ESM.
      build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, importer, resolveDir }) => {
        if (!importer.endsWith('.ts')) return undefined;
        const module = relative(project, resolve(resolveDir, path.replace(/js$/, 'ts')));
        return isHere(module) ? { path: module, namespace: 'late' } : { path: module, external: true };
      });
      build.onLoad({ filter: /.*/, namespace: 'late' }, async ({ path }) => {
        const file = join(project, path);
        const [source, resolveDir] = [readFileSync(file, 'utf8'), dirname(file)];
        if (WHOLE.test(source)) return { contents: begin(path) + source, loader: 'ts', resolveDir };
        const { code } = await transform(source, { ...options, loader: 'ts', format: 'cjs', sourcefile: 'module.ts' });
        return { contents: begin(path) + withLateImports(code, file), loader: 'js', resolveDir };
      });
    },
  };
}

/** What esbuild makes of a module: its helpers, `__export(module_exports, {...})`, a line for each import, the module itself. */
const MODULE =
  /^var module_exports = \{\};\n__export\(module_exports, \{\n(?<names>[^}]*)\}\);\nmodule\.exports = __toCommonJS\(module_exports\);\n(?<body>[\s\S]*?)\/\/ Annotate the CommonJS export names for ESM import in node:\n/m;
const IMPORT = /^var (?<name>import_\w+) = require\("(?<path>[^"]+)"\);\n/gm;
const DYNAMIC = /Promise\.resolve\(\)\.then\(\(\) => __toESM\(require\((?<path>"[^"]+")\)\)\)/g;

function withLateImports(code, path) {
  const { names, body } = MODULE.exec(code)?.groups ?? { names: '', body: code };
  let text = body.replaceAll(DYNAMIC, (...match) => lateImport(match.at(-1).path));
  const imports = [...text.matchAll(IMPORT)].map(({ groups }) => groups);
  text = text.replaceAll(IMPORT, '');
  const variables = new Map();
  const late = (part) =>
    imports.reduce((changed, { name, path: imported }) => {
      const makers = makersOf(imported, path);
      return changed.replaceAll(new RegExp(`\\b${name}\\b(?:\\.(?<used>\\w+))?`, 'g'), (...match) => {
        const { used } = match.at(-1);
        const maker = makers.get(used) ?? imported;
        const variable = maker === imported ? name : `${name}_${maker.replace(/\W/g, '_')}`;
        variables.set(variable, maker);
        return `(${variable} ??= require("${maker}"))${used === undefined ? '' : `.${used}`}`;
      });
    }, part);
  const changed = `${late(text)}\n${exportsOf(names, late)}`;
  const result = variables.size === 0 ? changed : `var ${[...variables.keys()].join(', ')};\n${changed}`;
  if (/\b__[a-z]\w*\(/.test(result))
    throw new Error(`${path} needs a helper of esbuild that late imports leave out: ${/\b__[a-z]\w*\(/.exec(result)}`);
  return result;
}

const HANDED_ON = /^export \{(?<names>[^}]*)\} from '(?<path>[^']+)';$/gm;

/** What the `index.ts` that `path` imports as `imported` hands on: each name, and the module that makes it, as `path` would import that. */
function makersOf(imported, path) {
  const makers = new Map();
  if (!/^\.\.?\/(?:.*\/)?index\.js$/.test(imported)) return makers;
  const index = join(dirname(path), imported);
  for (const { groups } of readFileSync(index.replace(/js$/, 'ts'), 'utf8').matchAll(HANDED_ON)) {
    const maker = relative(dirname(path), join(dirname(index), groups.path));
    for (const [, name] of groups.names.matchAll(/(?:^|,)\s*(\w+)\s*(?=,|$)/g))
      makers.set(name, maker.startsWith('.') ? maker : `./${maker}`);
  }
  return makers;
}

/** `import()` of a module of ours gives its exports as they are; for libraries esbuild makes the object that has a `default`. */
function lateImport(path) {
  return path.startsWith('"./') || path.startsWith('"../') ? `Promise.resolve().then(() => require(${path}))` : `import(${path})`;
}

/** Own names are put into `exports` at the end of the module; a name that is handed on is looked up when it is asked for. */
function exportsOf(names, late) {
  return [...names.matchAll(/^ {2}(?<name>\w+): \(\) => (?<value>.+?),?$/gm)]
    .map(({ groups: { name, value } }) =>
      value.startsWith('import_')
        ? `Object.defineProperty(exports, ${JSON.stringify(name)}, { enumerable: true, get: () => ${late(value)} });\n`
        : `exports.${name} = ${value};\n`,
    )
    .join('');
}
