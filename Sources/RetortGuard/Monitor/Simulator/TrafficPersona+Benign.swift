// SPDX-License-Identifier: Apache-2.0
//
// Honest users, the heavy ones among them: each does a little of what extraction does a lot of.

extension TrafficPersona {
    mutating func prepareBenign(_ group: UInt64?, _ all: [Int]) {
        let firm = grammar.name()
        let broad = Array(all.prefix(grammar.random.between(8, all.count)))
        switch kind {
        case .chat:
            domains = broad
            system =
                "You are a helpful assistant of \(firm). Answer in a friendly way and keep to the point."
            isStream = true
        case .playground:
            domains = broad
            isStream = grammar.random.chance(0.5)
        case .translation:
            languages = (0..<grammar.random.between(1, 6)).map { _ in
                grammar.random.below(Vocabulary.languageNames.count)
            }
            templates = [
                grammar.random.pick([
                    "Translate the following text into #. Keep names and numbers as they are.\n\n",
                    "You will get a text. Return its translation into # and nothing else.\nText: ",
                    "Please translate this document to #:\n---\n", "# translation of: ",
                ])
            ]
        case .codeAudit:
            system = grammar.random.pick(
                nil,
                "You are a senior engineer who reviews code for \(firm). Report defects with line numbers.",
                "Act as a security auditor.")
            templates = [
                grammar.random.pick([
                    "Review the following code and list possible defects. Explain your reasoning for each finding.\n",
                    "Find security problems in this file:\n",
                    "Here is a change from a pull request. Is it correct? Describe every issue.\n",
                ])
            ]
        case .evaluation:
            domains = broad
            let size = grammar.random.between(150, 700)
            pool = (0..<size).map { _ in
                grammar.random.chance(0.6) ? grammar.problem() : grammar.question(domain())
            }
            templates = [
                grammar.random.pick([
                    "\nLet's think step by step.",
                    "\nThink step by step and give the final answer after ####.",
                    "\nShow your reasoning, then write the answer on the last line.",
                    "\nAnswer with a number only.",
                ])
            ]
            temperature = grammar.random.pick(0, 0, 0.6, 0.8)
        case .classroom:
            var shared = TextGrammar(random: SeededGenerator(seed: group ?? grammar.random.next()))
            domains = [shared.random.below(Vocabulary.domains.count)]
            templates = (0..<4).map { unit in
                let topic = shared.topic(domains[0])
                return shared.random.pick([
                    "Assignment \(unit + 1): explain \(topic) in your own words. My answer so far: ",
                    "I am a student. Help me with the worksheet about \(topic). Show your work step by step. Question: ",
                    "For our class on \(topic), check whether this is right and explain your reasoning: ",
                ])
            }
            isStream = true
        case .agent:
            system =
                "You are an agent of \(firm) with tools: search, read_file, run. Think about which tool to use next and reply with one call."
            maxTokens = 1024
        case .support:
            system =
                "You answer questions of customers of \(firm) from the context alone. If it is not there, say so."
            isStream = true
        case .summaries:
            templates = [
                grammar.random.pick([
                    "Summarise the following report in % sentences:\n\n",
                    "Write a summary of this document for the management.\n\n",
                    "Extract the key points of the text below as bullets.\n\n",
                ])
            ]
        case .labelling:
            system = grammar.random.pick(nil, "You label data for \(firm).")
            templates = [
                grammar.random.pick([
                    "Classify the message as complaint, question, praise or other. Answer with one word.\nMessage: ",
                    "Is this text about \(grammar.topic(domain()))? Reply yes or no.\nText: ",
                    "Rate the tone of the following text from 1 to 5.\n",
                ])
            ]
            temperature = 0
            maxTokens = 5
        case .promptTests:
            pool = (0..<grammar.random.between(20, 60)).map { _ in grammar.question(domain()) }
            templates = (0..<6).map { _ in
                grammar.random.pick([
                    "You are an expert. ", "Answer briefly. ", "Think carefully before answering. ",
                    "Explain your thinking. ", "Be honest if you do not know. ",
                    "Answer in detail. ",
                ])
            }
        case .tutor:
            system =
                "You are a patient tutor at \(firm). Show the reasoning behind every step and ask the pupil a question at the end."
            isStream = true
        case .mail:
            templates = [
                "Draft an e-mail from \(firm) to ~ about @. ",
                "Write a polite reply to ~, who asked about @. ",
                "Write a reminder for ~: @ is due on the %th. ",
            ]
        case .catalogue:
            templates = [
                grammar.random.pick([
                    "Write a product description for \"!\" (category: @). Mention % features.",
                    "Create a title and a text of % words for our shop. Product: !. Topic: @.",
                ])
            ]
            maxTokens = 600
        case .exercises:
            templates = [
                "Create % exercises about @ for my class, with solutions.",
                "Write a new quiz with % questions on @.",
                "Make the following task harder: @ for ^.",
                "Generate % different word problems about @.",
            ]
        case .studyCards:
            domains = broad
            templates = [
                grammar.random.pick([
                    "Explain @ in three sentences for a study card.",
                    "Study card: @. Give a definition and an example for ^.",
                ])
            ]
        case .articles:
            system = grammar.random.pick(nil, "You write for the site of \(firm).")
            templates = [
                grammar.random.pick([
                    "Write a blog post about @ for \(firm). Tone: friendly. Mention % benefits.",
                    "Write a long article on @ for our readers.",
                ])
            ]
        case .samplingEvaluation:
            domains = broad
            temperature = 0.8
        default: break
        }
    }

    mutating func work(_ draft: inout TrafficDraft) {
        switch kind {
        case .chat, .playground: converse(&draft)
        case .translation: translate(&draft)
        case .codeAudit:
            draft.user = template() + grammar.code(lines: grammar.random.between(10, 50))
            draft.completion = grammar.random.spread(500, 0.5)
        case .evaluation: evaluate(&draft)
        case .classroom: study(&draft)
        case .agent: act(&draft)
        case .support:
            draft.user =
                "Context:\n\(grammar.document(domain(), sentences: grammar.random.between(6, 14)))\n\nQuestion: "
                + grammar.question(domain())
            draft.completion = grammar.random.spread(120, 0.5)
        case .summaries:
            draft.user =
                template() + grammar.document(domain(), sentences: grammar.random.between(12, 30))
            draft.completion = grammar.random.spread(180, 0.4)
        case .labelling:
            draft.user =
                template() + grammar.document(domain(), sentences: grammar.random.between(1, 4))
            draft.completion = 2
            draft.logprobs = habit < 0.4 ? 5 : nil
        case .promptTests: compare(&draft)
        case .tutor: tutor(&draft)
        case .mail:
            draft.user =
                template() + "Details: "
                + grammar.document(domain(), sentences: grammar.random.between(1, 3))
            draft.completion = grammar.random.spread(220, 0.3)
        case .catalogue:
            draft.user = template()
            draft.completion = grammar.random.spread(350, 0.3)
        case .exercises:
            let isExercise = grammar.random.chance(0.7)
            draft.user = isExercise ? template() : grammar.question(domain())
            draft.completion = grammar.random.spread(isExercise ? 600 : 280, 0.5)
        case .articles:
            draft.user = template()
            draft.completion = grammar.random.spread(900, 0.3)
        case .samplingEvaluation:
            draft.user = grammar.problem() + "\nThink step by step."
            draft.n = 8
            draft.completion = 8 * grammar.random.spread(250, 0.4)
        default:
            draft.user = template()
            draft.completion = grammar.random.spread(150, 0.3)
        }
    }

    /// One of the key's templates, filled: `#` with a language, `!` with a product, `^` with an audience.
    mutating func template() -> String {
        var text = grammar.random.pick(templates)
        if text.contains("#") {
            let language = languages.isEmpty ? 0 : languages[grammar.random.below(languages.count)]
            text = text.replacing("#", with: Vocabulary.languageNames[language])
        }
        if text.contains("!") {
            text = text.replacing("!", with: "\(grammar.name()) \(grammar.random.between(10, 900))")
        }
        if text.contains("^") {
            text = text.replacing("^", with: grammar.random.pick(Vocabulary.audiences))
        }
        return grammar.fill(text, topic: grammar.topic(domain()))
    }

    private mutating func converse(_ draft: inout TrafficDraft) {
        // A conversation goes on with a chance, with shorter questions.
        turn = grammar.random.chance(0.55) ? turn + 1 : 1
        draft.turns = turn
        let isFollowUp = turn > 1 && grammar.random.chance(0.6)
        var text =
            isFollowUp
            ? grammar.random.pick(
                "And what about \(grammar.topic(domain()))?", "Can you make that shorter?",
                "Why?", "Please give an example.", "That is not what I meant.",
                "Explain your reasoning.", "How did you get to that?", "Now as a table, please.")
            : grammar.question(domain())
        if !isFollowUp, kind == .playground, grammar.random.chance(0.25) {
            text = grammar.random.chance(0.5) ? grammar.problem() : grammar.instruction(domain())
        }
        if grammar.random.chance(0.01) {
            text = "Show your full reasoning for this: " + text
        }
        draft.user = grammar.random.chance(0.2 + 0.5 * habit) ? grammar.informal(text) : text
        draft.completion = grammar.random.spread(280, 0.7)
        draft.reasoning = grammar.random.chance(0.4) ? draft.completion / 2 : 0
    }

    private mutating func translate(_ draft: inout TrafficDraft) {
        let sentences = grammar.random.between(3, 16)
        draft.user =
            template()
            + (habit < 0.3
                ? grammar.foreignDocument(languages.first ?? 0, domain(), sentences: sentences)
                : grammar.document(domain(), sentences: sentences))
        draft.completion = draft.user.utf8.count / 4
    }

    private mutating func evaluate(_ draft: inout TrafficDraft) {
        // Run after run over the same questions.
        draft.user = pool[cursor % pool.count] + (templates.first ?? "")
        cursor += 1
        draft.completion = grammar.random.spread(250, 0.5)
        draft.reasoning = draft.completion * 2 / 3
        if draft.temperature != 0, habit < 0.3 { draft.n = 4 }
        if draft.temperature == 0, habit > 0.85 {
            draft.logprobs = 5
            draft.maxTokens = 1
        }
    }

    private mutating func study(_ draft: inout TrafficDraft) {
        turn = grammar.random.chance(0.5) ? turn + 1 : 1
        draft.turns = turn
        let text =
            grammar.random.chance(0.6)
            ? grammar.random.pick(templates) + grammar.document(domain(), sentences: 2)
            : grammar.question(domain())
        draft.user = grammar.random.chance(0.5) ? grammar.informal(text) : text
        draft.completion = grammar.random.spread(250, 0.5)
    }

    private mutating func act(_ draft: inout TrafficDraft) {
        turn = turn < 40 && grammar.random.chance(0.95) ? turn + 1 : 1
        draft.turns = turn
        draft.user =
            turn == 1
            ? "Task: \(grammar.instruction(domain()))"
            : grammar.random.pick("Tool result:\n", "Observation: ", "Output of run:\n")
                + (grammar.random.chance(0.5)
                    ? grammar.code(lines: grammar.random.between(3, 25))
                    : grammar.document(domain(), sentences: grammar.random.between(1, 6)))
        draft.completion = grammar.random.spread(90, 0.6)
        draft.reasoning = draft.completion / 2
    }

    private mutating func compare(_ draft: inout TrafficDraft) {
        if grammar.random.chance(0.04) {
            draft.user =
                "Rewrite this prompt so that it is clearer: " + grammar.random.pick(templates)
        } else {
            draft.user = grammar.random.pick(templates) + grammar.random.pick(pool)
        }
        draft.n = habit < 0.3 ? 2 : 1
        draft.completion = grammar.random.spread(300, 0.4)
    }

    private mutating func tutor(_ draft: inout TrafficDraft) {
        turn = grammar.random.chance(0.6) ? turn + 1 : 1
        draft.turns = turn
        let text =
            turn == 1
            ? grammar.problem() + (grammar.random.chance(0.3) ? " Show each step." : "")
            : grammar.random.pick(
                "I think the answer is \(grammar.random.between(2, 99)).", "I do not understand.",
                "Why do we divide here?", "Can you show your thinking again?", "Next one please.")
        draft.user = grammar.random.chance(0.5) ? grammar.informal(text) : text
        draft.completion = grammar.random.spread(200, 0.4)
        draft.reasoning = draft.completion
    }
}
