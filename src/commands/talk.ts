/** `gemlive talk`: microphone → Live API → loudspeaker. */
import { openPlayer, openRecorder } from '../audio/backends.ts';
import type { TriedBackend } from '../audio/backends.ts';
import type { AudioSink } from '../audio/ports.ts';
import { NullSink } from '../audio/sinks/null.ts';
import type { RecorderSource } from '../audio/sources/recorder.ts';
import { createSpeechDetector } from '../audio/speechDetector.ts';
import { Conversation } from '../conversation.ts';
import { EXIT, GemliveError, usageError } from '../errors.ts';
import type { LiveSession } from '../live/session.ts';
import { startSpinner } from '../ui/spinner.ts';
import type { CommandContext } from './context.ts';
import { dryRun } from './dryRun.ts';
import { agoOf } from './lastSession.ts';
import { lastSession, newSession, openPlace, type EngineNames, type LivePlace } from './live.ts';
import { loudspeakerOptions, microphoneOptions } from './chosenDevices.ts';
import { untilSignalled } from './signals.ts';
import { echoModeOf, EchoReport, withoutEcho } from './talk/echo.ts';
import { lineKeyboard, rawKeyboard, type Intents, type Keyboard } from './talk/keyboard.ts';
import { MicLevel, ReplyLevel } from './talk/levels.ts';
import { quietAnswers } from './quietAnswers.ts';
import { Presenter } from './talk/presenter.ts';
import { surviveStops } from './talk/suspend.ts';

export async function run(context: CommandContext): Promise<number> {
  const { settings } = context;
  if (settings.dryRun) return dryRun(context);
  if (settings.ptt && !context.stdinTty) {
    throw usageError('--ptt needs a terminal: a key is pressed to talk', 'leave it out');
  }
  let devices: Devices | undefined;
  const leaving = {
    SIGINT: EXIT.ok,
    limit: {
      seconds: settings.maxDurationSeconds,
      code: EXIT.ok,
      failure: (seconds: number) => {
        const isAny = settings.mic || settings.speaker;
        return isAny && devices === undefined ? notOpenIn(seconds) : undefined;
      },
    },
  };
  return untilSignalled(context.signal, leaving, async (signal) => {
    const place = await openPlace(context);
    const kept = await lastSession(context, place);
    const session = newSession(context, place, {}, { watches: true, ...kept });
    try {
      // While the devices open; the conversation is told what has come of it.
      session.start(signal).catch(() => {});
      devices = await openDevices(context, signal);
      await converse(context, { session, place, devices, ...kept }, signal);
      return EXIT.ok;
    } finally {
      await Promise.all([devices?.source?.close(), devices?.sink?.close(), session.close()]);
      await kept.last?.close();
      await place.close();
    }
  });
}

function notOpenIn(seconds: number): GemliveError {
  return new GemliveError(`the sound devices were not open within ${seconds} s`, {
    code: 'max_duration',
    exitCode: EXIT.audio,
    why: '--max-duration ends it then',
    hint: 'allow more time, or look for what holds them up: gemlive doctor',
  });
}

type Stage = Awaited<ReturnType<typeof lastSession>> & {
  session: LiveSession;
  place: LivePlace;
  devices: Devices;
};

type Devices = { source: RecorderSource | undefined; sink: AudioSink | undefined };

/** Nobody should wait for longer without a word. */
const SLOW_AFTER_MS = 5000;

/** Both at once; if one fails, the other does not stay open. */
async function openDevices(context: CommandContext, signal: AbortSignal): Promise<Devices> {
  const { settings, childEnv, stderr, stderrTty, plain } = context;
  const spinner = startSpinner(
    stderr,
    'opening microphone and loudspeaker',
    stderrTty && !plain && !settings.quiet && !settings.json,
    childEnv,
  );
  const failures: string[] = [];
  const onTried = ({ failure }: TriedBackend): void => {
    if (failure !== undefined) failures.push(failure);
  };
  const slow = setTimeout(() => {
    const so = failures.length === 0 ? '' : `: ${failures.join('; ')}`;
    context.warn({ code: 'devices_slow', message: `the sound devices are still opening${so}` });
  }, SLOW_AFTER_MS);
  const openSource = async (): Promise<RecorderSource | undefined> =>
    settings.mic ? openRecorder({ ...microphoneOptions(context, signal), onTried }) : undefined;
  const opening = [openSource(), openSink(context, { signal, onTried })] as const;
  try {
    const [source, sink] = await Promise.all(opening);
    const isHeard = source !== undefined && sink !== undefined;
    return {
      source: isHeard ? await withoutEcho(source, sink, echoModeOf(settings)) : source,
      sink,
    };
  } catch (error) {
    for (const device of await Promise.allSettled(opening)) {
      if (device.status === 'fulfilled') await device.value?.close();
    }
    throw error;
  } finally {
    clearTimeout(slow);
    spinner.stop();
  }
}

async function openSink(
  context: CommandContext,
  { signal, onTried }: { signal: AbortSignal; onTried: (backend: TriedBackend) => void },
): Promise<AudioSink | undefined> {
  const { settings } = context;
  if (settings.text) return undefined;
  if (!settings.speaker) return new NullSink();
  return openPlayer({ ...loudspeakerOptions(context, signal), onTried });
}

async function converse(
  context: CommandContext,
  { session, place, devices: { source, sink }, last, past }: Stage,
  signal: AbortSignal,
): Promise<void> {
  const { settings, resolved } = context;
  const facts: (string | (() => string))[] = [
    `model        ${settings.model}`,
    `microphone   ${source?.label ?? 'none'}`,
    `loudspeaker  ${sink?.label ?? 'none'}`,
  ];
  const presenter = new Presenter(context, {
    hasMic: source !== undefined,
    ptt: settings.ptt,
    mic: new MicLevel(),
    reply: sink && new ReplyLevel(sink),
    underruns: () => sink?.position().underruns ?? 0,
    facts,
  });
  last?.onWarning((warning) => presenter.event({ type: 'warning', ...warning }));
  if (past) presenter.note(`going on with the session of ${agoOf(past)}`);
  const echo =
    source && sink && settings.speaker
      ? new EchoReport(source, echoModeOf(settings), (event) => presenter.event(event))
      : undefined;
  if (echo) facts.push(() => echo.line);
  if (echo && settings.echo === 'off' && !settings.headphones)
    presenter.note('echo is not cancelled: use headphones, or it hears itself');
  // Nobody waits for them: what is said meanwhile is heard when they are there.
  const tellEngines = (names: EngineNames | undefined): void => {
    if (!names) return;
    const { ears, brain, voice } = names;
    const thinks = brain === 'built-in' ? '' : `, thinks with ${brain}`;
    facts.push(`local        ears ${ears}, brain ${brain}, voice ${voice}`);
    presenter.note(
      ears === 'none'
        ? 'no recogniser here: you will hear your own words (Debian: pocketsphinx, pocketsphinx-en-us)'
        : `the local server listens with ${ears}${thinks}, and speaks with ${voice === 'none' ? 'nothing: install flite' : voice}`,
    );
  };
  place.engines.then(tellEngines, () => {}); // the server tells its clients what is wrong with it
  if (presenter.terminal) place.onEngineFault((message) => presenter.note(message));
  let keyboard: Keyboard | undefined;
  let letStopsBe = (): void => {};
  try {
    const conversation = new Conversation({
      session,
      profile: resolved.profile,
      interruptible: settings.interrupt,
      awaitsReceipt: settings.usage || settings.json,
      marking: settings.ptt ? 'push' : settings.vad === 'manual' ? 'detector' : 'server',
      bargeIn: true,
      idleTimeoutMs: settings.idleTimeoutSeconds * 1000,
      ...(settings.voice !== undefined && { voice: settings.voice }),
      ...(source && { source, detector: await createSpeechDetector() }),
      ...(sink && { sink }),
      observers: [
        presenter,
        { event: ({ type }) => type === 'turn' && echo?.turnEnded() },
        ...(sink
          ? quietAnswers(settings, (warning) => presenter.event({ type: 'warning', ...warning }))
          : []),
      ],
    });
    conversation.setMuted(settings.mute);
    const { greet } = settings;
    if (greet !== undefined) conversation.sendText(greet, { shown: false });
    keyboard = openKeyboard(context, conversation, presenter);
    letStopsBe = surviveStops([keyboard ?? {}, presenter.terminal ?? {}]);
    await conversation.run(signal);
  } finally {
    letStopsBe();
    keyboard?.close();
    presenter.close();
    if (settings.resume) await echo?.keep(source?.label ?? '', sink?.label ?? '');
  }
}

/** Off a terminal there are no keys, and the end of stdin means nothing. */
function openKeyboard(
  context: CommandContext,
  conversation: Conversation,
  presenter: Presenter,
): Keyboard | undefined {
  if (!context.stdinTty) return undefined;
  const intents: Intents = {
    quit: () => conversation.stop(),
    toggleMute: () => {
      conversation.setMuted(!conversation.muted);
      presenter.muted(conversation.muted);
    },
    stopReply: () => conversation.stopReply(),
    toggleHelp: () => presenter.toggleHelp(),
    send: (text) => conversation.sendText(text),
    typing: (line) => presenter.typing(line),
    holds: () => presenter.holds(),
    awake: () => conversation.awake(),
    ...(context.settings.ptt && {
      talk: (talking: boolean) => {
        conversation.setTalking(talking);
        presenter.talking(talking);
      },
    }),
  };
  const { terminal } = presenter;
  return terminal
    ? rawKeyboard(context.stdin, intents, (sequence) => terminal.control(sequence))
    : lineKeyboard(context.stdin, intents);
}
