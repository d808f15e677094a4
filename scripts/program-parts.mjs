import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as esbuild from 'esbuild';

// The program is two scripts, since reading a code cache takes time for every function that a script names, called or not. dist/main.cjs has the
// modules that quick commands evaluate, such as a build that the cache answers; dist/rest.cjs the others, and src/loader.ts loads it when one
// of them is first used. Which commands are quick, scripts/code-cache.mjs says: it runs them once with the program in one piece.

/**
 * @param {{project: string, bundleOptions: (part?: object) => esbuild.BuildOptions, run: (...args: string[]) => void}} how how to bundle, and how to
 *   run `scripts/code-cache.mjs`
 * @returns {Promise<Record<string, string>>} name and text of each script
 */
export async function makeParts({ project, bundleOptions, run }) {
  const main = "Object.assign(exports, require('./src/main.js'));";
  const whole = await bundle(main, { begin: (path) => `globalThis.evaluated?.(${JSON.stringify(path)});\n` });
  const modules = Object.keys(whole.metafile.inputs).flatMap((input) => (input.startsWith('late:') ? input.slice('late:'.length) : []));
  const quick = quickModules(whole.outputFiles[0].text);
  const [first, second] = [modules.filter((path) => quick.has(path)), modules.filter((path) => !quick.has(path))];
  return {
    'main.cjs': await script(`${main}\n${giving(first)}`, (path) => quick.has(path)),
    'rest.cjs': await script(giving(second), (path) => !quick.has(path)),
  };

  function bundle(contents, part) {
    return esbuild.build({
      ...bundleOptions(part),
      stdin: { contents, sourcefile: 'program.ts', loader: 'js', resolveDir: project },
      // The function that `require` would make of it, because the loader compiles it: put around it there, it were copied at each start.
      banner: { js: '(function (exports, require, module, __filename, __dirname) {' },
      footer: { js: '})' },
      outfile: 'program.cjs',
      write: false,
      metafile: true,
    });
  }

  async function script(contents, isHere) {
    return (await bundle(contents, { isHere })).outputFiles[0].text;
  }

  function quickModules(text) {
    const directory = join(project, 'build/evaluated');
    const id = hashOf(text, readFileSync(join(project, 'scripts/code-cache.mjs')));
    const [file, list] = [join(directory, 'program.cjs'), join(directory, `${id}.json`)];
    if (!existsSync(list)) {
      rmSync(directory, { recursive: true, force: true });
      mkdirSync(directory, { recursive: true });
      writeFileSync(file, text);
      run(file, list);
    }
    return new Set(JSON.parse(readFileSync(list, 'utf8')));
  }
}

/** What the other script asks when it uses one of these modules. */
function giving(paths) {
  const cases = paths.map((path) => `case ${JSON.stringify(path)}: return require("./${path.replace(/ts$/, 'js')}");\n`);
  return `exports.moduleAt = (path) => { switch (path) {\n${cases.join('')}} };\n`;
}

/** @returns {string} a short name for these contents */
export function hashOf(...contents) {
  const hash = createHash('sha256');
  for (const content of contents) hash.update(content);
  return hash.digest('hex').slice(0, 16);
}
