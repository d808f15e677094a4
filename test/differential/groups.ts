import type { CaseGroup } from './case.js';
import { archives } from './cases/archives.js';
import { commands } from './cases/commands.js';
import { configuration } from './cases/configuration.js';
import { files } from './cases/files.js';
import { ignoreFiles } from './cases/ignore-files.js';
import { newer } from './cases/newer.js';
import { ownership } from './cases/ownership.js';
import { placement } from './cases/placement.js';
import { stages } from './cases/stages.js';
import { variables } from './cases/variables.js';
import { wildcards } from './cases/wildcards.js';

export const GROUPS: readonly CaseGroup[] = [
  placement,
  wildcards,
  ignoreFiles,
  ownership,
  archives,
  files,
  configuration,
  variables,
  stages,
  commands,
  newer,
];
