/** `gemlive config`: every setting, its value, and where it came from. */
import { optionOf, SETTING_KEYS } from '../config/options.ts';
import { describeSource, type SettingKey, type Settings, type Source } from '../config/settings.ts';
import { EXIT } from '../errors.ts';
import { harmless, masked } from '../ui/harmless.ts';
import type { CommandContext } from './context.ts';

type Value = Settings[SettingKey];
type Row = { name: string; value: Value; source: Source };

export async function run({ resolved, stdout, events }: CommandContext): Promise<number> {
  const { settings, sources, credential } = resolved;
  const valueOf = (key: SettingKey): Value => {
    const value = settings[key];
    return optionOf(key).secret && typeof value === 'string' ? masked(value) : value;
  };
  const rows: Row[] = [
    {
      name: 'api-key',
      value: credential.apiKey === undefined ? undefined : masked(credential.apiKey),
      source: credential.source ?? { layer: 'default', name: 'api-key' },
    },
    // A setting for one call only is never anything but its default here.
    ...SETTING_KEYS.filter((key) => !optionOf(key).oneCall).map((key) => ({
      name: optionOf(key).name,
      value: valueOf(key),
      source: sources[key],
    })),
  ];
  if (events) {
    for (const row of rows) events.emit('setting', { ...row, value: row.value ?? null });
    return EXIT.ok;
  }
  const width = (texts: string[]): number => Math.max(...texts.map((text) => text.length));
  const nameWidth = width(rows.map(({ name }) => name));
  const valueWidth = Math.min(40, width(rows.map(({ value }) => shown(value))));
  for (const { name, value, source } of rows) {
    const columns = [
      name.padEnd(nameWidth),
      shown(value).padEnd(valueWidth),
      describeSource(source),
    ];
    stdout.write(`${columns.join('  ')}\n`);
  }
  return EXIT.ok;
}

/** On one line, whatever the value holds. */
function shown(value: Value): string {
  const text = typeof value === 'object' ? value.join(' ') : String(value ?? '');
  if (text === '') return '-';
  return harmless(text).replaceAll('\n', '␊');
}
