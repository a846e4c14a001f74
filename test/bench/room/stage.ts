/** The built `talk` in a live room, with the local server; what was said to whom, in samples of the room. */
import { setTimeout as pause } from 'node:timers/promises';

import { startLiveServer } from '../../../src/server/server.ts';
import { openLiveRoom, type LiveRoom, type LiveRoomOptions } from '../../support/liveRoom.ts';
import { openPty, type Pty } from '../../support/pty.ts';
import { startRecordingProxy, type RecordingProxy } from '../../support/recordingProxy.ts';
import type { SoundServer } from '../../support/soundServer.ts';
import { until } from '../../support/until.ts';

/** An answer that lasts longer is stopped. */
const ANSWER_MS = 8000;
const ESCAPE_MS = 500;

export type TalkOptions = {
  args?: readonly string[];
  environment?: Record<string, string>;
  /** When the room is there, and before `talk`. */
  prepare?: () => Promise<unknown>;
};

export class RoomStage {
  readonly room: LiveRoom;
  readonly proxy: RecordingProxy;
  readonly terminal: Pty;
  readonly #close: () => Promise<void>;

  private constructor(
    room: LiveRoom,
    proxy: RecordingProxy,
    terminal: Pty,
    close: () => Promise<void>,
  ) {
    this.room = room;
    this.proxy = proxy;
    this.terminal = terminal;
    this.#close = close;
  }

  static async open(
    sound: SoundServer,
    options: LiveRoomOptions,
    { args = [], environment = {}, prepare }: TalkOptions = {},
  ): Promise<RoomStage> {
    const live = await startLiveServer({ goAwaySeconds: 86_400 });
    await live.engines;
    const room = await openLiveRoom(sound, options);
    await prepare?.();
    const proxy = await startRecordingProxy(live.url);
    const terminal = openPty(['talk', '--base-url', proxy.url, ...args], {
      environment: { ...sound.environment, ...environment },
    });
    await terminal.until(/listening/);
    return new RoomStage(room, proxy, terminal, async () => {
      terminal.send('q');
      await Promise.race([terminal.ended, pause(3000)]);
      await terminal.close();
      await proxy.close();
      await room.close();
      await live.close();
    });
  }

  close(): Promise<void> {
    return this.#close();
  }

  get interruptions(): number {
    return this.proxy.fromServer.filter(({ message }) => message.serverContent?.interrupted).length;
  }

  get #turnIsOver(): boolean {
    const last = this.proxy.fromServer.findLast(({ message }) => message.serverContent);
    return last === undefined || last.message.serverContent?.turnComplete === true;
  }

  /** Speaking, and for `forMs` more. */
  async makeItCount(forMs = 800): Promise<void> {
    const { terminal, room } = this;
    const isOver = (): boolean => !room.playing && this.#turnIsOver;
    await until('the end of the answer', isOver, ANSWER_MS).catch(() => {
      terminal.send('\x1b');
      // With the next key it would be that key's escape sequence.
      return pause(ESCAPE_MS);
    });
    await until('silence', () => !room.playing);
    terminal.mark();
    terminal.send('\r');
    await terminal.until(/› /);
    terminal.mark();
    terminal.send('count to one hundred\r');
    await terminal.until(/speaking/);
    await until('it is heard', () => room.playing);
    await pause(forMs);
  }

  /** What the server understood since `from` (a length of `proxy.fromServer`). */
  transcript(from: number): string {
    return this.proxy.fromServer
      .slice(from)
      .map(({ message }) => message.serverContent?.inputTranscription?.text ?? '')
      .join('');
  }
}
