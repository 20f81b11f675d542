/** What can be done with a token, for all that offers it. Knows nothing of Node.js, since the Token Overview loads it. */

/** How each is done with the token, alone or by the user step by step; `none`: neither here nor at its system. */
export interface Ways {
	readonly rotate: "called" | "guided" | "none";
	readonly revoke: "called" | "guided" | "none";
	/** Whether this editor's token may change the token where it is. */
	readonly change: boolean;
	/** Whether it may let the token work again as it did: enable it, or undo its rotation. */
	readonly restore: boolean;
}
