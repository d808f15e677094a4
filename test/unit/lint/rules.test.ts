import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parsePlatform, parseReference } from '../../../src/image/index.js';
import { type LintFacts, lintContainerfile, RULES } from '../../../src/lint/index.js';
import { parseContainerfile } from '../../../src/parser/index.js';
import { suite } from '../../support/suite.js';
import { containerfiles } from '../../support/tsbuild.js';

/** One folder for each rule: `Containerfile` with every finding of it, `Containerfile.good` with none. */
const folder = join(containerfiles, 'lint');

interface GivenBase {
  readonly environment?: Readonly<Record<string, string>>;
  readonly hasShell?: boolean;
  readonly triggers?: readonly string[];
  readonly otherPlatform?: { readonly actual: string; readonly expected: string };
}

interface GivenFacts {
  readonly buildArgs?: Readonly<Record<string, string>>;
  readonly bases?: Readonly<Record<string, GivenBase>>;
  readonly goodBases?: Readonly<Record<string, GivenBase>>;
  readonly ignored?: readonly string[];
}

interface Expected {
  readonly facts?: GivenFacts;
  readonly findings: readonly { readonly line: number; readonly column: number; readonly message: string }[];
}

const AUTOMATIC = new Map([
  ...[['BUILDPLATFORM', 'linux/amd64'] as const, ['BUILDOS', 'linux'] as const, ['BUILDARCH', 'amd64'] as const],
  ...[['TARGETPLATFORM', 'linux/amd64'] as const, ['TARGETOS', 'linux'] as const, ['TARGETARCH', 'amd64'] as const],
]);

function factsOf(given: GivenFacts, bases: GivenFacts['bases']): LintFacts {
  const { ignored } = given;
  return {
    buildArgs: new Map(Object.entries(given.buildArgs ?? {})),
    automaticArgs: AUTOMATIC,
    base: (index) => {
      const base = bases?.[String(index)];
      if (base === undefined) return undefined;
      const environment = new Map(Object.entries(base.environment ?? {}));
      return { environment, hasShell: base.hasShell ?? false, triggers: base.triggers ?? [], otherPlatform: base.otherPlatform };
    },
    ignores: ignored === undefined ? undefined : (path) => ignored.includes(path),
    isImageName: (text) => succeeds(() => parseReference(text)),
    parsePlatform: (text) => (succeeds(() => parsePlatform(text)) ? parsePlatform(text) : undefined),
  };
}

function succeeds(work: () => unknown): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function findingsIn(rule: string, file: string, facts: LintFacts) {
  const text = readFileSync(join(folder, rule, file), 'utf8');
  return lintContainerfile(parseContainerfile({ name: file, text }), facts).findings;
}

suite('rules of lint, by folders of test/containerfiles/lint', (test) => {
  test('every rule has a folder, and every folder a rule', () => {
    assert.equal(RULES.map(({ name }) => name).sort(), readdirSync(folder).sort());
    assert.is(RULES.filter(({ page }) => page !== undefined).length, 22);
  });

  for (const name of readdirSync(folder).sort()) {
    const { facts = {}, findings } = JSON.parse(readFileSync(join(folder, name, 'expected.json'), 'utf8')) as Expected;

    test(`${name} is found, and nothing else`, () => {
      const found = findingsIn(name, 'Containerfile', factsOf(facts, facts.bases)).filter(({ rule }) => rule.name === name);
      assert.equal(
        found.map(({ line, column, message }) => ({ line, column, message })),
        findings,
      );
    });

    test(`${name} is not found where all is well`, () => {
      const found = findingsIn(name, 'Containerfile.good', factsOf(facts, facts.goodBases ?? facts.bases));
      assert.equal(
        found.filter(({ rule }) => rule.name === name).map(({ message }) => message),
        [],
      );
    });
  }
});
