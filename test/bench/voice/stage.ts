/** One subject on a sound server, with a Live server that says what the bench wants, when it wants. */
import { levelDbfs } from '../../../src/audio/pcm.ts';
import { afterSetup, startScriptedServer, type Peer } from '../../support/scriptedServer.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { until } from '../../support/until.ts';

const AUDIBLE_DBFS = -46;
const CHUNK_BYTES = 40 * 48;

export type Running = { esc?(): void; end(): Promise<void> };

export class Stage {
  readonly #peer: Peer;
  readonly #running: Running;
  readonly #closeServer: () => Promise<void>;
  /** When a frame with sound in it came from the microphone. */
  readonly micSoundMs: number[];

  private constructor(
    peer: Peer,
    running: Running,
    closeServer: () => Promise<void>,
    mic: number[],
  ) {
    this.#peer = peer;
    this.#running = running;
    this.#closeServer = closeServer;
    this.micSoundMs = mic;
  }

  static async open(
    sound: SoundServer,
    start: (url: string, environment: Record<string, string>) => Promise<Running>,
  ): Promise<Stage> {
    let peer: Peer | undefined;
    const mic: number[] = [];
    const server = await startScriptedServer(
      afterSetup((one) => {
        peer = one;
        one.socket.on('message', (data: Buffer) => {
          const { realtimeInput } = JSON.parse(data.toString()) as {
            realtimeInput?: { audio?: { data: string } };
          };
          const pcm = Buffer.from(realtimeInput?.audio?.data ?? '', 'base64');
          if (levelDbfs(pcm) > AUDIBLE_DBFS) mic.push(performance.now());
        });
      }),
    );
    const running = await start(server.url, { ...sound.environment, GEMINI_API_KEY: 'bench' });
    await until('a session', () => peer !== undefined);
    return new Stage(peer!, running, () => server.close(), mic);
  }

  /** All of it in one burst, as the service sends: chunks of 40 ms. */
  reply(pcm: Uint8Array): void {
    for (let at = 0; at < pcm.byteLength; at += CHUNK_BYTES) {
      const data = Buffer.from(pcm.subarray(at, at + CHUNK_BYTES)).toString('base64');
      const parts = [{ inlineData: { mimeType: 'audio/pcm;rate=24000', data } }];
      this.#peer.send({ serverContent: { modelTurn: { role: 'model', parts } } });
    }
  }

  interrupt(): void {
    this.#peer.send({ serverContent: { interrupted: true } });
  }

  turnComplete(): void {
    this.#peer.send({ serverContent: { turnComplete: true } });
  }

  esc(): void {
    this.#running.esc?.();
  }

  async close(): Promise<void> {
    await this.#running.end();
    await this.#closeServer();
  }
}
