/** Checks in their order, each as soon as those before it are known, as lines or as events; and the verdict. */
import { EXIT, type ExitCode } from '../../errors.ts';
import { CheckPainter } from '../../ui/checkLines.ts';
import { ASCII, glyphsFor } from '../../ui/glyphs.ts';
import { withoutSecrets } from '../../ui/harmless.ts';
import type { CommandContext } from '../context.ts';
import { CHECKS, textOf, type Check, type CheckName } from './check.ts';

type Output = Pick<
  CommandContext,
  'stdout' | 'stdoutTty' | 'color' | 'settings' | 'events' | 'secrets' | 'childEnv'
>;

export class Report {
  readonly #context: Output;
  readonly #painter: CheckPainter;
  readonly #told = new Map<CheckName, Check | undefined>();
  #printed = 0;

  constructor(context: Output) {
    const { stdout, stdoutTty, color, settings, childEnv, secrets } = context;
    this.#context = context;
    this.#painter = new CheckPainter({
      color: color && stdoutTty,
      ascii: settings.plain || glyphsFor(childEnv) === ASCII,
      columns: stdout.columns || 80,
      nameColumns: Math.max(...CHECKS.map((name) => name.length)) + 2,
      secrets,
    });
  }

  /** What is going to be played and sent, before it is. */
  announce({ plays, asks, text }: { plays: boolean; asks: readonly string[]; text: string }): void {
    const { events, settings } = this.#context;
    if (events) events.emit('plan', { plays, asks });
    else if (!settings.quiet) this.#write(this.#painter.announcement(text));
  }

  tell(check: Check): void {
    this.#keep(check.name, check);
  }

  /** It has no place in this run. */
  leaveOut(name: CheckName): void {
    this.#keep(name, undefined);
  }

  has(name: CheckName): boolean {
    return this.#told.has(name);
  }

  /** Whether it went well enough for what depends on it. */
  isFine(name: CheckName): boolean {
    const status = this.#told.get(name)?.status;
    return status === 'ok' || status === 'warn';
  }

  /** The first cause and the one thing to do; the exit code is that of the first cause. */
  finish(): ExitCode {
    const { events, settings } = this.#context;
    const inOrder = CHECKS.flatMap((name) => this.#told.get(name) ?? []);
    const cause = inOrder.find(({ status }) => status === 'fail');
    const told = cause ?? inOrder.find(({ status }) => status === 'warn');
    const status = told?.status ?? 'ok';
    const [remedy] = told?.fix ?? [];
    const exitCode = cause === undefined ? EXIT.ok : (cause.exitCode ?? EXIT.bug);
    if (events) {
      events.emit('verdict', {
        status,
        cause: told?.name,
        summary: told && this.#painter.words(told.summary),
        fix: remedy && this.#painter.words(textOf(remedy)),
      });
    } else if (cause || !settings.quiet) {
      const what = told ? `${told.name}: ${told.summary}` : 'everything works';
      const text = cause || !told ? what : `it works, but look at ${what}`;
      this.#write(['', ...this.#painter.verdict(status, text, remedy)]);
    }
    return exitCode;
  }

  #keep(name: CheckName, check: Check | undefined): void {
    this.#told.set(name, check);
    for (;;) {
      const next = CHECKS[this.#printed];
      if (next === undefined || !this.#told.has(next)) return;
      this.#printed += 1;
      const ready = this.#told.get(next);
      if (ready) this.#print(ready);
    }
  }

  #print(check: Check): void {
    const { events, settings, secrets } = this.#context;
    const { name, status, summary, facts = {}, fix = [] } = check;
    if (events) {
      events.emit('check', {
        name,
        status,
        summary: this.#painter.words(summary),
        // They may quote a server.
        facts: JSON.parse(withoutSecrets(JSON.stringify(facts), secrets)) as unknown,
        fix: fix.map((one) => this.#painter.words(textOf(one))),
      });
    } else if (!settings.quiet || status === 'fail') this.#write(this.#painter.check(check));
  }

  #write(lines: readonly string[]): void {
    this.#context.stdout.write(`${lines.join('\n')}\n`);
  }
}
