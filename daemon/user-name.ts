/** The name of the user that the daemon runs as. */
import { userInfo } from "node:os";

/** In a container, a user id need not have a name: then the id is one. */
export function ownUserName(): string {
	try {
		return userInfo().username;
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ERR_SYSTEM_ERROR") throw error;
		return `uid ${process.getuid?.()}`;
	}
}
