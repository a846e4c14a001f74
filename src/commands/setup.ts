/** `gemlive setup`: a guided first run that asks for a key, devices and a voice. Each step can be skipped and saves by itself. */
import { settleCombinations } from '../config/combinations.ts';
import { loadLayers } from '../config/layers.ts';
import { optionOf } from '../config/options.ts';
import { resolveSettings } from '../config/resolve.ts';
import { describeSource, type Resolved, type SettingKey } from '../config/settings.ts';
import { EXIT, usageError } from '../errors.ts';
import { Dialog } from '../ui/dialog.ts';
import type { CommandContext } from './context.ts';
import { microphoneStep, speakerStep } from './setup/devices.ts';
import { keyStep } from './setup/key.ts';
import { Stage } from './setup/stage.ts';
import { voiceStep } from './setup/voice.ts';
import { untilSignalled } from './signals.ts';

export async function run(context: CommandContext): Promise<number> {
  const { stdinTty, stdoutTty, stderrTty, plain, childEnv } = context;
  if (!stdinTty || !stdoutTty || !stderrTty) {
    throw usageError(
      'gemlive setup needs a terminal: it asks questions',
      'elsewhere set GEMINI_API_KEY, or talk without a key: gemlive talk --local',
    );
  }
  const leaving = { SIGINT: EXIT.interrupted };
  return untilSignalled(context.signal, leaving, async (signal) => {
    const { stdin, stderr } = context;
    const dialog = new Dialog({ stdin, stderr, plain, environment: childEnv });
    signal.addEventListener('abort', () => dialog.leave(), { once: true });
    const stage = new Stage(context, dialog);
    try {
      stage.say(
        'gemlive setup: a key, the loudspeaker, the microphone, a voice. It takes a minute.',
      );
      stage.gap();
      await keyStep(stage);
      stage.gap();
      await speakerStep(stage);
      stage.gap();
      await microphoneStep(stage);
      stage.gap();
      await voiceStep(stage, (await talkSettings(context)).settings.voice);
    } catch (error) {
      signal.throwIfAborted();
      if (!dialog.signal.aborted) throw error;
    } finally {
      dialog.close();
    }
    await conclude(stage, context);
    return EXIT.ok;
  });
}

/** Resolves the settings as `talk` would find them now. */
async function talkSettings({ cwd }: CommandContext): Promise<Resolved> {
  return settleCombinations(resolveSettings('talk', await loadLayers({}, cwd)), []);
}

const SAVED: readonly SettingKey[] = ['outputDevice', 'inputDevice', 'voice'];

async function conclude(stage: Stage, context: CommandContext): Promise<void> {
  const { saved, shownPath } = stage;
  stage.gap();
  stage.say(
    saved.length === 0 ? 'Nothing was saved.' : `Saved in ${shownPath}: ${saved.join(', ')}.`,
  );
  const { settings, sources, credential } = await talkSettings(context);
  const stronger = SAVED.filter(
    (key) => saved.includes(optionOf(key).name) && sources[key].layer !== 'config',
  ).map((key) => sources[key]);
  if (saved.includes('api-key') && credential.source?.layer !== 'config' && credential.source)
    stronger.push(credential.source);
  for (const source of stronger) stage.say(`${describeSource(source)} goes before it.`);
  const own = stage.context().settings;
  const isLocal = own.local || credential.kind === 'none';
  const isFlag = context.resolved.sources.baseUrl.layer === 'flag';
  const server = isFlag ? ` --base-url ${own.baseUrl}` : '';
  const words = isLocal ? '--local' : `${settings.local ? '--no-local' : ''}${server}`.trim();
  stage.say(`Talk: ${words === '' ? 'gemlive' : `gemlive talk ${words}`}`);
}
