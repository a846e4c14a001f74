/** The first step: a key, or none. A pasted key is shown nowhere and goes into config.json only. */
import { KEY_IN_CONFIG } from '../../config/configWriter.ts';
import { describeSource, type Credential } from '../../config/settings.ts';
import { EXIT, GemliveError } from '../../errors.ts';
import { masked } from '../../ui/harmless.ts';
import { openDoor } from '../door.ts';
import { isLive, modelsAt } from '../models/remote.ts';
import type { Stage } from './stage.ts';

type Answer = 'keep' | 'paste' | 'none' | { pasted: string };
type Verdict = 'works' | 'used up' | 'refused' | 'unknown';

const WHERE = 'A key lets you talk with Gemini. It is free: https://aistudio.google.com/apikey';

/** @throws Left. */
export async function keyStep(stage: Stage): Promise<void> {
  const { dialog } = stage;
  const has = stage.credential.kind === 'key' ? stage.credential : undefined;
  stage.say(has ? `There is a key: ${masked(has.apiKey)}, ${describeSource(has.source)}.` : WHERE);
  const answer = await dialog.choose<Answer>(
    'Key:',
    [
      ...(has ? [{ label: 'keep it, and check it', value: 'keep' } as const] : []),
      { label: has ? 'paste another key' : 'paste a key', value: 'paste' },
      { label: 'try gemlive without a key first', value: 'none' },
    ],
    // A user who has a key in the clipboard may paste it at once.
    { onPaste: (pasted) => ({ pasted }) },
  );
  if (typeof answer === 'object') return paste(stage, answer.pasted);
  if (answer === 'paste') return paste(stage);
  if (answer === 'none') return withoutKey(stage);
  if (answer !== 'keep' || !has || (await check(stage, has.apiKey)) !== 'refused') return;
  return (await wantsAnother(stage, 'What now?')) ? paste(stage) : withoutKey(stage);
}

const withoutKey = (stage: Stage): void => stage.use({ local: true });

/** Asks what to do after a key was refused. */
async function wantsAnother(stage: Stage, question: string): Promise<boolean> {
  const answer = await stage.dialog.choose(question, [
    { label: 'paste the key again', value: true },
    { label: 'go on without a key', value: false },
  ]);
  return answer === true;
}

/** Asks for a key until there is one, or none is wanted. `pasted`: the user pasted it before the question. */
async function paste(stage: Stage, pasted = ''): Promise<void> {
  for (let begun = pasted; ; begun = '') {
    const text = await stage.dialog.secret('Paste the key:', begun);
    if (text === undefined) return stage.say('Key: skipped');
    const apiKey = keyIn(text);
    if (apiKey === undefined) {
      stage.say('That is not a key: a key is one word of 20 or more letters, digits, - and _.');
      continue;
    }
    stage.hide(apiKey);
    const verdict = await untilKnown(stage, apiKey);
    if (verdict === 'refused') {
      if (await wantsAnother(stage, 'Nothing was saved.')) continue;
      return withoutKey(stage);
    }
    if (verdict !== undefined) await keep(stage, apiKey);
    return;
  }
}

/** Checks the key, again if the user likes. Returns undefined when the user does not want an unchecked key. */
async function untilKnown(stage: Stage, apiKey: string): Promise<Verdict | undefined> {
  for (;;) {
    const verdict = await check(stage, apiKey);
    if (verdict !== 'unknown') return verdict;
    const next = await stage.dialog.choose('The key was not checked.', [
      { label: 'check again', value: 'again' },
      { label: 'save it unchecked', value: 'save' },
    ]);
    if (next === 'again') continue;
    return next === 'save' ? verdict : undefined;
  }
}

async function keep(stage: Stage, apiKey: string): Promise<void> {
  const source = { layer: 'config', name: KEY_IN_CONFIG } as const;
  stage.use({ local: false }, { kind: 'key', apiKey, source });
  if (await stage.save({ [KEY_IN_CONFIG]: apiKey }))
    stage.say(`The key is saved in ${stage.shownPath}, which only you can read.`);
}

/**
 * Takes the key out of what was pasted: quotes, blanks, the line breaks of a wrapped line, and the beginning of a line of a
 * shell or of `.env` are no part of a key. Returns undefined when the rest cannot be a key.
 */
export function keyIn(text: string): string | undefined {
  const word = text
    .replace(/^\s*(?:export\s+|set\s+|setx\s+)?(?:GEMINI|GOOGLE)_API_KEY\s*[=:\s]/i, '')
    .replace(/["'`“”‘’;,\s\u200b\ufeff]/g, '');
  return /^[\w.~-]{20,200}$/.test(word) ? word : undefined;
}

/** Asks for the list of models, which costs nothing, and says what came of it. */
async function check(stage: Stage, apiKey: string): Promise<Verdict> {
  const credential: Credential = { kind: 'key', apiKey, source: { layer: 'config', name: '' } };
  const context = stage.context({ local: false }, credential);
  const timeoutMs = context.settings.timeoutSeconds * 1000;
  stage.dialog.status('checking the key …');
  try {
    const models = await stage.dialog.during(async (signal) =>
      modelsAt(await openDoor(context).restEndpoint(), timeoutMs, signal),
    );
    if (models === undefined) return 'unknown';
    const count = models.filter(isLive).length;
    const offer =
      count === 0 ? 'but there is no Live model for it' : `and opens ${count} Live models`;
    stage.say(`The key works, ${offer}.`);
    stage.isReachable = count > 0;
    return 'works';
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    return judged(stage, error);
  }
}

function judged(stage: Stage, error: GemliveError): Verdict {
  const why = error.why ?? error.message;
  switch (error.exitCode) {
    case EXIT.credential:
      stage.say(`The service refuses this key: ${why}.`);
      return 'refused';
    case EXIT.quota:
      stage.say(`The key is right, and its quota is used up for now: ${why}.`);
      return 'used up';
    case EXIT.network:
      stage.complain('The service cannot be reached', error);
      return 'unknown';
    default:
      stage.complain('The service could not check the key', error);
      return 'unknown';
  }
}
