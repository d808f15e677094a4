import { join } from 'node:path';
import { copyImage, openSink, openSource, parseTransport, type TransportName } from '../../../src/transports/index.js';
import { imageSourceContract } from '../../contract/image-source.js';
import { putSampleImage } from '../store/sample-image.js';
import { withStore } from '../store/with-store.js';
import { HOST, noRegistry, silent } from './transport-support.js';

for (const kind of ['oci', 'oci-archive', 'docker-archive', 'dir', 'containers-storage']) {
  imageSourceContract(`image source ${kind}`, (body) =>
    withStore(async (store, directory) => {
      const services = { store, tempDir: await store.scratch.dir(), registry: noRegistry };
      const image = await putSampleImage(store, ['one', 'two']);
      await store.names.publish(['localhost/app:latest'], image.descriptor);
      const location = kind === 'containers-storage' ? `${kind}:localhost/app:latest` : `${kind}:${join(directory, kind)}`;
      const name = parseTransport(location) as TransportName;
      if (kind !== 'containers-storage') {
        const sink = await openSink(name, services);
        const from = await openSource({ kind: 'containers-storage', reference: 'app' }, services);
        await copyImage(from, sink, { platform: HOST, tempDir: services.tempDir, reporter: silent });
        await sink.close();
      }
      const source = await openSource(name, services);
      try {
        await body(source, image);
      } finally {
        await source.close();
      }
    }),
  );
}
