import { startCluster } from './cluster.ts';
import { embeddedBinaries } from './embedded.ts';

/** A program of its own that uses the cluster in the folder named by its argument until it is ended. Prints the port. */
const cluster = await startCluster({
  binaries: await embeddedBinaries(),
  dir: process.argv[2] ?? '',
  password: 'secret',
  settings: { fsync: 'off' },
});
console.log(cluster.port);
setInterval(() => {}, 60_000);
