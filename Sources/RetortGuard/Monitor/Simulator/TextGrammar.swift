// SPDX-License-Identifier: Apache-2.0

/// Makes texts of the vocabulary.
struct TextGrammar {
    var random: SeededGenerator

    /// Fills `@` with a topic, `~` with a name, `%` with a number.
    mutating func fill(_ template: String, topic: String) -> String {
        var text = ""
        text.reserveCapacity(template.utf8.count + 32)
        for character in template.unicodeScalars {
            switch character {
            case "@": text += topic
            case "~": text += name()
            case "%": text += String(random.between(2, 97))
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }

    /// A name: of a person, a place or a firm, most of them never seen before.
    mutating func name() -> String {
        if random.chance(0.3) { return random.pick(Vocabulary.names) }
        var name = ""
        for _ in 0..<random.between(2, 3) { name += random.pick(Vocabulary.syllables) }
        return name.prefix(1).uppercased() + name.dropFirst()
    }

    mutating func topic(_ domain: Int) -> String {
        let term = random.pick(Vocabulary.domains[domain].terms)
        switch random.below(6) {
        case 0: return random.pick(Vocabulary.qualifiers) + " " + term
        case 1: return term + " in " + name()
        case 2: return term + " and " + random.pick(Vocabulary.domains[domain].terms)
        default: return term
        }
    }

    mutating func document(_ domain: Int, sentences: Int) -> String {
        var text = ""
        for _ in 0..<sentences {
            if !text.isEmpty { text += " " }
            text += fill(random.pick(Vocabulary.statements), topic: topic(domain))
        }
        return text
    }

    mutating func foreignDocument(_ language: Int, _ domain: Int, sentences: Int) -> String {
        let statements = Vocabulary.foreign[language % Vocabulary.foreign.count]
        return (0..<sentences).map { _ in fill(random.pick(statements), topic: topic(domain)) }
            .joined(separator: " ")
    }

    private static let questions = [
        "What is @?", "How does @ work?", "Why does @ matter for ~?", "Explain @.",
        "What are the main causes of @?", "Compare @ with what was usual before.",
        "Is @ still relevant today?", "Can you give me an overview of @?",
        "What should I know about @ before I start?", "How long does @ usually take?",
        "Describe @ and give an example.", "Which mistakes are common with @?",
        "What would change if there were no @?", "How do I explain @ to my colleague ~?",
        "Give me % tips about @.", "Tell me more about @.", "Who should care about @ and why?",
        "What is the difference between @ and the usual approach?",
        "Help me plan @ for next month.", "Summarise what is known about @.",
        "Could you walk me through @ step by step?", "What are the pros and cons of @?",
        "I read that @ is overrated. Is that true?", "Write a short text about @.",
    ]

    mutating func question(_ domain: Int) -> String {
        fill(random.pick(Self.questions), topic: topic(domain))
    }

    /// As people type: no capitals, slips, short forms.
    mutating func informal(_ text: String) -> String {
        var text = text.lowercased()
        if random.chance(0.4) { text = random.pick("hi ", "hey ", "ok so ", "pls ", "btw ") + text }
        if random.chance(0.5), text.hasSuffix("?") || text.hasSuffix(".") { text.removeLast() }
        if random.chance(0.3) { text += random.pick(" thx", " pls", " lol", " i dont get it") }
        return text
    }

    /// A problem with numbers.
    mutating func problem() -> String {
        let a = random.between(3, 60)
        let b = random.between(2, 12)
        let c = random.between(20, 400)
        let who = name()
        let thing = random.pick("tickets", "pallets", "litres", "seedlings", "pages", "panels")
        switch random.below(6) {
        case 0:
            return
                "\(who) has \(c) \(thing) and gives away \(a) of them each day for \(b) days. How many \(thing) are left?"
        case 1:
            return
                "A train leaves \(who) at \(b) o'clock with \(a) km/h. How far has it come after \(c) minutes?"
        case 2: return "Solve \(b)x + \(a) = \(c) for x."
        case 3:
            return
                "A box holds \(b) \(thing). How many boxes does \(who) need for \(c) \(thing), and how many stay over?"
        case 4: return "What is the remainder when \(c) to the power of \(b) is divided by \(a)?"
        default:
            return
                "The price of \(a) \(thing) is \(c) euros. With a discount of \(b) percent, what do \(b) \(thing) cost?"
        }
    }

    /// Lines of code in one of three languages.
    mutating func code(lines: Int) -> String {
        let style = random.below(3)
        var text = ""
        for _ in 0..<lines {
            let f = identifier()
            let x = identifier()
            let n = random.between(1, 99)
            switch (style, random.below(4)) {
            case (0, 0): text += "def \(f)(\(x)):\n"
            case (0, 1): text += "    \(x) = \(f)(\(n))\n"
            case (0, 2): text += "    if \(x) == \(n): return {\"\(f)\": \(x)}\n"
            case (0, _): text += "    for \(x) in range(\(n)): \(f)[\(x)] = \(n);\n"
            case (1, 0): text += "int \(f)(char *\(x)) {\n"
            case (1, 1): text += "  strcpy(\(f), \(x)); free(\(x));\n"
            case (1, _): text += "  if (\(x) = \(n)) { return \(f)(\(x)); }\n"
            case (_, 0): text += "SELECT \(x) FROM \(f) WHERE id = \(n);\n"
            case (_, _): text += "const \(x) = await \(f)({ id: \(n) });\n"
            }
        }
        return text
    }

    mutating func identifier() -> String {
        random.pick(Vocabulary.syllables) + "_"
            + random.pick("count", "user", "item", "buffer", "row", "index", "total", "path")
    }

    /// A task with its own form, as instruction sets have them: an act, a topic, a constraint.
    mutating func instruction(_ domain: Int) -> String {
        let act = random.pick(Self.acts)
        var text = fill(act, topic: topic(domain))
        if random.chance(0.75) { text += " " + fill(random.pick(Self.constraints), topic: "") }
        if random.chance(0.2) { text += " " + fill(random.pick(Self.constraints), topic: "") }
        return text
    }

    private static let acts = [
        "Write an essay about @.", "Describe @ in detail.", "List the steps needed for @.",
        "Compose a dialogue between two people who disagree about @.",
        "Explain @ to someone who has never heard of it.", "Draft a plan for @.",
        "Give three examples of @ and discuss each.", "Create a checklist for @.",
        "Argue for and against @.", "Design an experiment to study @.",
        "Outline a short course on @.", "Write a story in which @ plays a part.",
        "Prepare a set of interview answers about @.", "Analyse the risks of @.",
        "Propose a way to measure @.", "Summarise the history of @.",
        "Write a letter to ~ about @.", "Derive the main result behind @.",
        "Implement a small program that models @.", "Classify the different kinds of @.",
        "Suggest improvements to how @ is handled in ~.", "Estimate the cost of @ for a town.",
        "Rewrite a common misconception about @ so that it is correct.",
        "Discuss how @ relates to @.",
    ]

    private static let constraints = [
        "Use at most % words.", "Answer as a table.", "Write for an audience of experts.",
        "Include at least % examples.", "Avoid technical terms.", "Use a formal tone.",
        "End with a question.", "Mention ~ at least once.", "Structure it in % parts.",
        "Give sources where possible.", "Make it humorous.", "Justify each claim.",
        "Use bullet points.", "State your assumptions.", "Be as thorough as you can.",
    ]
}
