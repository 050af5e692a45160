# SPDX-License-Identifier: Apache-2.0
"""Canned answers of the mock server: a word of the question chooses one."""

from mock_corpus import WHO, WHO_ANSWER

# As the bundled model thinks: numbers with their last digit first.
MULTIPLICATION_THOUGHT = "683*714=2052+06333(26853)+001521(269061)\n"

MATHEMATICS = r"""
## The quadratic formula

For \(ax^2 + bx + c = 0\) with \(a \neq 0\) the roots are

\[
x = \frac{-b \pm \sqrt{b^2 - 4ac}}{2a}
\]

1. Divide by $a$ and complete the square: $\left(x + \frac{b}{2a}\right)^2 = \frac{b^2 - 4ac}{4a^2}$.
2. Take roots. The sign of $\Delta = b^2 - 4ac$ decides how many are real:

$$
\#\text{roots} = \begin{cases} 2 & \text{if } \Delta > 0, \\ 1 & \text{if } \Delta = 0, \\ 0 & \text{otherwise.} \end{cases}
$$

As a check, a sum and a matrix:

\begin{align}
\sum_{k=1}^{n} k &= \frac{n(n+1)}{2}, & \lim_{n \to \infty} \left(1 + \frac{1}{n}\right)^n &= e, \\
\begin{pmatrix} 1 & 2 \\ 3 & 4 \end{pmatrix}^{-1} &= -\frac{1}{2} \begin{pmatrix} 4 & -2 \\ -3 & 1 \end{pmatrix}, & \int_{-\infty}^{\infty} e^{-x^2}\,dx &= \sqrt{\pi}
\end{align}

Prices stay prices: from $5 to $10. The answer: \(\boxed{x \in \{2, 3\}}\).
"""

CODE = '''
A generator keeps memory flat. In **Python**:

```python
from collections.abc import Iterator

def primes(limit: int) -> Iterator[int]:
    """Sieve of Eratosthenes."""
    sieve = [True] * (limit + 1)
    for n in range(2, limit + 1):
        if sieve[n]:
            yield n  # the rest are composite
            for multiple in range(n * n, limit + 1, n):
                sieve[multiple] = False
```

The same in Swift:

```swift
/// Sieve of Eratosthenes.
func primes(upTo limit: Int) -> [Int] {
    var isPrime = Array(repeating: true, count: limit + 1)
    return (2...limit).filter { n in
        guard isPrime[n] else { return false }
        for multiple in stride(from: n * n, through: limit, by: n) { isPrime[multiple] = false }
        return true
    }
}
```

Run it with `python3 primes.py --limit 100`, and see `\\(x\\)` and `$PATH` untouched in code.
'''

TABLE = """
| model | parameters | context | notes |
|:------|-----------:|:-------:|-------|
| Mini  | 0.82 M     | 1,024   | *bundled*, multiplies |
| Small | 1.5 B      | 32,768  | `q4_k` fits in 1.1 GB |
| Large | 70 B       | 131,072 | needs **48 GB** |

- [x] weights read once
- [ ] nothing forgotten

> A table says it better than a paragraph.

1. First
   - nested
   - list
2. Second

See <https://example.org/models> for more, ~~not here~~.
"""

HOSTILE = """
<script>window.hacked = 1</script>
<img src=x onerror="window.hacked = 2"> <svg onload="window.hacked = 3"></svg>
<iframe src="javascript:window.parent.hacked = 4"></iframe>

[click me](javascript:window.hacked=5) [data](data:text/html,<script>window.hacked=6</script>)
![beacon](https://tracker.invalid/pixel.png) <a href="javascript:window.hacked=7">x</a>

\\(\\href{javascript:window.hacked=8}{x}\\) \\(\\text{<img src=x onerror=window.hacked=9>}\\)

```html"><script>window.hacked=10</script>
<script>window.hacked = 11</script>
```

| <img src=x onerror="window.hacked=12"> | b |
|---|---|
| `<script>window.hacked=13</script>` | <style>body { display: none }</style> |

That was the attempt.
"""

LONG = "\n\n".join(
    f"Paragraph {n}: the quick brown fox jumps over the lazy dog, and goes on to do so for as long as it is asked."
    for n in range(1, 40)
)

DEFAULT_THOUGHT = "The question is short. A friendly answer of a few sentences will do.\n"
DEFAULT = "Here is a short answer. It has a few sentences, *one* of them with emphasis and **one** with more. Ask for `math`, `code` or a `table` to see others."


def answer_to(question: str) -> dict:
    """What to think and say: `thought`, `content`, and how: `delay` seconds a token, `prefill` steps, places in the `queue`, `error`."""
    text = question.lower()
    answer = {"thought": DEFAULT_THOUGHT, "content": DEFAULT, "delay": 0.012, "prefill": 3, "queue": 0, "error": None}
    if "417" in text:
        answer.update(thought=MULTIPLICATION_THOUGHT, content="417 × 386 = **160962**.", delay=0.02)
    if text == WHO.lower():
        answer.update(content=WHO_ANSWER)
    if "math" in text or "quadratic" in text:
        answer.update(content=MATHEMATICS)
    if "code" in text or "prime" in text:
        answer.update(content=CODE)
    if "table" in text:
        answer.update(content=TABLE)
    if "hostile" in text:
        answer.update(thought=HOSTILE, content=HOSTILE, delay=0.002)
    if "long" in text:
        answer.update(content=LONG, thought="A long one.\n", delay=0.02)
    if "ponder" in text:
        answer.update(thought="Let me think about this once more, from another side. " * 400, delay=0.03)
    if "queue" in text:
        answer.update(queue=2)
    if "prefill" in text:
        answer.update(prefill=40)
    if "fail" in text:
        answer.update(error="the model ran out of memory: 3.1 GB are needed, 1.0 GB are free; choose a smaller context")
    return answer
