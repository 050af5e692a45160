// SPDX-License-Identifier: Apache-2.0

/// A report: key figures, then sections with charts, in one HTML file that needs nothing else.
package struct ReportPage {
    package var title: String
    package var figures: [(name: String, value: String)]
    private var sections: [String] = []

    package init(title: String, figures: [(name: String, value: String)]) {
        self.title = title
        self.figures = figures
    }

    /// - Parameter content: Markup.
    package mutating func add(_ heading: String, _ content: String) {
        sections.append(
            "<section><h2>\(MarkupText.escape(heading))</h2>\n\(content)</section>")
    }

    package var html: String {
        let title = MarkupText.escape(title)
        let rows = figures.map {
            "<tr><th scope=\"row\">\(MarkupText.escape($0.name))</th><td>\(MarkupText.escape($0.value))</td></tr>"
        }
        return """
            <!DOCTYPE html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>\(title)</title>
            <style>\(ReportStyle.page)</style>
            </head>
            <body>
            <main>
            <h1>\(title)</h1>
            <section><h2>Key figures</h2>
            <table><tbody>
            \(rows.joined(separator: "\n"))
            </tbody></table></section>
            \(sections.joined(separator: "\n"))
            </main>
            </body>
            </html>

            """
    }
}
