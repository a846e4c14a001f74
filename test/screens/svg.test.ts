/** Screens as pictures: what a terminal is told → the grid → an SVG. */
import { afterEach, expect, it } from 'vitest';

import { cropped, Screen, textOf } from './grid.ts';
import { svgOf, THEMES } from './svg.ts';

const { dark, light } = THEMES;
let screen: Screen;
afterEach(() => screen.close());

async function drawn(output: string, theme = dark, columns = 20): Promise<string> {
  screen = new Screen(columns, 4);
  await screen.write(output);
  return svgOf(cropped(screen.grid), { title: 'a <b> & "c"', windowTitle: 'w', theme });
}

/** Every text of the screen with its attributes, without title and window title. */
function textsIn(svg: string): { text: string; attributes: Record<string, string> }[] {
  return [...svg.matchAll(/<text ([^>]*)>([^<]*)<\/text>/g)]
    .slice(1)
    .map(([, head = '', text = '']) => ({
      text,
      attributes: Object.fromEntries(
        [...head.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
      ),
    }));
}

/** What is open when the text ends, or what closes without having been opened. */
function unbalanced(xml: string): string[] {
  const open: string[] = [];
  for (const [tag, close, name = '', end] of xml.matchAll(
    /<(\/?)([a-z]+)(?: [\w:-]+="[^"<>]*")*(\/?)>/gi,
  )) {
    if (close === '') {
      if (end === '') open.push(name);
    } else if (open.pop() !== name) return [tag];
  }
  return open;
}

it('keeps the colours of the theme, and leaves the terminal’s own to the picture', async () => {
  const output =
    '\x1b[36myou\x1b[39m  hello \x1b[2mfaint\x1b[22m \x1b[1mbold\x1b[22m \x1b[38;2;1;2;3mrgb';
  for (const theme of [dark, light]) {
    const texts = textsIn(await drawn(output, theme, 40));
    screen.close();
    expect(texts.map(({ text }) => text)).toEqual(['you', 'hello', 'faint', 'bold', 'rgb']);
    const [you, hello, faint, bold, rgb] = texts.map(({ attributes }) => attributes);
    expect(you?.['fill']).toBe(theme.palette[6]);
    expect(hello?.['fill']).toBeUndefined();
    expect(faint).toHaveProperty('fill-opacity');
    expect(bold).toHaveProperty('font-weight', 'bold');
    expect(rgb?.['fill']).toBe('#010203');
  }
});

it('draws an inverse blank, which is the cursor', async () => {
  const svg = await drawn('ab\x1b[7m \x1b[27m');
  expect(svg).toContain(
    `<rect x="30.8" y="30" width="8.4" height="18" fill="${dark.foreground}"/>`,
  );
  const inverse = textsIn(await drawn('\x1b[7mx'));
  expect(inverse[0]?.attributes['fill']).toBe(dark.background);
});

it('puts every run at its column and gives it its width, wide characters two cells', async () => {
  const texts = textsIn(await drawn('ab  日本 c▮▯'));
  expect(
    texts.map(({ text, attributes }) => [text, attributes['x'], attributes['textLength']]),
  ).toEqual([
    ['ab', '14', '16.8'],
    ['日本', '47.6', '33.6'],
    ['c', '89.6', '8.4'],
    ['▮▯', '98', '16.8'],
  ]);
});

it('shows what the screen shows, not what was written: redrawn lines are there once', async () => {
  await drawn('first\r\none\r\ntwo\x1b[1A\r\x1b[Jthree');
  expect(textOf(screen.grid)).toBe('first\nthree\n\n');
  expect(cropped(screen.grid).rows).toHaveLength(2);
});

it('is well-formed XML whatever is on the screen', async () => {
  const svg = await drawn('</text><a href="x">&amp; ]]>');
  expect(unbalanced(svg)).toEqual([]);
  expect(svg.replace(/<[^<>]*>/g, '')).not.toMatch(/[<>]|&(?!(amp|lt|gt|quot);)/);
  expect(svg).toContain('<title>a &lt;b&gt; &amp; &quot;c&quot;</title>');
  expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" role="img" /);
});

it('refuses a colour that the themes do not have', async () => {
  await expect(drawn('\x1b[38;5;200mx')).rejects.toThrow('the themes have no colour 200');
});

it.each(Object.entries(THEMES))('has colours that can be read: %s', (_name, theme) => {
  screen = new Screen(1, 1);
  const channel = (hex: string): number => {
    const value = Number.parseInt(hex, 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const luminance = (colour: string): number =>
    0.2126 * channel(colour.slice(1, 3)) +
    0.7152 * channel(colour.slice(3, 5)) +
    0.0722 * channel(colour.slice(5, 7));
  const contrast = (colour: string): number => {
    const [low = 0, high = 0] = [luminance(colour), luminance(theme.background)].sort(
      (a, b) => a - b,
    );
    return (high + 0.05) / (low + 0.05);
  };
  const unreadable = [theme.foreground, ...theme.palette].filter(
    (colour) => contrast(colour) < 4.5,
  );
  expect(unreadable).toEqual([]);
});
