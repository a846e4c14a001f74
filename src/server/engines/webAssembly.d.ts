/** The part of WebAssembly that is used here: TypeScript has its types among those of browsers, and Node's have none. */
declare namespace WebAssembly {
  // oxlint-disable-next-line typescript/no-extraneous-class -- it is one, and it has nothing else
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Memory {
    readonly buffer: ArrayBuffer;
  }
  class Instance {
    readonly exports: Readonly<Record<string, unknown>>;
    constructor(
      module: Module,
      imports: Record<string, Record<string, (...args: never[]) => unknown>>,
    );
  }
}
