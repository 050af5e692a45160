// SPDX-License-Identifier: Apache-2.0
/** TeX's names and the characters they stand for. */

/** @param {string} text pairs `name:character` */
const table = (text) => new Map(text.trim().split(/\s+/).map((pair) => /** @type {[string, string]} */ (pair.split(/:(.*)/s, 2))));

/** Letters: italic like variables. */
export const LETTERS = table(`
alpha:α beta:β gamma:γ delta:δ epsilon:ϵ varepsilon:ε zeta:ζ eta:η theta:θ vartheta:ϑ iota:ι kappa:κ lambda:λ mu:μ nu:ν xi:ξ
omicron:ο pi:π varpi:ϖ rho:ρ varrho:ϱ sigma:σ varsigma:ς tau:τ upsilon:υ phi:ϕ varphi:φ chi:χ psi:ψ omega:ω
ell:ℓ imath:ı jmath:ȷ hbar:ℏ hslash:ℏ partial:∂ wp:℘`);

/** Upright letters and signs that are operands. */
export const UPRIGHT = table(`
Gamma:Γ Delta:Δ Theta:Θ Lambda:Λ Xi:Ξ Pi:Π Sigma:Σ Upsilon:Υ Phi:Φ Psi:Ψ Omega:Ω
infty:∞ emptyset:∅ varnothing:∅ nabla:∇ Re:ℜ Im:ℑ aleph:ℵ beth:ℶ angle:∠ measuredangle:∡ triangle:△ square:□ Box:□
blacksquare:■ bigstar:★ diamondsuit:♢ heartsuit:♡ clubsuit:♣ spadesuit:♠ top:⊤ bot:⊥ checkmark:✓ degree:° prime:′
ldots:… dots:… dotsc:… cdots:⋯ dotsb:⋯ dotsm:⋯ vdots:⋮ ddots:⋱ pounds:£ S:§ P:¶ copyright:©`);

/** Binary operators, relations and arrows. */
export const OPERATORS = table(`
pm:± mp:∓ times:× div:÷ cdot:⋅ ast:∗ star:⋆ circ:∘ bullet:∙ oplus:⊕ ominus:⊖ otimes:⊗ oslash:⊘ odot:⊙ dagger:† ddagger:‡
cap:∩ cup:∪ uplus:⊎ sqcap:⊓ sqcup:⊔ vee:∨ lor:∨ wedge:∧ land:∧ setminus:∖ smallsetminus:∖ wr:≀ amalg:⨿ diamond:⋄ bigcirc:◯ ltimes:⋉ rtimes:⋊
neg:¬ lnot:¬ forall:∀ exists:∃ nexists:∄ colon:: therefore:∴ because:∵
leq:≤ le:≤ leqslant:⩽ geq:≥ ge:≥ geqslant:⩾ neq:≠ ne:≠ equiv:≡ approx:≈ approxeq:≊ cong:≅ sim:∼ simeq:≃ propto:∝ doteq:≐ triangleq:≜ coloneqq:≔
ll:≪ gg:≫ prec:≺ succ:≻ preceq:⪯ succeq:⪰ lesssim:≲ gtrsim:≳ asymp:≍ models:⊨ vdash:⊢ dashv:⊣ Vdash:⊩ vDash:⊨ perp:⊥ parallel:∥ nparallel:∦ mid:∣ nmid:∤
in:∈ notin:∉ ni:∋ subset:⊂ supset:⊃ subseteq:⊆ supseteq:⊇ subsetneq:⊊ supsetneq:⊋ nsubseteq:⊈ sqsubseteq:⊑ sqsupseteq:⊒ lhd:⊲ rhd:⊳ triangleleft:◁ triangleright:▷
to:→ rightarrow:→ leftarrow:← gets:← leftrightarrow:↔ Rightarrow:⇒ Leftarrow:⇐ Leftrightarrow:⇔ implies:⟹ impliedby:⟸ iff:⟺
longrightarrow:⟶ longleftarrow:⟵ longleftrightarrow:⟷ Longrightarrow:⟹ Longleftarrow:⟸ Longleftrightarrow:⟺ mapsto:↦ longmapsto:⟼
hookrightarrow:↪ hookleftarrow:↩ twoheadrightarrow:↠ rightharpoonup:⇀ rightleftharpoons:⇌ leadsto:⇝ rightsquigarrow:⇝
uparrow:↑ downarrow:↓ updownarrow:↕ Uparrow:⇑ Downarrow:⇓ nearrow:↗ searrow:↘ swarrow:↙ nwarrow:↖ upharpoonright:↾
lt:< gt:> vert:| Vert:‖ backslash:\\ slash:/ surd:√`);

/** Large operators: their limits go above and below in display style, except an integral's. */
export const LARGE = table(`
sum:∑ prod:∏ coprod:∐ bigcup:⋃ bigcap:⋂ bigsqcup:⨆ bigvee:⋁ bigwedge:⋀ bigoplus:⨁ bigotimes:⨂ bigodot:⨀ biguplus:⨄
int:∫ iint:∬ iiint:∭ oint:∮ oiint:∯`);
export const INTEGRALS = new Set("∫∬∭∮∯");

/** Named functions; those of the second set take limits below. */
export const FUNCTIONS = new Set(("arccos arcsin arctan arg cos cosh cot coth csc deg dim exp hom ker lg ln log sec sin sinh tan tanh sgn erf Pr "
  + "det gcd inf lim liminf limsup max min sup argmax argmin lcm").split(" "));
export const LIMIT_FUNCTIONS = new Set("det gcd inf lim liminf limsup max min sup argmax argmin Pr".split(" "));
export const FUNCTION_TEXT = new Map([["liminf", "lim inf"], ["limsup", "lim sup"], ["argmax", "arg max"], ["argmin", "arg min"]]);

/** Delimiters by name, as behind \left, \right and \big. */
export const DELIMITERS = table(`
lbrace:{ rbrace:} lbrack:[ rbrack:] langle:⟨ rangle:⟩ lfloor:⌊ rfloor:⌋ lceil:⌈ rceil:⌉ lvert:| rvert:| lVert:‖ rVert:‖ vert:| Vert:‖
lgroup:⟮ rgroup:⟯ uparrow:↑ downarrow:↓ updownarrow:↕ Uparrow:⇑ Downarrow:⇓ backslash:\\ ulcorner:⌜ urcorner:⌝ llcorner:⌞ lrcorner:⌟`);

/** Accents: the character, and whether it stretches. */
export const ACCENTS = new Map(/** @type {[string, [string, boolean]][]} */ (Object.entries({
  hat: ["^", false], widehat: ["^", true], check: ["ˇ", false], tilde: ["~", false], widetilde: ["~", true], acute: ["´", false],
  grave: ["`", false], dot: ["˙", false], ddot: ["¨", false], dddot: ["⃛", false], breve: ["˘", false], bar: ["‾", false],
  vec: ["→", false], mathring: ["˚", false], overline: ["‾", true], overrightarrow: ["→", true], overleftarrow: ["←", true],
  overleftrightarrow: ["↔", true], overbrace: ["⏞", true], overbracket: ["⎴", true],
})));
/** The same below. @type {Map<string, string>} */
export const UNDER_ACCENTS = new Map(Object.entries({
  underline: "_", underbrace: "⏟", underbracket: "⎵", underrightarrow: "→", underleftarrow: "←",
}));

/** Spaces in em. @type {Map<string, string>} */
export const SPACES = new Map(Object.entries({
  ",": "0.1667em", ":": "0.2222em", ">": "0.2222em", ";": "0.2778em", "!": "-0.1667em", " ": "0.25em", "~": "0.25em", quad: "1em", qquad: "2em",
  enspace: "0.5em", thinspace: "0.1667em", medspace: "0.2222em", thickspace: "0.2778em", negthinspace: "-0.1667em", space: "0.25em",
}));

/** What \not makes of a relation. @type {Map<string, string>} */
export const NEGATED = new Map(Object.entries({
  "=": "≠", "∈": "∉", "≡": "≢", "∼": "≁", "≈": "≉", "⊂": "⊄", "⊃": "⊅", "⊆": "⊈", "⊇": "⊉", "∣": "∤", "∥": "∦", "<": "≮", ">": "≯", "≤": "≰",
  "≥": "≱", "∃": "∄", "≅": "≇", "→": "↛", "⇒": "⇏", "∋": "∌",
}));
