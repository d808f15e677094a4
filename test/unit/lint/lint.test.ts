// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { type LintFacts, lintContainerfile, ruleUrl } from '../../../src/lint/index.js';
import { ContainerfileSyntaxError, inspectContainerfile } from '../../../src/parser/index.js';
import { suite } from '../../support/suite.js';

const FACTS: LintFacts = {
  buildArgs: new Map(),
  automaticArgs: new Map(),
  base: () => undefined,
  isImageName: () => true,
  parsePlatform: () => undefined,
};

function lint(text: string, facts: Partial<LintFacts> = {}) {
  const { containerfile, errors } = inspectContainerfile({ name: 'Containerfile', text });
  return lintContainerfile(containerfile, { ...FACTS, ...facts }, errors);
}

function names(text: string, facts: Partial<LintFacts> = {}): string[] {
  return lint(text, facts).findings.map(({ rule, line }) => `${line} ${rule.name}`);
}

suite('lintContainerfile()', (test) => {
  test('findings come by line', () => {
    assert.equal(names('FROM scratch as A\nMAINTAINER me\nENV a b\n'), [
      '1 FromAsCasing',
      '1 StageNameCasing',
      '2 MaintainerDeprecated',
      '3 LegacyKeyValueFormat',
    ]);
  });
  test('# check=skip= silences rules of the whole file', () => {
    assert.equal(names('# check=skip=FromAsCasing\nFROM scratch as A\nENV a b\n'), ['2 StageNameCasing', '3 LegacyKeyValueFormat']);
    assert.equal(names('# check=skip=all\nFROM scratch as A\nENV a b\n'), []);
  });
  test('a comment above an instruction silences rules there only', () => {
    assert.equal(names('FROM scratch\n# check=skip=LegacyKeyValueFormat\nENV a b\nENV c d\n'), ['4 LegacyKeyValueFormat']);
    assert.equal(names('FROM scratch\n# check=skip=LegacyKeyValueFormat\n\nENV a b\n'), ['4 LegacyKeyValueFormat']);
  });
  test('a comment above FROM is about FROM, not about its stage', () => {
    assert.equal(names('ARG X\n# check=skip=all\nFROM scratch as A\nENV a b\n'), ['4 LegacyKeyValueFormat']);
  });
  test('BUILDKIT_DOCKERFILE_CHECK replaces what the file says', () => {
    const buildArgs = new Map([['BUILDKIT_DOCKERFILE_CHECK', 'skip=StageNameCasing;error=true']]);
    const result = lint('# check=skip=all\nFROM scratch as A\n', { buildArgs });
    assert.equal(
      result.findings.map(({ rule }) => rule.name),
      ['FromAsCasing'],
    );
    assert.ok(result.failsBuild);
  });
  test('error=true fails a build only if there is a finding', () => {
    assert.ok(lint('# check=error=true\nFROM scratch as A\n').failsBuild);
    assert.not(lint('# check=error=true\nFROM scratch AS a\n').failsBuild);
    assert.ok(lint('FROM scratch AS a\n# check=error=true\nENV a b\n').failsBuild);
    assert.not(lint('FROM scratch AS a\n# check=error=true\nENV a=b\nENV c d\n').failsBuild);
    assert.not(lint('FROM scratch as A\n').failsBuild);
  });
  test('options that cannot be read are an error at their line', () => {
    assert.throws(
      () => lint('# escape=\\\n# check=skp=A\nFROM scratch\n'),
      (error: unknown) =>
        error instanceof ContainerfileSyntaxError &&
        error.problem === 'failed to parse check options: invalid check option "skp"' &&
        error.line === 2,
    );
  });
  test('a file with mistakes is still looked at, by rules that need no other instruction', () => {
    assert.equal(names('FROM scratch AS BadStageName\nMAINTAINER me@example.org\nBADCMD\nENV a b\n'), [
      '1 StageNameCasing',
      '2 MaintainerDeprecated',
    ]);
  });
  test('only the stages asked for are looked into', () => {
    assert.equal(names('FROM scratch AS a\nENV a b\nFROM scratch\nENV c d\n', { stages: new Set([1]) }), ['4 LegacyKeyValueFormat']);
  });
  test('rules of BuildKit name its page on them', () => {
    const [finding] = lint('FROM scratch as a\n').findings;
    assert.is(finding && ruleUrl(finding.rule), 'https://docs.docker.com/go/dockerfile/rule/from-as-casing/');
  });

  test('throws nothing but a syntax error, whatever the file holds', () => {
    const lines = ['FROM a AS b', 'FROM $X', 'ARG X=$Y', 'ENV A $B', 'COPY <<E /x', '$A', 'E', 'EXPOSE 1:2/X ${', 'WORKDIR ${A:?}', '\\'];
    const more = [
      '# check=skip=all',
      '# check=x',
      'CMD x',
      'ONBUILD ENV A=${',
      'RUN --mount=from=$A x',
      'from b as C',
      '',
      'VOLUME "',
      '\0',
    ];
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...lines, ...more), { maxLength: 12 }), (chosen) => {
        try {
          lint(chosen.join('\n'), { base: () => ({ environment: new Map(), hasShell: false, triggers: ['ENV ${', 'FOO', 'ARG Z'] }) });
        } catch (error) {
          assert.instance(error, ContainerfileSyntaxError, chosen.join('\n'));
        }
      }),
      { numRuns: 500 },
    );
  });
});
