/** What is used of WebAssembly; TypeScript knows it only together with the whole of a browser. */
declare namespace WebAssembly {
	type Imports = Record<string, Record<string, unknown>>;
	function compile(bytes: Uint8Array): Promise<Module>;
	class Instance {
		constructor(module: Module, imports: Imports);
		readonly exports: Record<string, unknown>;
	}
}
