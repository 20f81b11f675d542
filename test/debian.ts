/** Gets a package of Debian's where the tests need a program that npm does not have, and may install it. */
import { spawnSync } from "node:child_process";

/** Only root may; whether it worked is seen by looking for the program. */
export function installDebianPackage(name: string): void {
	const options = { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" }, stdio: "inherit" } as const;
	spawnSync("apt-get", ["update", "-qq"], options);
	spawnSync("apt-get", ["install", "-y", "-qq", "--no-install-recommends", name], options);
}
