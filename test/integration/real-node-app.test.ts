import { execFileSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withPeers } from '../support/peers.js';
import { skip, suite } from '../support/suite.js';
import { addNode, containerfiles, idModeOf, type TestStore, withTestStore } from '../support/tsbuild.js';
import { Layout } from '../support/validate-layout.js';

const CERTIFICATES = '/run/host/ca.crt';
const NPMRC = '/root/.npmrc';

/** Flags that show npm in a RUN which registry and which authorities the host's npm has. Skips where that registry cannot be reached. */
async function npmFlags(store: TestStore): Promise<readonly string[]> {
  const registry = execFileSync('npm', ['config', 'get', 'registry'], { stdio: ['ignore', 'pipe', 'ignore'] })
    .toString()
    .trim();
  try {
    await fetch(registry, { method: 'HEAD', signal: AbortSignal.timeout(10_000) });
  } catch (error) {
    skip(`npm's registry cannot be reached: ${(error as Error).message}`);
  }
  const { NODE_EXTRA_CA_CERTS, SSL_CERT_FILE } = process.env;
  const authorities = [NODE_EXTRA_CA_CERTS, SSL_CERT_FILE, '/etc/ssl/certs/ca-certificates.crt'].find(
    (file) => file !== undefined && existsSync(file),
  );
  const npmrc = join(store.directory, 'npmrc');
  writeFileSync(npmrc, `registry=${registry}\n${authorities === undefined ? '' : `cafile=${CERTIFICATES}\n`}update-notifier=false\n`);
  const volumes = [`${npmrc}:${NPMRC}:ro`, ...(authorities === undefined ? [] : [`${authorities}:${CERTIFICATES}:ro`])];
  return volumes.flatMap((volume) => ['--volume', volume]);
}

suite('integration/real-node-app', (test) => {
  test('npm ci, tsc, COPY --from into a second stage; the application runs here and elsewhere', async () => {
    await withTestStore(async (store) => {
      await addNode(store);
      const flags = await npmFlags(store);
      const context = join(containerfiles, 'node-app');
      await store.ok(['bud', '-t', 'node-app', ...flags, context]);
      const layout = new Layout(store.root);
      const image = layout.image('localhost/node-app:latest');
      const isSingle = (await idModeOf(store)) === 'single';

      const { config } = image.config;
      assert.is(config?.User, '1000');
      assert.equal(config?.ExposedPorts, { '8080/tcp': {} });
      assert.equal(config?.Healthcheck, {
        Test: ['CMD', 'node', 'out/server.js', '--check'],
        Interval: 30_000_000_000,
        Timeout: 3_000_000_000,
      });
      assert.equal(config?.Entrypoint, ['node', 'out/server.js']);
      assert.is(config?.Cmd, undefined);
      assert.is(config?.WorkingDir, '/app');
      assert.ok(config?.Env?.includes('NODE_ENV=production'));

      const base = layout.image('localhost/node20:latest').manifest.layers;
      const own = image.manifest.layers.slice(base.length);
      const paths = own.flatMap((layer) => [...layout.list(layer)]);
      assert.is(new Map(paths).get('app/package.json')?.owner, '1000/1000');
      assert.ok(paths.some(([path]) => path === 'app/node_modules/express/index.js'));
      assert.not.ok(paths.some(([path]) => path.startsWith('app/node_modules/typescript')));
      // What only the build was shown is not in the image, nor are its mount points.
      assert.not.ok(paths.some(([path]) => /^(run|root)\//.test(path)));
      assert.not.match(JSON.stringify([image.config, image.manifest]), /npmrc|ca\.crt|registry/);
      assert.equal(await layout.problems(), []);

      await store.ok(['from', '--name', 'app', 'node-app']);
      const check = ['node', 'out/server.js', '--check'];
      const answer = (uid: number) => `{"hello":"from express","uid":${uid}}\n`;
      assert.is((await store.ok(['run', 'app', '--', ...check])).stdout, answer(1000));

      await withPeers(store.directory, async (peers) => {
        const gzip = join(store.directory, 'gzip');
        await store.ok([
          ...['push', '-q', '--compression-format', 'gzip', '--compression-level', '1', '--force-compression'],
          ...['node-app', `oci:${gzip}:app`],
        ]);
        await peers.skopeo('copy', '-q', `oci:${gzip}:app`, `docker-archive:${join(store.directory, 'app.tar')}:app:1`);
        assert.is(await peers.runBundle(`${gzip}:app`, check), answer(process.getuid?.() === 0 ? 1000 : 0));
        if (!isSingle) assert.is(await peers.buildahRun(store.root, 'localhost/node-app:latest', check), answer(1000));
      });
    });
  });

  test('one changed source line compiles again, but installs nothing again', async () => {
    await withTestStore(async (store) => {
      await addNode(store);
      const flags = await npmFlags(store);
      const context = join(store.directory, 'context');
      cpSync(join(containerfiles, 'node-app'), context, { recursive: true });
      const first = (await store.ok(['bud', '-q', '-t', 'node-app', ...flags, context])).stdout;
      assert.is((await store.ok(['bud', '-q', '-t', 'node-app', ...flags, context])).stdout, first);

      // Ignored by .dockerignore: changes nothing.
      cpSync(join(context, 'src'), join(context, 'out'), { recursive: true });
      assert.is((await store.ok(['bud', '-q', '-t', 'node-app', ...flags, context])).stdout, first);

      copyFileSync(join(context, 'src/server.ts'), join(store.directory, 'server.ts'));
      const text = execFileSync('sed', ['s/from express/changed/', join(store.directory, 'server.ts')]);
      writeFileSync(join(context, 'src/server.ts'), text);
      const { stdout } = await store.ok(['bud', '-t', 'node-app', ...flags, context]);
      assert.match(stdout, /RUN npm ci --no-audit --no-fund\n--> Using cache/);
      assert.match(stdout, /COPY src .\/src\n--> [0-9a-f]{12}\n/);
      assert.match(stdout, /\/app\/node_modules .\/node_modules\n--> Using cache/, 'COPY --from of unchanged files keeps its layer');
      await store.ok(['from', '--name', 'app', 'node-app']);
      assert.match((await store.ok(['run', 'app', '--', 'node', 'out/server.js', '--check'])).stdout, /"hello":"changed"/);
    });
  });
});
