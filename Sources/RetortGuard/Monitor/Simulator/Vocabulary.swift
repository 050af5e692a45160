// SPDX-License-Identifier: Apache-2.0
//
// What all kinds of simulated traffic talk about: the same topics for honest users and for extraction, so that no word tells them apart.

/// Topics, names and sentences of simulated texts.
enum Vocabulary {
    struct Domain: Sendable {
        let name: String
        let terms: [String]
    }

    static let domains: [Domain] = source.split(separator: "\n").map { line in
        let parts = line.split(separator: ":")
        return Domain(
            name: String(parts.first ?? ""),
            terms: (parts.last ?? "").split(separator: ",").map {
                $0.trimmingPrefix(" ").description
            })
    }

    private static let source = """
        history: the Hanseatic League, feudal land tenure, the Silk Road, the Congress of Vienna, bronze casting, the printing press, the Black Death, Roman aqueducts, the spice trade, the Meiji reforms, the Thirty Years War, trade guilds
        biology: mitochondrial respiration, gene regulation, photosynthesis, protein folding, osmosis, mitosis, coral symbiosis, bird migration, soil microbes, pollination, immune memory, predator prey cycles
        chemistry: catalysis, acid base titration, covalent bonding, electrolysis, polymerisation, redox reactions, chromatography, crystal growth, reaction kinetics, solvents, isotopes, buffers
        physics: angular momentum, thermal expansion, superconductivity, Doppler shift, fluid viscosity, standing waves, entropy, capacitance, refraction, orbital decay, friction, quantum tunnelling
        medicine: blood pressure, vaccination schedules, insulin resistance, wound healing, sleep apnoea, migraine, antibiotic resistance, physiotherapy, iron deficiency, asthma inhalers, cataract surgery, triage
        law: tenancy agreements, patent claims, limitation periods, power of attorney, data protection notices, consumer returns, employment contracts, small claims, liability waivers, trademark renewal, inheritance, mediation
        finance: compound interest, index funds, cash flow forecasts, bond duration, invoice factoring, value added tax, amortisation, currency hedging, payroll accounting, credit scoring, break even analysis, dividend policy
        cooking: sourdough starters, slow braising, pastry lamination, knife sharpening, fermented vegetables, stock reduction, tempering chocolate, rice varieties, spice blends, pickling, roasting coffee, custards
        gardening: raised beds, composting, pruning roses, drip irrigation, seed saving, companion planting, hedge trimming, slug control, tomato blight, crop rotation, grafting, winter cover
        travel: rail passes, visa rules, packing lists, night trains, hostel booking, walking routes, airport transfers, island ferries, travel insurance, city cards, jet lag, mountain huts
        sports: interval training, offside rules, climbing grades, marathon pacing, swimming technique, recovery days, tournament brackets, goalkeeping, cycling cadence, stretching, chess openings, tennis serves
        music: chord inversions, mixing vocals, counterpoint, piano fingering, time signatures, jazz standards, microphone placement, ear training, reverb, string quartets, sight reading, tuning systems
        film: lighting ratios, continuity editing, sound design, storyboards, casting calls, colour grading, documentary interviews, camera lenses, screenplay structure, stop motion, dubbing, location permits
        programming: recursion, unit tests, garbage collection, dependency injection, regular expressions, binary search, type inference, memory leaks, code review, refactoring, hash maps, event loops
        databases: query plans, foreign keys, index selection, replication lag, schema migration, transaction isolation, connection pooling, full text search, sharding, backups, materialised views, deadlocks
        networks: packet loss, load balancing, DNS caching, TLS handshakes, subnet masks, congestion control, proxy headers, latency budgets, firewalls, multicast, routing tables, websocket keepalive
        security: password hashing, phishing training, access reviews, key rotation, threat models, audit trails, input validation, patch management, session tokens, backup encryption, incident response, least privilege
        learning: gradient descent, overfitting, attention layers, feature scaling, decision trees, embeddings, batch size, regularisation, cross validation, clustering, reward models, data augmentation
        statistics: confidence intervals, sampling bias, regression residuals, Bayes rule, hypothesis tests, bootstrap, variance reduction, survey weights, outliers, time series, effect sizes, contingency tables
        mathematics: prime factorisation, eigenvalues, modular arithmetic, geometric series, integration by parts, graph colouring, permutations, matrix inverses, induction proofs, conic sections, limits, linear programming
        astronomy: lunar eclipses, neutron stars, transit photometry, comet tails, stellar parallax, dark matter, sunspots, gravitational lensing, asteroid orbits, cosmic rays, telescope mirrors, tidal locking
        geography: river deltas, monsoons, plate boundaries, urban sprawl, glacial valleys, desertification, map projections, trade winds, census districts, karst caves, volcanic soils, land use
        education: lesson plans, peer assessment, reading fluency, spaced repetition, classroom seating, field trips, rubric design, parent meetings, homework load, language immersion, exam revision, inclusion
        marketing: landing pages, brand voice, newsletter segments, customer surveys, search ads, launch campaigns, pricing pages, loyalty schemes, product naming, trade fairs, case studies, referral codes
        staffing: job adverts, onboarding plans, performance reviews, exit interviews, shift rotas, remote work rules, pay bands, leave requests, mentoring, team offsites, skills matrices, probation
        logistics: pallet stacking, customs forms, route planning, cold chain, warehouse picking, delivery windows, returns handling, container loading, stock counts, fleet maintenance, lead times, safety stock
        energy: heat pumps, grid frequency, solar panels, battery storage, insulation grants, wind turbines, district heating, smart meters, peak tariffs, hydrogen storage, boiler service, load shedding
        farming: milk quotas, soil sampling, lambing season, grain drying, pest scouting, tractor servicing, hay making, irrigation permits, orchard spacing, feed rations, cover crops, animal passports
        psychology: working memory, habit formation, cognitive bias, attachment, sleep hygiene, motivation, group dynamics, stress coping, anchoring, attention spans, conditioning, placebo effects
        philosophy: free will, utilitarian ethics, personal identity, the social contract, scepticism, virtue, paradoxes of infinity, induction, aesthetic judgement, thought experiments, determinism, moral luck
        """

    static let qualifiers = [
        "small", "large", "older", "rural", "modern", "public", "private", "regional", "early",
        "seasonal", "shared", "low cost", "high volume", "first time", "international", "local",
    ]
    static let audiences = [
        "beginners", "a ten year old", "new colleagues", "experts", "a town council", "students",
        "busy managers", "parents", "volunteers", "engineers", "patients", "investors",
    ]
    static let names = [
        "Anna", "Bilal", "Chen", "Dora", "Emeka", "Farah", "Goran", "Hana", "Ivan", "Jun",
        "Kofi", "Lena", "Mateo", "Nadia", "Olga", "Pedro", "Quinn", "Rosa", "Samir", "Tove",
        "Uma", "Viktor", "Wanda", "Yusuf", "Zoe",
    ]
    static let syllables = [
        "al", "ber", "cor", "dan", "el", "fen", "gar", "hol", "in", "jor", "kel", "lum", "mar",
        "nor", "ost", "pel", "quin", "ros", "sil", "tor", "ul", "ver", "wil", "yar", "zen",
    ]
    static let languageNames = [
        "German", "French", "Spanish", "Portuguese", "Italian", "Dutch", "Polish", "Turkish",
        "Russian", "Chinese", "Japanese", "Arabic",
    ]

    /// Sentences about a topic (`@`) for documents.
    static let statements = [
        "The report on @ was finished in spring and covers three regions.",
        "Most people underestimate how much time @ takes.",
        "A second group looked at @ and found no clear difference.",
        "Costs rose by % percent, mainly because of @.",
        "Our team has worked with @ since the office in ~ opened.",
        "According to ~, the question of @ will be settled next year.",
        "There are several reasons why @ matters to the people involved.",
        "After the meeting, ~ agreed to review @ once more.",
        "In % cases the records about @ were incomplete.",
        "What remains is a careful look at @ and at what follows from it.",
        "Nobody expected that @ would change the schedule.",
        "The older rules for @ no longer apply outside ~.",
        "It is often said that @ cannot be measured, but the figures suggest otherwise.",
        "Please note that @ is described in more detail in section %.",
        "Visitors asked about @ more often than about anything else.",
        "The budget sets aside % thousand for @ and for training.",
    ]

    /// The same in other languages, with the topic left as it is.
    static let foreign: [[String]] = [
        [
            "Der Bericht über @ wurde im Frühjahr fertig und ist für die Gemeinde wichtig.",
            "Die meisten wissen nicht, wie viel Zeit @ in der Praxis kostet.",
            "Nach der Sitzung wird @ noch einmal von ~ geprüft.",
        ],
        [
            "Le rapport sur @ est prêt et il concerne les trois régions.",
            "La plupart des gens ne savent pas que @ est une question de temps.",
            "Après la réunion, ~ a promis de revoir @ pour la fin du mois.",
        ],
        [
            "El informe sobre @ está listo y es para las tres regiones.",
            "La mayoría de los vecinos no sabe que @ es una cuestión de tiempo.",
            "Después de la reunión, ~ va a revisar @ con el equipo.",
        ],
        [
            "O relatório sobre @ está pronto e não muda para as três regiões.",
            "A maioria não sabe que @ é uma questão de tempo.",
            "Depois da reunião, ~ vai rever @ com a equipa.",
        ],
        [
            "Il rapporto su @ è pronto e riguarda le tre regioni.",
            "La maggior parte non sa che @ è una questione di tempo.",
            "Dopo la riunione, ~ rivede @ con il gruppo per la fine del mese.",
        ],
        [
            "Het verslag over @ is klaar en gaat over de drie gebieden.",
            "De meeste mensen weten niet hoeveel tijd @ kost.",
            "Na het overleg kijkt ~ nog een keer naar @ met het team.",
        ],
        [
            "Raport o @ jest gotowy i nie dotyczy innych regionów.",
            "Nie każdy wie, jak ważne jest @ dla miasta.",
            "Po spotkaniu ~ sprawdzi @ na nowo.",
        ],
        [
            "@ için rapor hazır ve bu üç bölge için önemli.",
            "Bir çok kişi @ ne kadar zaman alır bilmiyor.",
            "Toplantıdan sonra ~ @ ile ilgili de çalışacak.",
        ],
        [
            "Отчёт о теме @ готов и касается трёх областей.",
            "Многие не знают, сколько времени занимает @.",
            "После встречи ~ ещё раз проверит @.",
        ],
        [
            "关于 @ 的报告已经完成，涉及三个地区。", "大多数人不知道 @ 需要多少时间。", "会议之后，~ 将再次检查 @。",
        ],
        [
            "@ についての報告は春に完成しました。", "多くの人は @ にどれだけ時間がかかるか知りません。", "会議の後、~ は @ をもう一度確認します。",
        ],
        [
            "تقرير @ جاهز وهو مهم للمناطق الثلاث.", "معظم الناس لا يعرفون كم من الوقت يحتاج @.",
            "بعد الاجتماع سوف يراجع ~ موضوع @ مرة أخرى.",
        ],
    ]
}
