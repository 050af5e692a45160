// SPDX-License-Identifier: Apache-2.0
/**
 * A conversation's messages as a tree, and the branch of it that is shown.
 * @typedef {import("./types.js").Message} Message
 */

export class Tree {
  /** @param {Message[]} messages parents first */
  constructor(messages) {
    /** @type {Map<string, Message>} */
    this.byId = new Map(messages.map((message) => [message.id, message]));
    /** @type {Map<string|null, Message[]>} */
    this.byParent = new Map();
    for (const message of messages) {
      const siblings = this.byParent.get(message.parent);
      if (siblings) siblings.push(message);
      else this.byParent.set(message.parent, [message]);
    }
    for (const siblings of this.byParent.values()) siblings.sort((a, b) => a.created - b.created);
  }

  /** From the first message to `leaf`. @param {string|null} leaf @returns {Message[]} */
  path(leaf) {
    const path = [];
    const seen = new Set();
    let message = leaf === null ? undefined : this.byId.get(leaf);
    while (message && !seen.has(message.id)) {
      seen.add(message.id);
      path.push(message);
      message = message.parent === null ? undefined : this.byId.get(message.parent);
    }
    return path.reverse();
  }

  /** The message and its alternatives, in order. @param {Message} message @returns {Message[]} */
  siblings(message) {
    return this.byParent.get(message.parent) ?? [message];
  }

  /** The end of the newest branch below a message. @param {string} id @returns {string} */
  newestLeaf(id) {
    for (;;) {
      const children = this.byParent.get(id);
      if (!children) return id;
      id = children[children.length - 1].id;
    }
  }
}
