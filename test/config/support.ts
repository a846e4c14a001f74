/** Settings without files or a process: layers are put together by hand. */
import { environmentLayer, type Layers } from '../../src/config/layers.ts';
import { configLayer } from '../../src/config/configFile.ts';
import { dotenvLayer } from '../../src/config/dotenvFile.ts';
import type { GivenSettings } from '../../src/config/given.ts';
import { parseCommandLine } from '../../src/commandLine.ts';
import { resolveSettings } from '../../src/config/resolve.ts';
import type { Resolved } from '../../src/config/settings.ts';
import { GemliveError } from '../../src/errors.ts';

export type Given = {
  /** The command line, the command included. */
  argv?: readonly string[];
  env?: Record<string, string>;
  dotenv?: Record<string, string>;
  config?: unknown;
};

export async function resolveFrom({
  argv = ['talk'],
  env = {},
  dotenv = {},
  config = {},
}: Given): Promise<Resolved> {
  const invocation = parseCommandLine(argv, 80);
  if (invocation.kind !== 'run') throw new Error('not a command');
  return resolveSettings(
    invocation.command,
    await layersOf(invocation.flags, { env, dotenv, config }),
  );
}

async function layersOf(
  flag: GivenSettings,
  { env = {}, dotenv = {}, config = {} }: Omit<Given, 'argv'>,
): Promise<Layers> {
  const [fromEnv, fromDotenv, fromConfig] = [
    environmentLayer(env),
    dotenvLayer(dotenv),
    await configLayer(JSON.stringify(config), '/home/user/config.json'),
  ];
  return {
    flag,
    env: fromEnv.layer,
    dotenv: fromDotenv.layer,
    config: fromConfig.layer,
    cwd: '/cwd',
    configFolder: '/home/user',
    warnings: [...fromEnv.warnings, ...fromDotenv.warnings, ...fromConfig.warnings],
  };
}

/** What a call throws, or a failure when it does not. */
export async function thrownBy(call: () => unknown): Promise<GemliveError> {
  try {
    await call();
  } catch (error) {
    if (error instanceof GemliveError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}
