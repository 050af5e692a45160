// SPDX-License-Identifier: Apache-2.0
/** As much of a DOM as the renderers use, which prints itself as HTML. */

class FakeNode {
  constructor() {
    this.parent = null;
  }

  remove() {
    if (this.parent) this.parent.children = this.parent.children.filter((child) => child !== this);
    this.parent = null;
  }
}

class FakeText extends FakeNode {
  constructor(text) {
    super();
    this.data = text;
  }

  get html() {
    return this.data.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  }
}

class FakeElement extends FakeNode {
  constructor(tag) {
    super();
    this.tag = tag;
    this.attributes = new Map();
    this.children = [];
  }

  set className(name) {
    this.attributes.set("class", name);
  }

  setAttribute(name, value) {
    if (/^on|^style$|^src$/.test(name)) throw new Error(`the renderer set ${name}`);
    this.attributes.set(name, value);
  }

  set textContent(text) {
    this.replaceChildren(new FakeText(text));
  }

  append(...nodes) {
    for (const node of nodes) {
      const child = typeof node === "string" ? new FakeText(node) : node;
      if (child.tag === "#fragment") {
        this.append(...child.children);
        continue;
      }
      child.remove();
      child.parent = this;
      this.children.push(child);
    }
  }

  replaceChildren(...nodes) {
    for (const child of [...this.children]) child.remove();
    this.append(...nodes);
  }

  get inner() {
    return this.children.map((child) => child.html).join("");
  }

  get html() {
    if (this.tag === "#fragment") return this.inner;
    const attributes = [...this.attributes].map(([name, value]) => ` ${name}="${value.replace(/&/g, "&amp;").replace(/"/g, "&quot;")}"`);
    return `<${this.tag}${attributes.join("")}>${this.inner}</${this.tag}>`;
  }
}

export const fakeDocument = {
  createElement: (tag) => new FakeElement(tag),
  createElementNS: (namespace, tag) => new FakeElement(tag),
  createTextNode: (text) => new FakeText(text),
  createDocumentFragment: () => new FakeElement("#fragment"),
};
