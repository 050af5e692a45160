// SPDX-License-Identifier: Apache-2.0
//
// The words that the sketch looks for. They are in the program and not in the log: a log has counts of them alone.

import RetortTensor

/// Words that ask for hidden reasoning or for new instructions, function words, and the languages they tell.
public enum Lexicon {
    /// What a word is. A word may be several things.
    struct Kinds: OptionSet, Sendable {
        let rawValue: UInt32
        /// What a model is asked to lay open: "reasoning", "monologue".
        static let traceNoun = Kinds(rawValue: 1)
        /// Words that few honest requests put beside it: "internal", "verbatim".
        static let traceHard = Kinds(rawValue: 2)
        /// Words that many do: "full", "detailed".
        static let traceSoft = Kinds(rawValue: 4)
        static let traceVerb = Kinds(rawValue: 8)
        static let step = Kinds(rawValue: 16)
        static let synthesisVerb = Kinds(rawValue: 32)
        /// "instruction", "prompt".
        static let synthesisHard = Kinds(rawValue: 64)
        /// "exercise", "problem".
        static let synthesisSoft = Kinds(rawValue: 128)
        static let synthesisNew = Kinds(rawValue: 256)
        static let translation = Kinds(rawValue: 512)
        static let material = Kinds(rawValue: 1024)
        static let function = Kinds(rawValue: 2048)
        static let informal = Kinds(rawValue: 4096)
    }

    struct Entry: Sendable {
        var kinds: Kinds = []
        /// A bit for each of ``languages`` that has the word as a frequent one.
        var languages: UInt32 = 0
    }

    /// Index 0 is "none of these".
    public static let languages = [
        "?", "en", "de", "fr", "es", "pt", "it", "nl", "pl", "tr", "id", "vi", "sv", "ru", "zh",
        "ja", "ko", "ar", "hi", "th", "el", "he",
    ]
    /// The first of ``languages`` that its script tells.
    static let firstByScript = 13

    /// By FNV-1a of a word's bytes, so that no string is made.
    static let entries: [UInt64: Entry] = {
        var entries: [UInt64: Entry] = [:]
        func add(_ words: String, _ kinds: Kinds, language: Int? = nil) {
            for word in words.split(whereSeparator: { $0 == " " || $0 == "\n" }) {
                let hash = FNVHash(word.utf8).value
                entries[hash, default: Entry()].kinds.formUnion(kinds)
                if let language { entries[hash, default: Entry()].languages |= 1 << language }
            }
        }
        for (words, kinds) in marked { add(words, kinds) }
        for (index, words) in frequent.enumerated() {
            add(words, .function, language: index + 1)
        }
        return entries
    }()

    private static let marked: [(String, Kinds)] = [
        (
            """
            reasoning thoughts thought thinking deliberation deliberations monologue scratchpad rationale cogitation
            introspection reflections ruminations cot musings gedankengang gedanken überlegungen denkprozess raisonnement
            pensées réflexion razonamiento pensamientos pensamiento raciocínio pensamentos ragionamento pensieri redenering
            gedachten rozumowanie myśli düşünce düşünceler penalaran suy рассуждения рассуждений мысли размышления 推理 思考 推論
            思路 추론 사고 التفكير الاستدلال तर्क विचार
            """, .traceNoun
        ),
        (
            """
            internal inner hidden private raw verbatim unfiltered unabridged unedited silent latent uncensored unspoken
            undisclosed intern interne internen inneren innere versteckte ungefiltert interno interna internos internas
            internes interni oculto oculta privé wewnętrzne wewnętrzny içsel iç internal внутренние внутренний внутренних
            скрытые 内部 原始 내부 الداخلي الداخلية आंतरिक
            """, .traceHard
        ),
        (
            """
            full complete entire whole detailed every all chain exact underlying vollständige vollständigen complet complète
            completo completa complete todo todos полностью полный 完整 全部 전체 كامل पूरा
            """, .traceSoft
        ),
        (
            """
            show write output reveal print articulate reproduce transcribe expose dump spell narrate record include document
            externalize externalise lay share give verbalize verbalise recite report describe explain return emit append
            zeige schreibe gib montre écris donne muestra escribe mostra escreva mostre mostra scrivi toon schrijf pokaż göster
            yaz tunjukkan tulis покажи напиши выведи 写出 输出 示して 書いて 보여 اكتب اعرض दिखाओ लिखो
            """, .traceVerb
        ),
        (
            "step steps schritt étape paso passo passaggio stap krok adım langkah шаг шагам 步骤 단계",
            .step
        ),
        (
            """
            generate create invent compose produce devise propose make write come brainstorm synthesize synthesise rewrite
            evolve design draft formulate
            """, .synthesisVerb
        ),
        ("instruction instructions prompt prompts directive directives", .synthesisHard),
        (
            "task tasks question questions problem problems exercise exercises query queries request requests scenario scenarios",
            .synthesisSoft
        ),
        (
            """
            new novel diverse different distinct varied unlike unseen original harder complex challenging complicated evolved
            variations variation mutated creative unique non-overlapping additional
            """, .synthesisNew
        ),
        (
            "translate translation übersetze traduis traduce traduza traduci vertaal переведи 翻译 翻訳 번역 ترجم",
            .translation
        ),
        (
            """
            following below passage document transcript context excerpt article attached text code snippet review ticket
            message record
            """, .material
        ),
        ("pls plz u im dont cant hey thx lol gonna wanna idk hi ok btw", .informal),
    ]

    /// Frequent words, in the order of ``languages``.
    private static let frequent = [
        """
        the of and to in a is that for it as with on be by this are or from at an was have not but what which how can you your
        i my me we they their its there do does if when would should could about into between please
        """,
        "der die das und ist nicht ein eine einen mit für auf den dem im von zu wie was sich auch wird werden kann bitte",
        "le la les des un une est et pour dans que qui sur avec pas ce cette du au comment quels sont",
        "el la los las un una es y para en que con por se como del al qué cuáles son cómo",
        "o a os as um uma é e para em que com por se como do da no na quais são qual",
        "il lo la i gli le un una è e per in che con si come del della quali sono qual",
        "de het een is en van voor in op met dat niet te zijn hoe wat welke",
        "jest i w na z do się nie to jak co które dla są",
        "ve bir bu için ile ne nasıl hangi olarak da de mi",
        "yang dan di untuk dengan dari ini adalah apa bagaimana pada dalam",
        "là và của trong cho các một những với như thế nào gì được",
        "och att det är en ett för på med som av inte hur vad till",
    ]
}
