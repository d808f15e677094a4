// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import * as assert from 'uvu/assert';
import { type Graph, type ResolveOptions, resolveStages } from '../../../../src/builder/graph/index.js';
import { ContainerfileSyntaxError, parseContainerfile } from '../../../../src/parser/index.js';
import { rejects } from '../../../support/rejects.js';
import { suite } from '../../../support/suite.js';

const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };

function graphOf(text: string, options: Partial<ResolveOptions> = {}): Graph {
  return resolveStages(parseContainerfile({ name: 'Containerfile', text }), { platform: amd64, buildPlatform: amd64, ...options });
}

const needed = (graph: Graph): number[] => graph.stages.map(({ index }) => index);

suite('resolveStages(): which stages', (test) => {
  const file = [
    'FROM scratch AS one',
    'FROM scratch AS Two',
    'COPY --from=ONE a a',
    'FROM two AS three',
    'FROM scratch AS four',
    'RUN --mount=from=2,target=/x true',
    'FROM scratch AS five',
  ].join('\n');
  for (const [target, indices, last] of [
    [undefined, [4], 4],
    ['one', [0], 0],
    ['TWO', [0, 1], 1],
    ['three', [0, 1, 2], 2],
    ['four', [0, 1, 2, 3], 3],
    ['1', [0, 1], 1],
  ] as const) {
    test(`target ${target ?? '(none)'}`, () => {
      const graph = graphOf(file, { target });
      assert.equal(needed(graph), indices);
      assert.is(graph.target.index, last);
      assert.is(graph.allStages.length, 5);
    });
  }

  test('an unknown target is refused with a suggestion', async () => {
    const error = await rejects(() => graphOf(file, { target: 'thre' }), {
      code: 'USAGE',
      message: /^target stage "thre" could not be found$/,
    });
    assert.is((error as { hint?: string }).hint, 'Did you mean three?');
  });

  test('of stages with one name the last before the reference counts', () => {
    const graph = graphOf('FROM scratch AS a\nFROM scratch AS a\nFROM a AS b\nFROM scratch AS a\nFROM b');
    assert.equal(needed(graph), [1, 2, 4]);
  });

  test('FROM and COPY --from by number; a number that is no earlier stage is an image for FROM', () => {
    const graph = graphOf('FROM scratch\nFROM 0\nCOPY --from=0 a b\nFROM 7');
    assert.equal(graph.allStages[1]?.base, { kind: 'stage', index: 0 });
    assert.equal(graph.target.base, { kind: 'image', reference: '7' });
  });

  test('triggers of a stage are dependencies of the stage based on it', () => {
    const graph = graphOf('FROM scratch AS lib\nFROM scratch AS base\nONBUILD COPY --from=lib a b\nFROM base');
    assert.equal(graph.target.dependencies, [0, 1]);
  });

  test('named contexts replace stages and images, but not scratch', () => {
    const file = 'FROM alpine:latest\nCOPY --from=lib a b\nFROM scratch';
    const graph = graphOf(file, { namedContexts: ['docker.io/library/alpine', 'lib', 'scratch'], target: '0' });
    assert.equal(graph.target.base, { kind: 'named-context', name: 'docker.io/library/alpine' });
    assert.equal(graph.images, []);
    assert.equal(graph.allStages[1]?.base, { kind: 'scratch' });
  });

  test('images are listed once, those of stages that are not needed not at all', () => {
    const file = 'FROM a\nFROM b\nCOPY --from=c x y\nRUN --mount=from=c,target=/x --mount=type=cache,from=d,target=/y true\nFROM 1';
    assert.equal(
      graphOf(file).images.map(({ reference }) => reference),
      ['b', 'c', 'd'],
    );
  });
});

suite('resolveStages(): references that cannot be', (test) => {
  const rows: readonly (readonly [string, number, string])[] = [
    [
      'FROM scratch AS a\nCOPY --from=b x y\nFROM scratch AS b',
      2,
      'cannot copy from stage "b", it needs to be defined before current stage "a"',
    ],
    ['FROM scratch\nCOPY --from=1 x y\nFROM scratch', 2, 'cannot copy from stage "1", it needs to be defined before current stage "0"'],
    [
      'FROM scratch AS a\nRUN --mount=from=b,target=/x y\nFROM scratch AS b',
      2,
      'cannot mount from stage "b" to "a", stage needs to be defined before current command',
    ],
    ['FROM scratch AS a\n\nCOPY --from=a x y', 3, 'circular dependency detected on stage: a'],
    ['FROM scratch AS a\nCOPY --from=0 x y', 2, 'circular dependency detected on stage: 0'],
    ['FROM scratch\nCOPY --from=4 x y', 2, 'invalid stage index 4'],
    ['FROM $NONE', 1, 'base name ($NONE) should not be blank'],
    ['FROM --platform=$NONE scratch', 1, 'empty platform value from expression $NONE'],
    ['FROM ${A:?need}', 1, 'failed to process "${A:?need}": A: need'],
    ['ARG A=${B:?}\nFROM scratch', 1, 'failed to process "${B:?}": B: is not allowed to be unset'],
  ];
  for (const [text, line, problem] of rows) {
    test(problem, () => {
      try {
        graphOf(text);
      } catch (error) {
        assert.instance(error, ContainerfileSyntaxError);
        assert.equal([(error as ContainerfileSyntaxError).line, (error as ContainerfileSyntaxError).problem], [line, problem]);
        return;
      }
      assert.unreachable('no error');
    });
  }

  test('a stage that names a later one in FROM means an image', () => {
    assert.equal(graphOf('FROM b\nFROM scratch AS b\nFROM 0').allStages[0]?.base, { kind: 'image', reference: 'b' });
  });

  test('several wrong references of a stage are reported together', () => {
    try {
      graphOf('FROM scratch\nCOPY --from=5 a b\nCOPY --from=6 a b');
    } catch (error) {
      assert.equal(
        (error as ContainerfileSyntaxError).errors.map(({ line }) => line),
        [2, 3],
      );
      return;
    }
    assert.unreachable('no error');
  });
});

suite('resolveStages(): arguments', (test) => {
  const baseOf = (text: string, options: Partial<ResolveOptions> = {}): string => {
    const { base } = graphOf(text, options).target;
    return base.kind === 'image' ? base.reference : base.kind;
  };

  test('FROM sees global ARGs, their defaults made of earlier ones', () => {
    assert.is(baseOf('ARG R=reg.example\nARG I=$R/img T=1\nFROM ${I}:${T:-2}'), 'reg.example/img:1');
  });
  test('a build argument wins over the default', () => {
    assert.is(baseOf('ARG I=a\nFROM $I', { buildArgs: { I: 'b' } }), 'b');
    assert.is(baseOf('ARG I\nFROM ${I:-c}'), 'c');
  });
  test('a build argument no ARG declares means nothing to FROM', () => {
    assert.is(baseOf('FROM ${I:-c}', { buildArgs: { I: 'b' } }), 'c');
  });
  test('ARGs of a stage are not seen by the next FROM', () => {
    assert.is(baseOf('FROM scratch\nARG I=x\nFROM ${I:-c}'), 'c');
  });
  test('platforms: automatic ARGs, --platform, build argument over automatic', () => {
    const both = { platform: arm64, buildPlatform: amd64 };
    assert.is(baseOf('FROM img-$TARGETARCH-$BUILDOS-$TARGETSTAGE AS x', both), 'img-arm64-linux-x');
    assert.is(baseOf('FROM img-$TARGETARCH', { ...both, buildArgs: { TARGETARCH: 's390x' } }), 'img-s390x');
    const { target } = graphOf('FROM --platform=$BUILDPLATFORM a', both);
    assert.equal([target.platform, target.platformGiven], [amd64, true]);
    assert.is(target.display, 'FROM --platform=linux/amd64 a');
    assert.equal(graphOf('FROM a', both).target.platform, arm64);
  });
  test('FROM is shown expanded, the name as written', () => {
    assert.is(graphOf('ARG T=3\nfrom alpine:$T as Base').target.display, 'FROM alpine:3 AS Base');
  });
  test('unused build arguments: neither declared, predefined nor automatic', () => {
    const buildArgs = { USED: '1', NOPE: '2', http_proxy: 'x', TARGETARCH: 'y', TRIGGER: '3', BUILDKIT_INLINE_CACHE: '1', A: '' };
    assert.equal(graphOf('FROM scratch\nARG USED\nONBUILD ARG TRIGGER', { buildArgs }).unusedBuildArgs, ['A', 'NOPE']);
  });
  test('COPY --from with a variable: ARGs of the stage, then global ones', () => {
    const graph = graphOf('ARG G=img\nFROM scratch AS one\nFROM scratch\nARG S=one\nCOPY --from=$S a b\nCOPY --from=$G:1 a b');
    assert.equal(graph.target.dependencies, [0]);
    assert.equal(
      graph.images.map(({ reference }) => reference),
      ['img:1'],
    );
  });
});
