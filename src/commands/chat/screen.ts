/** Readline's terminal, which can be told to keep still. */
import { Writable } from 'node:stream';

export class Screen extends Writable {
  still = false;
  readonly isTTY = true;
  readonly terminal: NodeJS.WriteStream;

  constructor(terminal: NodeJS.WriteStream) {
    super({ decodeStrings: false });
    this.terminal = terminal;
    terminal.on('resize', () => this.emit('resize'));
  }

  get columns(): number {
    return this.terminal.columns || 80;
  }

  override _write(chunk: string, _encoding: BufferEncoding, done: () => void): void {
    if (!this.still) this.terminal.write(chunk);
    done();
  }
}
