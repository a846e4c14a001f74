/** One recording, from the first frame to the last word of the answer. */
import { lstatSync, rmSync } from 'node:fs';
import { systemClock } from '../../audio/clock.ts';
import { openSoundFile, type SoundFileWriter } from '../../audio/fileWriters.ts';
import { OUTPUT_FORMAT } from '../../audio/format.ts';
import type { AudioSink } from '../../audio/ports.ts';
import { NullSink } from '../../audio/sinks/null.ts';
import { StreamSink } from '../../audio/sinks/stream.ts';
import { openRecording } from '../../audio/sources/file.ts';
import { createSpeechDetector } from '../../audio/speechDetector.ts';
import { Conversation, type Observer } from '../../conversation.ts';
import type { GemliveError, Warning } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { newSession, type LivePlace } from '../live.ts';
import { quietAnswers } from '../quietAnswers.ts';
import { openLoudspeaker } from '../chosenDevices.ts';
import { Ending } from './ending.ts';
import { pacedReplay, unpacedReplay } from './replaySource.ts';

export type ReplayJob = {
  /** A path, or `-` for stdin. */
  input: string;
  /** Where the reply's sound goes: a path, `-` for stdout, or nowhere. */
  output: string | undefined;
  observers: readonly Observer[];
  warn(warning: Warning): void;
};

/** The server's default when nothing is asked for: the local detector cuts utterances alike. */
const SERVER_SILENCE_MS = 800;

/** @throws GemliveError; what was received until then is kept in the output. */
export async function replay(
  context: CommandContext,
  place: LivePlace,
  job: ReplayJob,
  signal: AbortSignal,
): Promise<void> {
  const { settings, resolved } = context;
  const { sources } = resolved;
  const recording = await openRecording(job.input, {
    rateHz: settings.rateHz,
    channels: settings.channels,
    // The defaults of the two are for what is raw; only the user's own say that it is.
    raw: settings.raw,
    headerless: sources.rateHz.layer === 'flag' || sources.channels.layer === 'flag',
    stdin: context.stdin,
    environment: context.childEnv,
    signal,
  });
  const toldAtOpening = recording.warnings.length;
  for (const warning of recording.warnings) job.warn(warning);
  const output = openOutput(context, job.output);
  let sink: AudioSink | undefined;
  let failure: GemliveError | undefined;
  let wasDone = false;
  let conversation: Conversation | undefined;
  const ending = new Ending({
    clock: systemClock,
    turnTimeoutMs: settings.turnTimeoutSeconds * 1000,
    untilTurnComplete: settings.json || settings.usage,
    // What is played may sound for longer than it took to send.
    isOneUtterance: settings.fast && !settings.play,
    streams: resolved.profile.job.value !== 'converse',
    onEnd: (error) => {
      failure = error;
      conversation?.stop();
    },
  });
  const isHeard =
    settings.play || job.output !== undefined
      ? quietAnswers(settings, (warning) => job.warn(warning))
      : [];
  try {
    sink = await openSink(context, signal);
    const session = newSession(context, place);
    // Before the conversation hears of it, and closes its lines.
    session.on(({ type }) => {
      if (type === 'ended') wasDone = ending.isDone;
    });
    const hooks = {
      ready: new Promise<void>((resolve) => {
        session.on((event) => event.type === 'state' && event.state === 'ready' && resolve());
      }),
      onInputEnd: () => {
        if (!settings.fast && settings.vad === 'auto') session.sendAudioStreamEnd();
        for (const warning of recording.warnings.slice(toldAtOpening)) job.warn(warning);
        ending.inputEnded();
      },
    };
    conversation = new Conversation({
      session,
      profile: resolved.profile,
      interruptible: settings.interrupt,
      awaitsReceipt: settings.usage || settings.json,
      ...(settings.voice !== undefined && { voice: settings.voice }),
      source: settings.fast ? unpacedReplay(recording, hooks) : pacedReplay(recording, hooks),
      ...(sink && { sink }),
      ...(settings.fast
        ? { marking: 'whole' }
        : {
            marking: settings.vad === 'manual' ? 'detector' : 'server',
            detector: await createSpeechDetector({
              endSilenceMs: settings.silenceMs ?? SERVER_SILENCE_MS,
            }),
          }),
      observers: [...job.observers, output, ending, ...isHeard],
    });
    await conversation.run(signal).catch((error: GemliveError) => {
      if (error.code !== 'server_closed' || !wasDone) throw error;
    });
  } finally {
    ending.close();
    await sink?.close();
    await output.close();
  }
  signal.throwIfAborted();
  if (failure) throw failure;
}

/** `--play` is heard; `--interrupt` needs a device to have been heard by, if only a silent one. */
async function openSink(
  context: CommandContext,
  signal: AbortSignal,
): Promise<AudioSink | undefined> {
  const { settings } = context;
  if (settings.play) return openLoudspeaker(context, signal);
  return settings.interrupt ? new NullSink() : undefined;
}

/** Everything that was received, in order: also what an interruption would have silenced. */
function openOutput(
  context: CommandContext,
  target: string | undefined,
): Observer & { close(): Promise<void> } {
  if (target === undefined) return { close: async () => {} };
  if (target === '-') {
    const sink = new StreamSink(context.stdout);
    return {
      reply: (pcm) => sink.write(pcm),
      close: async () => {
        await sink.drain().catch(() => {}); // the reader has gone: main() leaves quietly
        await sink.close();
      },
    };
  }
  const writer: SoundFileWriter = openSoundFile(target, OUTPUT_FORMAT);
  let isEmpty = true;
  return {
    reply: (pcm) => {
      isEmpty = false;
      writer.write(pcm);
    },
    close: async () => {
      writer.close();
      // A header without sound would look like a reply, and the next run would refuse to replace it.
      if (isEmpty && lstatSync(target, { throwIfNoEntry: false })?.isFile()) rmSync(target);
    },
  };
}
