/**
 * The moment of an interruption, on a sound server: the dead turn is one tone, what the server still sends
 * of it is another, and the next turn a third, so that each can be told from the others at the speaker.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import {
  between,
  lastSoundMs,
  lengthMs,
  median,
  placeInRecording,
  soundsIn,
  sweep,
  tone,
  toneLevel,
} from '../support/hearing.ts';
import { hasProgram } from '../support/programs.ts';
import { openPty } from '../support/pty.ts';
import { afterSetup, startScriptedServer, type Peer } from '../support/scriptedServer.ts';
import { loudest, matchBlocks } from '../support/signal.ts';
import { needsSound, startSoundServer, type SoundServer } from '../support/soundServer.ts';
import { until } from '../support/until.ts';

const RATE_HZ = 24_000;
/** A machine that is busy beyond its cores has gaps that are real; a fault of ours is there every time. */
const REAL_TIME = { retry: 2, timeout: 60_000 };
const TIMES = 5;
const DEAD_HZ = 440;
const LATE_HZ = 660;
const dead = tone(3000, DEAD_HZ);
const late = tone(500, LATE_HZ);
const next = sweep(730);

const soundOf = (pcm: Uint8Array) => ({
  modelTurn: {
    parts: [
      {
        inlineData: {
          mimeType: 'audio/pcm;rate=24000',
          data: Buffer.from(pcm).toString('base64'),
        },
      },
    ],
  },
});

needsSound('an interruption, heard at the speaker', () => {
  let sound: SoundServer;
  beforeAll(async () => {
    sound = await startSoundServer();
  });
  afterAll(() => sound?.stop());

  describe.each(['pacat', 'aplay'])('%s', (player) => {
    const run = hasProgram(player) ? it : it.skip;

    run(
      'silence at once; nothing of the dead turn later; the next turn whole',
      REAL_TIME,
      async () => {
        const recording = await sound.recordSpeaker();
        const saidAt: number[] = [];
        let over = false;
        const script = async (peer: Peer): Promise<void> => {
          await peer.next(); // the greeting's prompt
          for (let i = 0; i < TIMES; i++) {
            peer.send({ serverContent: soundOf(dead) });
            await until('the answer is heard', () => soundsIn(recording.soFar(), 100));
            // At any phase of the device's blocks.
            await new Promise((resolve) => setTimeout(resolve, 300 + i * 13));
            saidAt.push(performance.now());
            peer.send({ serverContent: { interrupted: true, ...soundOf(late) } });
            peer.send({ serverContent: soundOf(late) });
            await until('it is silent', () => !soundsIn(recording.soFar(), 60));
            peer.send({
              serverContent: { ...soundOf(late), outputTranscription: { text: 'late' } },
            });
            peer.send({ serverContent: { interrupted: true } });
            peer.send({ serverContent: { turnComplete: true } });
            peer.send({
              serverContent: { ...soundOf(next), outputTranscription: { text: 'next' } },
            });
            peer.send({ serverContent: { generationComplete: true, turnComplete: true } });
            await until('the next turn is heard', () => soundsIn(recording.soFar(), 60));
            await until('it is silent', () => !soundsIn(recording.soFar(), 200));
          }
          over = true;
        };
        const server = await startScriptedServer(
          afterSetup(async (peer) => {
            await script(peer);
          }),
        );
        const terminal = openPty(
          ['talk', '--player', player, '--no-mic', '--greet', 'go', '--base-url', server.url],
          { environment: sound.environment },
        );
        try {
          await until('all turns are over', () => over, 30_000);
          terminal.send('q');
          expect((await terminal.ended).code).toBe(0);
        } finally {
          await terminal.close();
          await server.close();
        }
        const recorded = await recording.stop();
        const { pcm } = recorded;
        const placeOf = placeInRecording(recorded);
        expect(toneLevel(pcm, LATE_HZ)).toBeLessThan(0.06);
        const silences = saidAt.map((atMs, index) => {
          const saidAtMs = placeOf(atMs);
          const untilMs =
            saidAt[index + 1] === undefined ? lengthMs(pcm) : placeOf(saidAt[index + 1] ?? 0) - 350;
          const heard = between(pcm, saidAtMs, untilMs);
          const blocks = matchBlocks(next, heard, { rateHz: RATE_HZ });
          const lags = blocks.map(({ lagMs }) => lagMs);
          expect(blocks.length).toBe(7);
          expect(Math.min(...blocks.map(({ correlation }) => correlation))).toBeGreaterThan(0.9);
          expect(Math.max(...lags) - Math.min(...lags)).toBeLessThan(2);
          const beginsMs = saidAtMs + (lags[0] ?? 0);
          const silenceMs = lastSoundMs(pcm, beginsMs - 2) - saidAtMs;
          // From the silence on there is the next turn, and nothing else but it.
          expect(
            toneLevel(between(pcm, saidAtMs + Math.max(0, silenceMs) + 1, beginsMs + 730), DEAD_HZ),
          ).toBeLessThan(0.02);
          expect(loudest(between(pcm, beginsMs + 735, beginsMs + 885), RATE_HZ)).toBeLessThan(
            0.003,
          );
          return silenceMs;
        });
        console.log(
          `${player}: interrupted on the wire → last sound at the speaker: median ${median(silences).toFixed(0)} ms (${silences.map((ms) => ms.toFixed(0)).join(', ')})`,
        );
        expect(Math.max(...silences)).toBeLessThan(500);
        expect(terminal.output()).toContain('next');
        expect(terminal.output()).not.toContain('late');
      },
    );
  });
});
