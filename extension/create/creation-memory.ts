/** What the workspace remembers of creations, to suggest it again: the system, the permissions, the expiry. No secret. */
import * as z from "zod";
import { calendarDuration } from "../../daemon/contract.ts";
import { keyOf, type System } from "./system.ts";
import type { TokenDraft } from "./token-draft.ts";

interface Memory {
	get(key: string): unknown;
	update(key: string, value: unknown): PromiseLike<void>;
}

const remembered = z.object({
	/** The key of the last system. */
	system: z.string(),
	/** By the key of a system. */
	tokens: z.record(
		z.string(),
		z.object({ permissions: z.array(z.string()), expiry: calendarDuration.nullable() }),
	),
});

const key = "create.last";
const mostSystems = 20;

const none: z.output<typeof remembered> = { system: "", tokens: {} };

function read(memory: Pick<Memory, "get">) {
	const { success, data } = remembered.safeParse(memory.get(key));
	return success ? data : none;
}

export function lastSystemOf(memory: Pick<Memory, "get">): string | undefined {
	return read(memory).system || undefined;
}

/** An exact date is not suggested again. */
export function lastTokenOf(
	memory: Pick<Memory, "get">,
	system: System,
): Pick<TokenDraft, "permissions" | "expiry"> {
	const { tokens } = read(memory);
	const last = Object.hasOwn(tokens, keyOf(system)) ? tokens[keyOf(system)] : undefined;
	if (last === undefined) return {};
	const { permissions, expiry } = last;
	return { permissions, ...(expiry !== null && { expiry: { kind: "after", duration: expiry } }) };
}

export async function remember(
	memory: Memory,
	{ system, permissions = [], expiry }: TokenDraft,
): Promise<void> {
	if (system === undefined) return;
	const own = keyOf(system);
	const others = Object.entries(read(memory).tokens).filter(([other]) => other !== own);
	const token = { permissions, expiry: expiry?.kind === "after" ? expiry.duration : null };
	const tokens = Object.fromEntries([[own, token], ...others].slice(0, mostSystems));
	await memory.update(key, { system: own, tokens });
}
