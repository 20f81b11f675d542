/** The extension host's console says it before each test, for `vscode.ts`, which ends a host that says nothing for long. */
export const testBegins = "A test begins: ";
