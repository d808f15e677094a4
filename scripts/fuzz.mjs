// `npm run fuzz [SECONDS] [TARGET...]`: every fuzz target for so long (60 s unless told), those of the native part under libFuzzer.
// Inputs that reach something new are kept in build/fuzz/work, findings are written to build/fuzz/findings; the exit status is 1 then.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { hasProgram, project, runMain, SetupError, say } from './requirements.mjs';

const NATIVE_MAX_BYTES = { plan: 4096, tar: 12_000, layer: 256, gunzip: 4096 };
const corpus = join(project, 'fuzz/corpus');
const findings = join(project, 'build/fuzz/findings');

await runMain(() => {
  const args = process.argv.slice(2);
  const seconds = /^\d+$/.test(args[0] ?? '') ? args.shift() : '60';
  const wanted = (name) => args.length === 0 || args.includes(name);
  const unknown = args.filter((name) => !readdirSync(corpus).includes(name));
  if (unknown.length > 0) throw new SetupError(`No such target: ${unknown.join(' ')}; there are ${readdirSync(corpus).join(' ')}`);
  run(process.execPath, [join(project, 'scripts/build.mjs')]);
  mkdirSync(findings, { recursive: true });
  const javascript = readdirSync(corpus).filter((name) => !(name in NATIVE_MAX_BYTES) && wanted(name));
  if (javascript.length > 0)
    run(process.execPath, [join(project, 'build/js/fuzz/javascript/main.js'), corpus, findings, seconds, ...javascript]);
  const native = Object.keys(NATIVE_MAX_BYTES).filter(wanted);
  if (native.length > 0) fuzzNative(native, seconds);
});

function fuzzNative(names, seconds) {
  if (!hasProgram('clang'))
    throw new SetupError('clang is missing, which has libFuzzer; on Debian: apt-get install clang libclang-rt-14-dev');
  run('make', ['-s', '-C', join(project, 'fuzz/native'), 'fuzzers']);
  const faulty = names.filter((name) => !fuzzedWell(name, seconds));
  if (faulty.length > 0) throw new SetupError(`Findings of ${faulty.join(' and ')}: see above and ${findings}`);
}

function fuzzedWell(name, seconds) {
  const work = join(project, 'build/fuzz/work', name);
  mkdirSync(work, { recursive: true });
  say(`${name}: ${seconds} s`);
  const options = [`-max_total_time=${seconds}`, `-max_len=${NATIVE_MAX_BYTES[name]}`, `-artifact_prefix=${findings}/${name}-`];
  const command = [...options, '-print_final_stats=1', '-verbosity=0', work, join(corpus, name)];
  return succeeded(join(project, 'build/fuzz', `fuzz-${name}`), command);
}

function run(program, args) {
  if (!succeeded(program, args)) throw new SetupError(`${program} failed; its messages are above`);
}

function succeeded(program, args) {
  const { status, error } = spawnSync(program, args, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status === 0;
}
