/** The settings: would `talk` start with them? Flags aside, which are looked at before anything runs. */
import { settleCombinations } from '../../config/combinations.ts';
import { isWritable } from '../../config/folders.ts';
import { loadLayers, type Layers } from '../../config/layers.ts';
import { optionOf, SETTING_KEYS } from '../../config/options.ts';
import { resolveSettings } from '../../config/resolve.ts';
import type { CommandName, Resolved } from '../../config/settings.ts';
import { stateFolder } from '../../config/stateFile.ts';
import { readSystemFile } from '../../config/systemFile.ts';
import { GemliveError, type Warning } from '../../errors.ts';
import type { CommandContext } from '../context.ts';
import { failed, type Check } from './check.ts';

/** `usable`: false where what the doctor itself needs of them could not be read. */
export async function checkSettings(
  context: CommandContext,
): Promise<{ check: Check; usable: boolean }> {
  let usable = false;
  try {
    const layers = await loadLayers({}, context.cwd);
    settled('doctor', layers);
    usable = true;
    const resolved = await readSystemFile(settled('talk', layers), layers);
    return { check: await fine(resolved, context), usable };
  } catch (error) {
    if (!(error instanceof GemliveError)) throw error;
    const fix = error.hint === undefined ? [{ words: 'mend it, or take it away' }] : [];
    return { check: failed('settings', error, fix), usable };
  }
}

const settled = (command: CommandName, layers: Layers): Resolved =>
  settleCombinations(resolveSettings(command, layers), []);

async function fine({ sources, warnings }: Resolved, context: CommandContext): Promise<Check> {
  const set = SETTING_KEYS.filter((key) => sources[key].layer !== 'default').map(
    (key) => optionOf(key).name,
  );
  const told: Warning[] = [...warnings];
  // A flag may have brought one: a model that nobody has heard of.
  for (const warning of context.resolved.warnings)
    if (!told.some(({ message }) => message === warning.message)) told.push(warning);
  const folder = stateFolder();
  if (!(await isWritable(folder))) {
    told.push({
      code: 'state_unwritable',
      message: `${folder} cannot be written: --continue will find nothing to go on with`,
      hint: 'set XDG_STATE_HOME to a folder of your own',
    });
  }
  const words =
    set.length === 0 ? 'nothing but defaults' : `set: ${set.join(', ')} (gemlive config: where)`;
  const [first, ...others] = told;
  const common = {
    name: 'settings',
    facts: { set, warnings: told.map(({ code }) => code) },
  } as const;
  if (first === undefined) return { ...common, status: 'ok', summary: words };
  return {
    ...common,
    status: 'warn',
    summary: first.message,
    more: others.map(({ message }) => message),
    fix: told.flatMap(({ hint }) => (hint === undefined ? [] : [{ words: hint }])),
  };
}
