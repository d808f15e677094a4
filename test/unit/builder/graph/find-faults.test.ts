// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the texts are in another language
import * as assert from 'uvu/assert';
import { findFaults, resolveStages } from '../../../../src/builder/graph/index.js';
import { parseContainerfile } from '../../../../src/parser/index.js';
import { suite } from '../../../support/suite.js';

const platform = { os: 'linux', architecture: 'amd64' };

/** Places and words of the faults in the stages the last one needs. */
function faultsOf(text: string): string[] {
  const { stages } = resolveStages(parseContainerfile({ name: 'f', text }), { platform, buildPlatform: platform });
  return findFaults(stages).map(({ line, column, problem }) => `${line}:${column} ${problem}`);
}

suite('findFaults()', (test) => {
  for (const [title, text, expected] of [
    ['none', 'FROM scratch\nEXPOSE 80\nUSER ${U:-me}\n', []],
    [
      'of several stages, each at its word',
      'FROM scratch AS a\nEXPOSE 80 x1\nFROM scratch\nCOPY --from=a --chmod=9 a b\nSTOPSIGNAL SIGNOPE\n',
      [
        "4:23 invalid chmod parameter: '9'. it should be octal string and between 0 and 07777",
        '5:12 invalid signal: SIGNOPE',
        '2:11 invalid containerPort: x1',
      ],
    ],
    [
      'in a word that a continuation cuts',
      'FROM scratch\nSTOPSIGNAL SIGINT\nEXPOSE 80 9\\\n9\\ \t\n999\n',
      ['3:11 invalid containerPort: 99999'],
    ],
    ['of a stage nothing needs: none', 'FROM scratch AS a\nEXPOSE x1\nFROM scratch\n', []],
    ['on an image: what holds no variable', 'FROM img\nEXPOSE x1\nUSER ${U:?set U}\nWORKDIR ${}\n', ['2:8 invalid containerPort: x1']],
    ['on a stage on an image: the same', 'FROM img AS a\nFROM a\nUSER ${U:?set U}\nEXPOSE x1\n', ['4:8 invalid containerPort: x1']],
    [
      'on scratch everything is known',
      'FROM scratch AS a\nENV U=1\nFROM a\nUSER ${U:?}${V:?set V}\n',
      ['4:6 failed to process "${U:?}${V:?set V}": V: set V'],
    ],
    [
      'a variable that could not be set makes no further ones',
      'FROM scratch\nENV A=${B:?no}\nUSER ${A:?}\n',
      ['2:7 failed to process "${B:?no}": B: no'],
    ],
    ['a mount at its flag', 'FROM scratch\nRUN --network=none --mount=type=bind,target=$X true\n', ['2:28 invalid mount target "/"']],
    ['COPY of a URL at the URL', 'FROM scratch\nCOPY a https://x/y /z\n', ["2:8 source can't be a URL for COPY"]],
  ] as const) {
    test(title, () => assert.equal(faultsOf(text).sort(), [...expected].sort()));
  }
});
