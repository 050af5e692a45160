// SPDX-License-Identifier: Apache-2.0

/// The style sheets of reports: one palette for light and one for dark, told apart without red and
/// green.
package enum ReportStyle {
    private static let palette = """
        :root{--paper:#fff;--ink:#1c2128;--pale:#57606a;--grid:#d8dee4;--c1:#0b5cad;--c2:#b84a00;\
        --c3:#6a3fa0}
        @media (prefers-color-scheme:dark){:root{--paper:#12161c;--ink:#e4e9ef;--pale:#9aa5b1;\
        --grid:#2d343d;--c1:#6cb2ff;--c2:#ff9d5c;--c3:#c49bff}}

        """

    /// Of the SVG elements.
    package static let chart =
        palette + """
            .paper{fill:var(--paper)}
            svg text{font:12px system-ui,sans-serif;fill:var(--pale)}
            .grid{stroke:var(--grid);stroke-width:1}
            polyline{fill:none}
            .c1{stroke:var(--c1)}.c2{stroke:var(--c2)}.c3{stroke:var(--c3)}
            circle.c1{fill:var(--c1)}circle.c2{fill:var(--c2)}circle.c3{fill:var(--c3)}
            .raw{stroke-width:1;stroke-opacity:.45}
            .line,.marked{stroke-width:2;stroke-linejoin:round}
            .load{fill:var(--c1)}
            .f1{fill:var(--c1)}.f2{fill:var(--c2)}.f3{fill:var(--c3)}
            .error{stroke:var(--ink);stroke-width:1.5}

            """

    /// Of the page.
    package static let page =
        chart + """
            body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
            main{max-width:60rem;margin:0 auto;padding:1rem}
            h1{font-size:1.5rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:1.5rem 0 .5rem}
            p{color:var(--pale);font-size:.9rem;margin:.25rem 0}
            table{border-collapse:collapse}
            th,td{text-align:left;padding:.2rem 1.5rem .2rem 0;font-weight:400;vertical-align:top}
            th{color:var(--pale)}td{font-variant-numeric:tabular-nums}
            tr+tr{border-top:1px solid var(--grid)}
            .chart{display:block;width:100%;height:auto}
            pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:.85rem;margin:.25rem 0;\
            padding:.5rem;border:1px solid var(--grid)}
            details{margin:.5rem 0}summary{cursor:pointer}
            label{margin-right:1rem}
            .logarithmic{display:none}
            #logarithmic:checked~.logarithmic{display:block}
            #logarithmic:checked~.linear{display:none}
            @media print{main{max-width:none}}

            """
}
