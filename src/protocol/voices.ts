/** Voices and languages of the Live models. Source: speech and capabilities pages (2026-09). */

export type Voice = { name: string; style: string };

/** The 30 voices that every Live audio model has. */
export const VOICES: readonly Voice[] = (
  'Zephyr Bright,Puck Upbeat,Charon Informative,Kore Firm,Fenrir Excitable,Leda Youthful,Orus Firm,' +
  'Aoede Breezy,Callirrhoe Easy-going,Autonoe Bright,Enceladus Breathy,Iapetus Clear,Umbriel Easy-going,' +
  'Algieba Smooth,Despina Smooth,Erinome Clear,Algenib Gravelly,Rasalgethi Informative,Laomedeia Upbeat,' +
  'Achernar Soft,Alnilam Firm,Schedar Even,Gacrux Mature,Pulcherrima Forward,Achird Friendly,' +
  'Zubenelgenubi Casual,Vindemiatrix Gentle,Sadachbia Lively,Sadaltager Knowledgeable,Sulafat Warm'
)
  .split(',')
  .map((entry) => {
    const [name = '', style = ''] = entry.split(' ');
    return { name, style };
  });

/** Library voices of 3.8, addressed as `en-us-<name>`. One of them (tavi) was probed; the rest are listed. */
export const LIBRARY_VOICES: readonly string[] = (
  'arlo bodi brio cruz daro elio enya enzo finn fola gero hali jett lora ludo lumi mako neno nika nyla ' +
  'rami riko rina tari tavi tova varo veda zali zeno'
)
  .split(' ')
  .map((name) => `en-us-${name}`);

/** The exact spelling of a voice, whatever case the user typed; undefined for one that is not in the tables. */
export function findVoice(name: string): string | undefined {
  const wanted = name.toLowerCase();
  return (
    VOICES.find((voice) => voice.name.toLowerCase() === wanted)?.name ??
    LIBRARY_VOICES.find((voice) => voice === wanted)
  );
}

/** Also one that the library has had since. */
export const isLibraryVoice = (name: string): boolean => /^en-us-/i.test(name);

/** Languages that are recognised and spoken, BCP-47. */
export const LANGUAGES: readonly string[] = (
  'af ak sq am ar hy as az eu be bn bs bg my ca ceb zh-Hans zh-Hant hr cs da nl en et fo fil fi fr gl ka ' +
  'de el gu ha he hi hu is id ga it ja kn kk km rw ko ku ky lo lv lt mk ms ml mt mi mr mn ne no nb or om ' +
  'ps fa pl pt-BR pt-PT pa qu ro rm ru sr sd si sk sl so st es sw sv tg ta te th tn tr tk uk ur uz vi cy ' +
  'fy wo yo zu'
).split(' ');
