/** What was said so far, as the history of a new session and as the file `/save` writes. */
import type { ConversationEvent } from '../../events.ts';
import type { Content } from '../../protocol/messages.ts';
import { textOf } from '../pastSession.ts';

type Line = { user: string; model: string };

export class Transcript {
  readonly #lines = new Map<number, Line>();
  /** Turn numbers begin anew with each session. */
  #offset = 0;
  readonly #before: readonly Content[];

  /** `before`: what was said in the session that this one goes on with. */
  constructor(before: readonly Content[] = []) {
    this.#before = before;
  }

  event(event: ConversationEvent): void {
    if (event.type === 'session' && event.state === 'connecting') {
      this.#offset = this.#lines.size === 0 ? 0 : Math.max(...this.#lines.keys());
    }
    if ((event.type !== 'user' && event.type !== 'model') || !('final' in event)) return;
    const index = this.#offset + event.turn;
    const line = this.#lines.get(index) ?? { user: '', model: '' };
    line[event.type] = event.text;
    this.#lines.set(index, line);
  }

  turns(): Content[] {
    return this.entries().map(({ role, text }) => ({ role, parts: [{ text }] }));
  }

  /** The form `--history` reads. */
  entries(): { role: 'user' | 'model'; text: string }[] {
    const roles = ['user', 'model'] as const;
    const before = this.#before.map((line) => ({ role: line.role ?? 'user', text: textOf(line) }));
    const now = [...this.#lines.entries()]
      .sort(([a], [b]) => a - b)
      .flatMap(([, line]) => roles.map((role) => ({ role, text: line[role] })))
      .filter(({ text }) => text !== '');
    return [...before, ...now];
  }
}
