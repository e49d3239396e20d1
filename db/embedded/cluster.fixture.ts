import { startCluster } from './cluster.ts';
import { embeddedBinaries } from './embedded.ts';

/** Runs as a separate program that uses the cluster in the folder of its argument until it is ended. Prints the port. */
const cluster = await startCluster({
  binaries: await embeddedBinaries(),
  dir: process.argv[2] ?? '',
  password: 'secret',
  settings: { fsync: 'off' },
});
console.log(cluster.port);
setInterval(() => {}, 60_000);
