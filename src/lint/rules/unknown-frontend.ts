import type { Rule } from '../rule.js';

export const unknownFrontend: Rule = {
  name: 'UnknownFrontend',
  description: '# syntax= names the language tsbuild reads, or nothing',
  tolerant: true,
  *check({ containerfile }) {
    const { syntax } = containerfile.directives;
    if (syntax === undefined || OWN_LANGUAGE.test(syntax)) return;
    const { text } = containerfile.source;
    const start = Math.max(0, text.search(/^[^\S\n]*#[^\S\n]*syntax/im));
    const startLine = text.slice(0, start).split('\n').length;
    const end = text.indexOf('\n', start);
    const range = { startLine, endLine: startLine, start, end: end === -1 ? text.length : end };
    const message = `The frontend ${JSON.stringify(syntax)} is not used: this builder reads the Dockerfile language itself`;
    yield { message, instruction: undefined, range, word: syntax };
  },
};

const OWN_LANGUAGE = /^(?:docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@]|$)/;
