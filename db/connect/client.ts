import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import pg from 'pg';
import { AppError } from '../../server/core/errors.ts';
import { type Endpoint, readTarget, type SessionAttrs, type Target } from './address/target.ts';
import { type ConnectionTarget, combineFailures, connectionFailure, WrongSessionKind } from './connection-failure.ts';
import { DialFault, dial, type Protection } from './dial.ts';
import { signIn } from './sign-in.ts';
import { type TlsSettings, tlsSettings } from './tls.ts';

export interface DatabaseClientConfig {
  connectionString: string;
  application_name: string;
  /** Options for the server's command line, appended to those of the connection string. */
  options?: string;
  /** A statement to run on every connection, once the server is known to be of the requested kind. */
  afterwards?: string;
  /** Milliseconds for each server of the list, unless the connection string sets its own; 15 000 by default. */
  connectionTimeoutMillis?: number;
  /** Aborts the connection attempt; an established connection stays. */
  signal?: AbortSignal;
}

/**
 * A `pg` client that connects as PostgreSQL's own programs do: several servers, TLS by its modes, password files. It may be given to a
 * pool. `connect` throws an AppError that says where and why; everything after it is the driver's own.
 */
export class DatabaseClient extends pg.Client {
  readonly #config: DatabaseClientConfig;
  #reached: { endpoint: Endpoint; protection: Protection } | undefined;

  constructor(config: DatabaseClientConfig) {
    super(INERT);
    this.#config = config;
    // A connection lost while nobody listens must not end the process; the next statement rejects.
    this.on('error', () => undefined);
  }

  override connect(): Promise<pg.Client>;
  override connect(callback: (error: Error) => void): void;
  override connect(callback?: (error: Error) => void): Promise<pg.Client> | undefined {
    const connected = this.#connect();
    if (!callback) return connected;
    // Called outside the promise, so that an error of the callback is not taken for a failure to connect.
    const call = (error: unknown) => queueMicrotask(() => callback(error as Error));
    connected.then(() => call(null), call);
    return undefined;
  }

  /** Returns the connected server, and how the connection is protected. */
  reached(): { endpoint: Endpoint; protection: Protection } {
    if (!this.#reached) throw new TypeError('the client is not connected');
    return this.#reached;
  }

  async #connect(): Promise<pg.Client> {
    const target = readTarget(this.#config.connectionString);
    // Read only when a server needs them: a socket requires no certificate.
    let settings: Promise<TlsSettings> | undefined;
    const tls = () => (settings ??= tlsSettings(target.tls));
    const failures: AppError[] = [];
    const passes: SessionAttrs[] =
      target.sessionAttrs === 'prefer-standby' ? ['standby', 'any'] : [target.sessionAttrs];
    for (const wanted of passes) {
      for (const endpoint of ordered(this.#config.connectionString, target)) {
        try {
          await this.#open(endpoint, target, tls, wanted);
          if (target.endpoints.length > 1) lastGood.set(this.#config.connectionString, endpoint);
          return this;
        } catch (error) {
          if (!(error instanceof Unusable)) throw error;
          failures.push(error.failure);
        }
      }
    }
    throw combineFailures(failures.slice(-target.endpoints.length));
  }

  /** Tries the kinds of protection one after the other. Throws `Unusable` when another server may be tried, otherwise an AppError. */
  async #open(
    endpoint: Endpoint,
    target: Target,
    tls: () => Promise<TlsSettings>,
    wanted: SessionAttrs,
  ): Promise<void> {
    const place: ConnectionTarget = { endpoint, user: target.user, database: target.database, tls: target.tls };
    let first: unknown;
    for (const protection of protections(endpoint, target)) {
      try {
        await this.#attempt(endpoint, target, tls, protection);
        await this.#refuseOther(wanted, place);
        if (this.#config.afterwards) await this.query(this.#config.afterwards);
        this.#reached = { endpoint, protection };
        return;
      } catch (error) {
        this.#forget();
        if (this.#config.signal?.aborted) throw error;
        if (error instanceof AppError || error instanceof Unusable) throw error;
        first = moreInformative(first, error);
        if (!shouldTryOtherProtection(error)) break;
      }
    }
    const failure = connectionFailure(first, place);
    throw shouldTryNextServer(first) ? new Unusable(failure) : failure;
  }

  async #attempt(
    endpoint: Endpoint,
    target: Target,
    tls: () => Promise<TlsSettings>,
    protection: Protection,
  ): Promise<void> {
    const signal = this.#config.signal ?? new AbortController().signal;
    const timeoutMs = target.connectTimeoutMs ?? this.#config.connectionTimeoutMillis ?? 15_000;
    const { direct, sendName } = target.tls;
    const settings = protection === 'plain' ? null : await tls();
    const begun = performance.now();
    const socket = await dial(endpoint, {
      protection,
      tls: settings,
      direct,
      sendName,
      timeoutMs,
      signal,
      ...target.keepAlive,
    });
    const left = timeoutMs === 0 ? 0 : Math.max(1, timeoutMs - (performance.now() - begun));
    this.#begin(endpoint, target, socket, left);
    const proof = signIn(this, endpoint, target, 'encrypted' in socket);
    // The driver accepts a function here, though its types do not say so.
    Reflect.set(this, 'password', proof.password);
    try {
      await super.connect();
    } catch (error) {
      // The driver's own message does not say which server it was.
      if (error instanceof Error && error.message === 'timeout expired')
        throw new DialFault('timeout', 'the server did not finish the sign-in in time');
      throw error;
    }
    proof.check();
  }

  /** Resets this client to a new `pg` client over a socket that is already connected. Listeners stay. */
  #begin(endpoint: Endpoint, target: Target, socket: Socket | TLSSocket, timeoutMs: number): void {
    socket.connect = () => {
      queueMicrotask(() => socket.emit('connect'));
      return socket;
    };
    const options = [target.options, this.#config.options].filter(Boolean).join(' ');
    const fresh = new pg.Client({
      ...INERT,
      host: endpoint.host,
      port: endpoint.port,
      user: target.user,
      database: target.database,
      application_name: this.#config.application_name,
      ...(options && { options }),
      connectionTimeoutMillis: timeoutMs,
      stream: () => socket,
      enableChannelBinding: target.channelBinding !== 'disable' && 'encrypted' in socket,
    });
    for (const key of Reflect.ownKeys(fresh)) {
      const property = Object.getOwnPropertyDescriptor(fresh, key);
      if (property && !OF_EMITTERS.has(key)) Object.defineProperty(this, key, { ...property, configurable: true });
    }
  }

  /** Discards a failed attempt, so that none of its events reaches the listeners of this client. */
  #forget(): void {
    this.connection.removeAllListeners();
    this.connection.on('error', () => undefined);
    this.connection.stream.on('error', () => undefined);
    this.connection.stream.destroy();
  }

  async #refuseOther(wanted: SessionAttrs, place: ConnectionTarget): Promise<void> {
    if (wanted === 'any') return;
    const { rows } = await this.query<{ standby: boolean; readonly: string }>(
      `SELECT pg_catalog.pg_is_in_recovery() AS standby, pg_catalog.current_setting('transaction_read_only') AS readonly`,
    );
    const standby = rows[0]?.standby === true;
    const readOnly = standby || rows[0]?.readonly === 'on';
    const fits = { 'read-write': !readOnly, 'read-only': readOnly, primary: !standby, standby, 'prefer-standby': true };
    if (fits[wanted]) return;
    const is = standby ? 'a standby' : readOnly ? 'read-only' : 'a primary that takes writes';
    throw new Unusable(
      connectionFailure(new WrongSessionKind(`the server is ${is}, and target_session_attrs=${wanted}`), place),
    );
  }
}

/** A reason why one server of a list cannot be used, while another may be. */
class Unusable extends Error {
  readonly failure: AppError;
  constructor(failure: AppError) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Driver options set in full, so that the driver reads nothing from the environment; that has been read already. */
const INERT = {
  host: 'localhost',
  port: 5432,
  user: 'nobody',
  database: 'nobody',
  password: () => Promise.reject(new Error('not connected by its own means')),
  ssl: false,
  sslnegotiation: 'postgres',
  client_encoding: 'UTF8',
  // The driver's own limit is below what servers may be set to.
  scramMaxIterations: 0,
} as const;

const OF_EMITTERS = new Set(Reflect.ownKeys(new EventEmitter()));

/** The server each list was last connected to. It is tried first, because work that belongs together must stay on one server. */
const lastGood = new Map<string, Endpoint>();

function ordered(connectionString: string, { endpoints, shuffled }: Target): Endpoint[] {
  const last = lastGood.get(connectionString);
  const same = (one: Endpoint) =>
    last !== undefined && one.host === last.host && one.port === last.port && one.address === last.address;
  const keyed = endpoints.map((endpoint, index) => ({
    endpoint,
    key: same(endpoint) ? -1 : shuffled ? Math.random() : index,
  }));
  return keyed.sort((a, b) => a.key - b.key).map(({ endpoint }) => endpoint);
}

function protections(endpoint: Endpoint, { tls }: Target): Protection[] {
  if (endpoint.host.startsWith('/') && endpoint.address === null) return ['plain'];
  if (tls.mode === 'disable') return ['plain'];
  if (tls.mode === 'allow') return ['plain', 'tls'];
  return tls.mode === 'prefer' ? ['tls-or-plain', 'plain'] : ['tls'];
}

/** Returns true when another kind of protection may succeed. A server's refusal of one need not hold for the other; silence does. */
function shouldTryOtherProtection(error: unknown): boolean {
  return error instanceof DialFault ? error.kind === 'tls' : error instanceof pg.DatabaseError;
}

function shouldTryNextServer(error: unknown): boolean {
  return !(error instanceof pg.DatabaseError) || error.code === '57P03';
}

/** Returns the refusal that is not about the kind of protection: `pg_hba.conf` may have lines for only one of them. */
function moreInformative(first: unknown, second: unknown): unknown {
  if (first === undefined) return second;
  const aboutProtection = first instanceof pg.DatabaseError && first.code === '28000';
  return aboutProtection && second instanceof pg.DatabaseError ? second : first;
}
