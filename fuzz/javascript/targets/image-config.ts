import { encodeImageConfig, parseImageConfig } from '../../../src/image/index.js';
import { demand, type FuzzTarget } from '../target.js';

export const imageConfig: FuzzTarget = {
  name: 'image-config',
  words: [
    '"architecture":"amd64"',
    '"os":"linux"',
    '"config":null',
    '"Env":["A=B"]',
    '"rootfs":{"type":"layers","diff_ids":[]}',
    '"history":[{}]',
    '"User":"0:0"',
    '"Entrypoint":""',
    '"Healthcheck":{"Test":[]}',
    '"Volumes":{"/v":{}}',
    '"ExposedPorts":{"80/tcp":{}}',
    '"created":"2026-01-01T00:00:00Z"',
    '"diff_ids":["sha256:x"]',
  ],
  run(input) {
    const config = parseImageConfig(input);
    // What was accepted can be written, and read again as the same.
    const written = encodeImageConfig(config);
    demand(
      Buffer.from(encodeImageConfig(parseImageConfig(written))).equals(written),
      `written and read again, ${Buffer.from(written)} differs`,
    );
    return `${config.rootfs.diff_ids.length} ${config.history?.length} ${Object.keys(config.config ?? {})
      .sort()
      .join()}`;
  },
};
