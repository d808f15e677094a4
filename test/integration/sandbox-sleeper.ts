// A program for the test that kills a builder: runs a sandbox in the directory it is given until it is killed.
import { makeBox } from '../support/sandbox.js';

await makeBox(process.argv[2] as string).run('echo up; sleep 734', {}, { onOutput: () => process.stdout.write('up\n') });
