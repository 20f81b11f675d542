/** Rotates a token in the env files of this window. */
import type { ActionOptions } from "../action.ts";
import { accessWith } from "../connections/connections.ts";
import { replaceSecrets, secretOn } from "../env/env-lines.ts";
import {
	type RotationDeps,
	type RotationInput,
	type RotationOutcome,
	rotateInOrder,
	type Stage,
} from "./rotation-sequence.ts";

const editor = { accessWith, replaceSecrets, secretOn };

/** Can be cancelled until the first line is written. */
export function rotateToken(
	deps: RotationDeps,
	input: RotationInput,
	options: ActionOptions<Stage> = {},
): Promise<RotationOutcome> {
	return rotateInOrder({ ...deps, editor }, input, options);
}
