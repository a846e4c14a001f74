/** From argv to an exit code: parse, resolve, run, and print what went wrong, once. */
import { createRequire } from 'node:module';
import { isatty } from 'node:tty';
import type { Invocation } from './commandLine.ts';
import type { CommandContext, CommandModule } from './commands/context.ts';
import type { Layers } from './config/layers.ts';
import type { CommandName, Resolved } from './config/settings.ts';
import { EXIT, GemliveError } from './errors.ts';

/** Loaded when they run, so that `--help` waits for none of them. */
const MODULES: Record<CommandName, () => Promise<CommandModule>> = {
  talk: () => import('./commands/talk.ts'),
  chat: () => import('./commands/chat.ts'),
  file: () => import('./commands/file.ts'),
  serve: () => import('./commands/serve.ts'),
  setup: () => import('./commands/setup.ts'),
  doctor: () => import('./commands/doctor.ts'),
  devices: () => import('./commands/devices.ts'),
  voices: () => import('./commands/voices.ts'),
  models: () => import('./commands/models.ts'),
  token: () => import('./commands/token.ts'),
  config: () => import('./commands/config.ts'),
  completion: () => import('./commands/completion.ts'),
};

/** Commands that are a stream of events under `--json`, closed by `end`. */
const HAS_END: readonly CommandName[] = ['talk', 'chat', 'file', 'serve', 'doctor'];

const VERSION_FLAGS: readonly string[] = ['-V', '--version'];

/** How long a command may take to put things away after its reader has gone, or after a bug. */
const LEAVE_MS = 2_000;

type Outcome = { code: number } | { error: unknown };

/** One call of gemlive. */
type Call = {
  readonly argv: readonly string[];
  readonly startedAtMs: number;
  readonly signal: AbortSignal;
  /** Known once the settings are. */
  context: CommandContext | undefined;
};

/** Never throws. Gives the exit code once everything on stdout is written. */
export async function main(argv: readonly string[]): Promise<number> {
  const outside = watchOutside();
  const { signal } = outside;
  const call: Call = { argv, startedAtMs: performance.now(), signal, context: undefined };
  const running: Promise<Outcome> = invoke(call).then(
    (code) => ({ code }),
    (error: unknown) => ({ error }),
  );
  const first = await Promise.race([running, outside.happened]);
  // What a command says while it is torn down is no news: what happened outside is the reason.
  if (signal.aborted) await Promise.race([running, delay(LEAVE_MS)]);
  // Only now it may turn out that the reader has gone, or that the disk is full.
  await flushed();
  const outcome = outside.outcome() ?? first;
  if ('error' in outcome) {
    await report(outcome.error, call);
    await flushed();
  }
  outside.stop();
  return 'error' in outcome ? exitCodeOf(outcome.error) : outcome.code;
}

async function invoke(call: Call): Promise<number> {
  const { argv, startedAtMs, signal } = call;
  const { stdout, stderr } = process;
  // Scripts ask for it alone; it need not wait for the parser.
  if (argv.length === 1 && VERSION_FLAGS.includes(argv[0]!)) {
    stdout.write(`${version()}\n`);
    return EXIT.ok;
  }
  const { helpText, parseCommandLine } = await import('./commandLine.ts');
  const columns = stdout.columns || 80;
  const invocation = parseCommandLine(argv, columns);
  if (invocation.kind === 'help') stdout.write(invocation.text);
  if (invocation.kind === 'version') stdout.write(`${version()}\n`);
  if (invocation.kind !== 'run') return EXIT.ok;
  const [stdinTty, stdoutTty, stderrTty] = [isatty(0), isatty(1), isatty(2)];
  if (invocation.isBare && !(stdinTty && stdoutTty)) {
    stderr.write(helpText(undefined, columns));
    return EXIT.usage;
  }
  const surroundings = { startedAtMs, signal, stdinTty, stdoutTty, stderrTty };
  let context = await contextOf(invocation, surroundings);
  call.context = context;
  if (invocation.isBare && context.resolved.credential.kind === 'none') {
    const { insteadOfTalk } = await import('./commands/setup/offer.ts');
    const instead = await insteadOfTalk(context);
    if (typeof instead === 'number') return instead;
    if (instead) {
      const flags = { ...invocation.flags, ...instead.flags };
      call.context = context = await contextOf({ ...invocation, ...instead, flags }, surroundings);
    }
  }
  const { settings, resolved, events } = context;
  if (context.command !== 'doctor') for (const warning of resolved.warnings) context.warn(warning);
  if (settings.debug) await debugStart(context);
  const module = await MODULES[context.command]();
  const code = await module.run(context);
  const hasEnd = HAS_END.includes(context.command) || settings.preview !== undefined;
  if (hasEnd && !settings.dryRun) events?.end(code);
  return code;
}

type Surroundings = Pick<
  CommandContext,
  'startedAtMs' | 'signal' | 'stdinTty' | 'stdoutTty' | 'stderrTty'
>;

/** Loaded on demand as well: help and version need no settings. */
async function contextOf(
  { command, flags, args }: Invocation & { kind: 'run' },
  surroundings: Surroundings,
): Promise<CommandContext> {
  const [
    { loadLayers, childEnvironment, wantsNoColour },
    { resolveSettings },
    combinations,
    system,
  ] = await Promise.all([
    import('./config/layers.ts'),
    import('./config/resolve.ts'),
    import('./config/combinations.ts'),
    import('./config/systemFile.ts'),
  ]);
  const { createContext } = await import('./commands/context.ts');
  const cwd = workingFolder();
  // What is wrong with the settings is for the doctor to tell.
  const isDoctor = command === 'doctor';
  const layers = await loadLayers(flags, cwd, undefined, { withoutBroken: isDoctor });
  const settle = (given: Layers): Resolved =>
    combinations.settleCombinations(resolveSettings(command, given), args);
  let resolved = isDoctor ? settleTolerantly(settle, layers) : settle(layers);
  if (command !== 'config') resolved = await system.readSystemFile(resolved, layers);
  const childEnv = childEnvironment();
  return createContext({
    ...surroundings,
    resolved,
    args,
    cwd,
    childEnv,
    noColour: wantsNoColour(),
  });
}

/** Flags must be right; where something else is not, only they and the keys count. @throws GemliveError (usage). */
function settleTolerantly(settle: (layers: Layers) => Resolved, layers: Layers): Resolved {
  try {
    return settle(layers);
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    const keyOf = ({ key }: Layers['env']): Layers['env'] => ({ settings: {}, key });
    const { env, dotenv, config } = layers;
    return settle({ ...layers, env: keyOf(env), dotenv: keyOf(dotenv), config: keyOf(config) });
  }
}

function workingFolder(): string {
  try {
    return process.cwd();
  } catch (error) {
    throw new GemliveError('the folder you are in does not exist any more', {
      code: 'usage',
      exitCode: EXIT.usage,
      hint: 'change to another one: cd',
      cause: error,
    });
  }
}

// ---- errors -------------------------------------------------------------------------------------

const exitCodeOf = (error: unknown): number =>
  error instanceof GemliveError ? error.exitCode : EXIT.bug;

/** On stderr, and under `--json` as events; before there are settings, argv must do to tell. */
async function report(thrown: unknown, { argv, startedAtMs, context }: Call): Promise<void> {
  const [{ printError, printStack, errorFields }, { JsonEvents }, layers, { advised }] =
    await Promise.all([
      import('./ui/printError.ts'),
      import('./ui/jsonEvents.ts'),
      import('./config/layers.ts'),
      import('./commands/advice.ts'),
    ]);
  const error = context ? advised(thrown, context.settings) : thrown;
  const options = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const isPlain = options.includes('--plain') || layers.wantsNoColour();
  const place = context ?? { stderr: process.stderr, color: isatty(2) && !isPlain, secrets: [] };
  printError(error, place);
  const isDebug = context?.settings.debug ?? options.includes('--debug');
  if (isDebug) printStack(thrown, place);
  const isJson = options.includes('--json') || layers.wantsJson();
  const events = context ? context.events : isJson && new JsonEvents(process.stdout, startedAtMs);
  if (!events) return;
  events.emit('error', errorFields(error));
  events.end(exitCodeOf(thrown));
}

async function debugStart({ stderr, command, resolved }: CommandContext): Promise<void> {
  const { masked } = await import('./ui/harmless.ts');
  const { describeSource, secretOf } = await import('./config/settings.ts');
  const { credential } = resolved;
  const { kind, source } = credential;
  const secret = secretOf(credential);
  const shown =
    source === undefined
      ? 'no key'
      : `${kind === 'google' ? 'Google login' : kind} ${secret === undefined ? 'for' : masked(secret) + ','} ${describeSource(source)}`;
  stderr.write(
    `debug: gemlive ${version()}, node ${process.version}, ${process.platform} ${process.arch}, ${command}, ${shown}\n`,
  );
}

function version(): string {
  const require = createRequire(import.meta.url);
  // By the package's own name: true from a source file, from dist/ and from the bundle.
  return (require('gemlive/package.json') as { version: string }).version;
}

// ---- the outside --------------------------------------------------------------------------------

type Outside = {
  /** Aborted when it happens. */
  readonly signal: AbortSignal;
  readonly happened: Promise<Outcome>;
  /** The same, once it is known. */
  outcome(): Outcome | undefined;
  stop(): void;
};

/** What may end a run from outside: stdout's reader goes away, or an error that nobody caught. */
function watchOutside(): Outside {
  const lifetime = new AbortController();
  let settle: (outcome: Outcome) => void = () => {};
  const happened = new Promise<Outcome>((resolve) => {
    settle = resolve;
  });
  let known: Outcome | undefined;
  const end = (outcome: Outcome): void => {
    known ??= outcome;
    settle(outcome);
    lifetime.abort();
  };
  const processOnError = (error: unknown): void => end({ error });
  const stdoutOnError = (error: NodeJS.ErrnoException): void =>
    end(error.code === 'EPIPE' ? { code: EXIT.ok } : { error: outputFailed(error) });
  process.on('uncaughtException', processOnError);
  process.stdout.on('error', stdoutOnError);
  // Nobody is left to be told.
  process.stderr.on('error', () => {});
  return {
    signal: lifetime.signal,
    happened,
    outcome: () => known,
    stop: () => process.off('uncaughtException', processOnError),
  };
}

function outputFailed(error: NodeJS.ErrnoException): GemliveError {
  return new GemliveError('cannot write to stdout', {
    code: 'output_failed',
    exitCode: EXIT.input,
    why: error.code === 'ENOSPC' ? 'the disk is full' : error.message,
    cause: error,
  });
}

/** Resolves when all that was written to stdout and stderr has left this process, or can never leave it. */
async function flushed(): Promise<void> {
  await written(process.stdout);
  // Where nobody reads them, complaints hold nobody up.
  await Promise.race([written(process.stderr), delay(LEAVE_MS)]);
  // A write that has failed is told in the next turn of the loop.
  await delay(0);
}

async function written(stream: NodeJS.WriteStream): Promise<void> {
  if (stream.destroyed || stream.writableLength === 0) return;
  await new Promise<void>((resolve) => {
    stream.once('error', () => resolve());
    stream.write('', () => resolve());
  });
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
