// A program for the test that kills a builder: runs a sandbox until it is killed.
import { withBox } from '../support/sandbox.js';

await withBox((box) => box.run('echo up; sleep 734', {}, { onOutput: () => process.stdout.write('up\n') }));
