// SPDX-License-Identifier: Apache-2.0
//
// A parsed template. Names are numbers that the parser hands out, so that a look-up compares
// integers. Operators of one precedence are one flat node: a long sum makes no deep tree.

/// A variable's name as a number, an index into `Template.names`.
typealias NameID = Int

struct Template: Sendable {
    let body: [Statement]
    /// The spelling of every `NameID`.
    let names: [String]
    let loopName: NameID
    let callerName: NameID
    let keywordsName: NameID
    let varargsName: NameID
}

indirect enum Expression: Sendable {
    case none
    case bool(Bool)
    case integer(Int)
    case float(Double)
    case string(String)
    case name(NameID)
    case list([Expression])
    case tuple([Expression])
    case dict([(key: Expression, value: Expression)])
    case negate(Expression)
    case plus(Expression)
    case not(Expression)
    case arithmetic(Expression, [(operation: ArithmeticOperator, operand: Expression)])
    case concatenation([Expression])
    case and([Expression])
    case or([Expression])
    case comparison(Expression, [(operation: ComparisonOperator, operand: Expression)])
    case conditional(test: Expression, then: Expression, otherwise: Expression?)
    case postfix(Expression, [Postfix])
}

enum ArithmeticOperator: Sendable {
    case add, subtract, multiply, divide, floorDivide, modulo, power
}

enum ComparisonOperator: Sendable {
    case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual, contained, notContained
}

/// What may follow a value: `.name`, `[item]`, `[a:b:c]`, a call, a filter, a test.
enum Postfix: Sendable {
    case attribute(String)
    case item(Expression)
    case slice(start: Expression?, stop: Expression?, step: Expression?)
    case call(Arguments)
    case filter(FilterCall)
    case test(name: String, Arguments, isNegated: Bool)
}

struct FilterCall: Sendable {
    let name: String
    let arguments: Arguments
}

struct Arguments: Sendable {
    var positional: [Expression] = []
    var keywords: [(name: String, value: Expression)] = []
    /// `*sequence`
    var star: Expression?
    /// `**mapping`
    var doubleStar: Expression?
}

indirect enum Target: Sendable {
    case name(NameID)
    case tuple([Target])
    /// `namespace.attribute`
    case attribute(NameID, String)
}

struct Statement: Sendable {
    let kind: Kind
    let line: Int

    indirect enum Kind: Sendable {
        case text(String)
        case output(Expression)
        case condition([(test: Expression, body: [Statement])], otherwise: [Statement])
        case loop(Loop)
        case set(Target, Expression)
        case setBlock(Target, [FilterCall], [Statement])
        case macro(MacroDefinition)
        case callBlock(callee: Expression, Arguments, MacroDefinition)
        case filterBlock([FilterCall], [Statement])
        case with([(target: Target, value: Expression)], [Statement])
        /// `{% generation %}`: what the model wrote, for training masks.
        case generation([Statement])
        /// `{% block name %}`, which without inheritance is only a scope.
        case block([Statement])
        case breakLoop
        case continueLoop
    }
}

final class Loop: Sendable {
    let target: Target
    let iterable: Expression
    let filter: Expression?
    let isRecursive: Bool
    let body: [Statement]
    let otherwise: [Statement]

    init(
        target: Target, iterable: Expression, filter: Expression?, isRecursive: Bool,
        body: [Statement], otherwise: [Statement]
    ) {
        self.target = target
        self.iterable = iterable
        self.filter = filter
        self.isRecursive = isRecursive
        self.body = body
        self.otherwise = otherwise
    }
}

final class MacroDefinition: Sendable {
    struct Parameter: Sendable {
        let id: NameID
        let name: String
        let fallback: Expression?
    }

    let id: NameID
    let name: String
    let parameters: [Parameter]
    let body: [Statement]
    /// Which of the special names the body reads; only those may be passed.
    let usesCaller: Bool
    let usesKeywords: Bool
    let usesVarargs: Bool

    init(
        id: NameID, name: String, parameters: [Parameter], body: [Statement],
        usesCaller: Bool, usesKeywords: Bool, usesVarargs: Bool
    ) {
        self.id = id
        self.name = name
        self.parameters = parameters
        self.body = body
        self.usesCaller = usesCaller
        self.usesKeywords = usesKeywords
        self.usesVarargs = usesVarargs
    }
}
