import { openRelay } from '../../db/testing/relay.fixture.ts';

/** A proxy before a database that can be cut at one statement. */
export interface CuttingProxy extends AsyncDisposable {
  url: string;
  /** Cuts the next connection that sends the statement. */
  arm(): void;
  readonly cuts: number;
}

/**
 * Opens a proxy between a client and its server. `before`: the statement never reaches the server. `after`: the server executes it, but
 * no answer comes back.
 */
export async function cuttingProxy(url: string, statement: string, when: 'before' | 'after'): Promise<CuttingProxy> {
  const message = Buffer.from(`Q\0\0\0${String.fromCharCode(statement.length + 5)}${statement}\0`);
  let armed = false;
  let cuts = 0;
  const relay = await openRelay(url, (client, upstream) => {
    let refusing = false;
    upstream.on('data', (bytes) => {
      // The answer shows that the statement was executed.
      if (refusing) client.destroy();
      else client.write(bytes);
    });
    client.on('data', (bytes: Buffer) => {
      const hit = armed && bytes.includes(message);
      if (hit) {
        armed = false;
        cuts++;
        refusing = true;
      }
      if (hit && when === 'before') client.destroy();
      else upstream.write(bytes);
    });
  });
  return {
    url: relay.url,
    arm: () => {
      armed = true;
    },
    get cuts() {
      return cuts;
    },
    [Symbol.asyncDispose]: relay.cut,
  };
}
