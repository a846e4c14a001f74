/** The steps of `gemlive setup` share a stage: the dialog, the choices so far, and a list of what was saved. */
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
  /** The user has heard a loudspeaker. */
  canHear = false;
  /** The service has accepted the key. */
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

  /** The path as people are shown it: `~` stands for the home folder. */
  get shownPath(): string {
    const home = homeFolder();
    const { configPath: path } = this;
    return path.startsWith(`${home}${sep}`) ? `~${path.slice(home.length)}` : path;
  }

  /** The names of settings that were written to config.json. */
  get saved(): readonly string[] {
    return [...this.#saved];
  }

  get credential(): Credential {
    return this.#changes.credential;
  }

  /** The command's context with the choices so far, and with `more` for one call. */
  context(more: Partial<Settings> = {}, credential = this.credential): CommandContext {
    const settings = { ...this.#context.settings, ...this.#changes.settings, ...more };
    // A stranger's .env must not send the user's own key to a host of its choice.
    const { baseUrl } = this.#context.resolved.sources;
    if (baseUrl.layer === 'dotenv' && credential.source?.layer !== 'dotenv')
      settings.baseUrl = undefined;
    const resolved = { ...this.#context.resolved, settings, credential };
    return { ...this.#context, settings, resolved, warn: (warning) => this.#warn(warning) };
  }

  use(settings: Partial<Settings>, credential = this.credential): void {
    this.#changes = { settings: { ...this.#changes.settings, ...settings }, credential };
  }

  /** Prints a line without secrets. */
  say(text: string): void {
    this.dialog.say(withoutSecrets(text, this.#context.secrets));
  }

  /** Prints what went wrong, why, and what helps. */
  complain(what: string, { message, why, hint }: GemliveError): void {
    this.say(`${what}: ${why === undefined ? message : `${message}; ${why}`}`);
    if (hint !== undefined) this.say(`  try: ${hint}`);
  }

  /** Prints an empty line between two steps. */
  gap(): void {
    this.dialog.say('');
  }

  /** Prints a warning without disturbing a question that stands. */
  #warn({ message, hint }: Warning): void {
    this.say(`warning: ${message}`);
    if (hint !== undefined) this.say(`  try: ${hint}`);
  }

  hide(secret: string): void {
    this.#context.addSecret(secret);
  }

  /** Returns false, after a line that says why, when config.json cannot be written. */
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
