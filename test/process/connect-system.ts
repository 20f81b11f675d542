/** Connects a running daemon to a system, as its owner does. */
import assert from "node:assert/strict";
import type { Profile, ProfileList } from "../../daemon/contract.ts";
import type { DaemonChild } from "./daemon.ts";

interface System {
	/** Of the connection. */
	id: string;
	name: string;
	baseUrl: string;
	profile: Profile;
}

/** Adds the profile as one of the owner's own, and the connection. */
export async function connectSystem(
	daemon: DaemonChild,
	{ id, name, baseUrl, profile }: System,
): Promise<void> {
	await put(daemon, `/v1/profiles/${profile.id}`, profile);
	const { profiles } = (await (await daemon.fetch("/v1/profiles")).json()) as ProfileList;
	const connectorHash = profiles.find((one) => one.id === profile.id)?.connectorHash;
	await put(daemon, `/v1/connections/${id}`, { name, profile: profile.id, baseUrl, connectorHash });
}

async function put(daemon: DaemonChild, path: string, body: object): Promise<void> {
	const headers = { "content-type": "application/json" };
	const answer = await daemon.fetch(path, { method: "PUT", headers, body: JSON.stringify(body) });
	assert.equal(answer.status, 200, await answer.text());
}
