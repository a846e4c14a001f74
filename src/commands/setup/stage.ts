/** What the steps of `gemlive setup` share: the dialog, the credential so far, and what has been saved. */
import { sep } from 'node:path';
import { changeConfig, configPath, type ConfigChanges } from '../../config/configWriter.ts';
import type { Credential, Settings } from '../../config/settings.ts';
import { homeFolder } from '../../config/folders.ts';
import { GemliveError, type Warning } from '../../errors.ts';
import { withoutSecrets } from '../../ui/harmless.ts';
import type { Dialog } from '../../ui/dialog.ts';
import type { CommandContext } from '../context.ts';

export class Stage {
  readonly dialog: Dialog;
  readonly configPath = configPath();
  /** A loudspeaker was heard. */
  canHear = false;
  /** The service took the key. */
  isReachable = false;
  readonly #context: CommandContext;
  readonly #saved = new Set<string>();
  #changes: { settings: Partial<Settings>; credential: Credential };

  constructor(context: CommandContext, dialog: Dialog) {
    this.#context = context;
    this.dialog = dialog;
    this.#changes = { settings: {}, credential: context.resolved.credential };
  }

  /** Aborted when the user leaves. */
  get signal(): AbortSignal {
    return this.dialog.signal;
  }

  /** For people. */
  get shownPath(): string {
    const home = homeFolder();
    const { configPath: path } = this;
    return path.startsWith(`${home}${sep}`) ? `~${path.slice(home.length)}` : path;
  }

  /** Names of what was written to config.json. */
  get saved(): readonly string[] {
    return [...this.#saved];
  }

  get credential(): Credential {
    return this.#changes.credential;
  }

  /** The command's own, with what was chosen so far; and with `more` for this once. */
  context(more: Partial<Settings> = {}, credential = this.credential): CommandContext {
    const settings = { ...this.#context.settings, ...this.#changes.settings, ...more };
    const resolved = { ...this.#context.resolved, settings, credential };
    return { ...this.#context, settings, resolved, warn: (warning) => this.#warn(warning) };
  }

  use(settings: Partial<Settings>, credential = this.credential): void {
    this.#changes = { settings: { ...this.#changes.settings, ...settings }, credential };
  }

  /** One line for the user, without secrets. */
  say(text: string): void {
    this.dialog.say(withoutSecrets(text, this.#context.secrets));
  }

  /** What went wrong, why, and what helps. */
  complain(what: string, { message, why, hint }: GemliveError): void {
    this.say(`${what}: ${why === undefined ? message : `${message}; ${why}`}`);
    if (hint !== undefined) this.say(`  try: ${hint}`);
  }

  /** The next step begins. */
  gap(): void {
    this.dialog.say('');
  }

  /** Between the questions, and not over the one that stands. */
  #warn({ message, hint }: Warning): void {
    this.say(`warning: ${message}`);
    if (hint !== undefined) this.say(`  try: ${hint}`);
  }

  hide(secret: string): void {
    this.#context.addSecret(secret);
  }

  /** False, after a line that says why: it could not be written. */
  async save(changes: ConfigChanges): Promise<boolean> {
    try {
      await changeConfig(this.configPath, changes);
    } catch (error) {
      const why = error instanceof GemliveError ? (error.why ?? error.message) : reasonOf(error);
      this.say(`${this.shownPath} cannot be written: ${why}. Nothing was saved.`);
      return false;
    }
    for (const [name, value] of Object.entries(changes))
      if (value !== undefined) this.#saved.add(name);
    return true;
  }
}

const REASONS: Record<string, string> = {
  EACCES: 'it is not yours to write',
  EPERM: 'it is not yours to write',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
  EDQUOT: 'your share of the disk is used up',
  ENOTDIR: 'a part of its path is no folder',
  ENOENT: 'a part of its path is missing',
};

function reasonOf(error: unknown): string {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return REASONS[code] ?? message;
}
