/** As in the newest VS Code. */
export { mochaHooks } from "../workbench/hooks.ts";
