/** What must be unique among tokens, checked in the transaction that stores them: names of some profiles, hashes, and ids at a connection. */
import type { Profile } from "../contract.ts";
import type { Transaction } from "../store/store.ts";
import type { TokenChange } from "./changes.ts";
import { isIssuedHere } from "./issued-here.ts";
import { RuleError } from "./rule-error.ts";

/** @throws RuleError `name-taken` or `already-known` */
export async function checkUnique(
	transaction: Transaction,
	change: TokenChange,
	profileOf: (id: string) => Profile,
): Promise<void> {
	if (isIssuedHere(change.after)) return refuseTakenName(transaction, change, profileOf);
	await refuseKnownHash(transaction, change);
	await refuseKnownRemoteId(transaction, change);
}

/** A successor keeps the name of its predecessor. */
async function refuseTakenName(
	transaction: Transaction,
	{ before: stored, after }: TokenChange,
	profileOf: (id: string) => Profile,
): Promise<void> {
	const before = stored?.token;
	const inherits = before === undefined && after.predecessorId !== null;
	const returns = before !== undefined && before.successorId !== null && after.successorId === null;
	if (inherits || (before?.name === after.name && !returns)) return;
	const { profile, name, id } = after;
	if (!profileOf(profile).names.unique) return;
	if (!(await transaction.isNameTaken({ profile, name, exceptId: id }))) return;
	const detail = "must be unique, and another token has this name";
	throw new RuleError("name-taken", `The name ${detail}.`, { errors: [{ pointer: "/name", detail }] });
}

/** With two records of one token, the revocation of one would end the other. */
async function refuseKnownRemoteId(transaction: Transaction, { before, after }: TokenChange): Promise<void> {
	const { connectionId, remoteId } = after;
	if (before !== undefined || connectionId === null || remoteId === null) return;
	if (!(await transaction.isRemoteIdKnown({ connectionId, remoteId }))) return;
	throw new RuleError("already-known", "There is a record of this token of the connection already.");
}

async function refuseKnownHash(transaction: Transaction, { before, after }: TokenChange): Promise<void> {
	if (before?.token.hash === after.hash || !(await transaction.isHashKnown(after.hash))) return;
	throw new RuleError("already-known", "There is a record of a token with this secret already.");
}
