# SPDX-License-Identifier: Apache-2.0
"""Small templates that make_template_fixtures.py renders for reference values."""

CONTEXT = {
    "none_value": None, "yes": True, "no": False, "n": 7, "zero": 0, "f": 2.5, "big": 1e16,
    "s": "Hello, World", "empty": "", "spaced": "  a b\tc \n", "uni": "Straße Ωmega ÉÅ 👍 ﬁ",
    "lines": "one\ntwo\r\n\nfour", "html": "<a href=\"x\">O'Neil & Co</a>",
    "nums": [3, 1, 2], "words": ["pear", "Apple", "fig"], "nothing": [], "mixed": [1, "a", None],
    "nested": [[1, 2], [3, [4]]], "d": {"b": 1, "a": "x", "c": None}, "nod": {},
    "users": [{"name": "Ann", "age": 31, "city": "Bern", "ok": True},
              {"name": "bob", "age": 25, "city": "bern", "ok": False},
              {"name": "Cid", "age": 31, "ok": True}],
    "shadow": {"items": "mine", "get": 1, "keys": [1]}, "deep": {"a": {"b": [{"c": "found"}]}},
    "messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "U"},
                 {"role": "assistant", "content": "A"}],
    "tree": [{"v": 1, "kids": [{"v": 2, "kids": []}, {"v": 3, "kids": [{"v": 4, "kids": []}]}]}],
    "long": "The quick brown-fox jumps over the lazy dog -- and well-known re-entry ends--here "
            "supercalifragilisticexpialidocious",
}


def printed(expressions):
    return ["{{ " + line.strip() + " }}" for line in expressions.strip().splitlines() if line.strip()]


LITERALS = printed(r"""
1
-1
1_000
0x1F
0o17
0b101
00
1.5
1e3
1.5e-7
1_0.5_0
1e16
123456789012345678
0.1
1e22
5e-324
true
True
false
none
None
'a'
"b"
'a' 'b' "c"
'it\'s \\ \n \t \x41 \u00e9 \U0001F600 \101 \q \
end'
"\"quoted\""
[]
[1, 2.0, 'x', none, true, [3]]
[1, 2,]
()
(1,)
(1, 2)
1, 2
{}
{'a': 1, 2: 'b', none: [1], true: 0}
{'a': 1, 'a': 2}
{'a': {'b': "it's"}}
["it's", 'say "x"', 'both \' "', '\n\t\\', 'é', '\x00\x7f\xa0', '\u2028', '👍']
{1: 'a', 1.0: 'b', true: 'c'}
{[1]: 2}
{(1, 2): 3}
9223372036854775807
1.
.5
'unterminated
1 +
[1, 2
{'a' 1}
{1, 2}
a b
""")

OPERATORS = printed(r"""
1 + 2 * 3 - 4
(1 + 2) * 3
7 / 2
4 / 2
7 // 2
-7 // 2
7 // -2
-7 % 3
7 % -3
7.5 // 2
-7.5 % 2
7.5 % -2
2 ** 10
2 ** 3 ** 2
2 ** -1
-2 ** 2
2 ** 0.5
0 ** 0
1 / 0
1 // 0
1 % 0
1.0 / 0
0.0 ** -1
'a' + 'b'
'a' + 1
1 + 'a'
'a' * 3
3 * 'ab'
'a' * -1
'a' * 1.5
[1] + [2]
[1] + (2,)
(1,) + (2,)
[0] * 3
2 * [1, 2]
[1] - [1]
true + true
-true
+true
-'a'
+1.5
- 1
--1
none + 1
1 ~ 'a' ~ none ~ true ~ 1.0 ~ [1]
1 ~ 2 + 3
'%s is %d' % ('x', 3)
'%s' % 'x'
'%s' % [1]
'%s' % none
'%s' % undefined_name
'%5d|%-5d|%05d|%+d|% d' % (42, 42, 42, 42, 42)
'%.2f %8.3f %e %g %G %g' % (3.14159, 2.5, 12345.678, 0.0001, 1e-10, 1e20)
'%x %X %o %#x %c %c' % (255, 255, 8, 255, 65, 'z')
'%r %s' % ('a', 'b')
'%(a)s-%(b)03d' % {'a': 'x', 'b': 7}
'%%'  % ()
'100%% of %s' % 'it'
'%*d|%-*d|' % (5, 1, 5, 2)
'%.3s|%5s|%-5s|' % ('abcdef', 'ab', 'ab')
'%d' % 2.9
'%d' % '2'
'%s' % ()
'%s' % (1, 2)
'%s %s' % 'x'
'%y' % 1
'%' % 1
'%i %u' % (1, 2)
'%s' % (none,)
'%5.1f|%-8.2e|' % (2.25, 12345)
'%f' % 1
'%#.3g %g' % (1.0, 100000.0)
1 == 1.0
1 == true
'1' == 1
[1, 2] == [1, 2]
[1, 2] == (1, 2)
{'a': 1, 'b': 2} == {'b': 2, 'a': 1}
{'a': 1} == {'a': 1.0}
none == false
none == none
undefined_a == undefined_b
'a' < 'b'
'Z' < 'a'
'é' > 'z'
[1, 2] < [1, 3]
[1] < [1, 0]
(1, 'a') < (1, 'b')
1 < 'a'
[1] < ['a']
none < 1
1 < 2 < 3
1 < 3 < 2
1 < 2 > 0 != 5
3 > 2 == 2
1 <= 1.0 >= 1
1 != 2
'a' in 'cat'
'dog' in 'cat'
'' in 'cat'
1 in 'cat'
1 in [1, 2]
1.0 in [1]
true in [1]
'a' not in ['b']
'a' in {'a': 1}
[1] in {'a': 1}
1 in none
1 in 5
1 in range(3)
'x' in undefined_name
undefined_name in [1]
undefined_name in 'abc'
'a' in d.keys()
1 in d.values()
('b', 1) in d.items()
not 1 in [2]
not true
not ''
1 and 2
0 and 2
'' or 'x'
none or 0
1 or undefined_name.x
0 or [] or {}
true and false or 'z'
not not 3
1 if true else 2
1 if false else 2
1 if false
'[' ~ (1 if false) ~ ']'
(1 if false) is undefined
1 if 0 else 2 if 0 else 3
'a' if 1 if 0 else 1 else 'b'
1 is number and 2
2 is odd or 3 is odd
-1 is number
1 + 1 is number
'a' ~ 'b' is string
9223372036854775807 + 0
""")

ACCESS = printed(r"""
s[0]
s[-1]
s[100]
s[1:4]
s[:-1]
s[::-1]
s[::2]
s[-3:]
s[5:2]
s[10:2:-3]
s[-100:3]
s[100:]
s[::0]
s['upper']()
s['nope']
s.nope
s.upper()
s[none:2]
s['a':]
uni[7]
uni[-4:]
uni | length
uni[::-1]
nums[0]
nums[-1]
nums[3]
nums.0
nums['0']
nums[true]
nums[1.0]
nums[1:]
nums[::-1]
nums[-2:]
nums[2:0:-1]
(1, 2, 3)[1:]
range(10)[2:8:3] | list
range(5)[2]
range(5)[-1]
range(5)[9]
nested[1][1][0]
d.b
d['b']
d.missing
d['missing']
d[none]
d[[1]]
d.c
d.missing.x
d.c.x
d['c']['x'] is defined
none_value.x
none_value.x.y
undefined_name
undefined_name.x
undefined_name['x']
undefined_name + 1
undefined_name()
undefined_name[1:]
-undefined_name
undefined_name < 1
undefined_name ~ 'x'
undefined_name * 2
[undefined_name]
n.x
n()
none()
s()
shadow.items() | list
shadow['items']
shadow.get('items')
shadow['keys']
shadow.keys() | list
d['items']() | list
d.get('b')
d.get('zz')
d.get('zz', 9)
d.get()
d.get('a', 1, 2)
d.items()
d.keys()
d.values()
d.items() | list
d.values() | list
d.keys() | length
d.items()[0]
d.pop('b')
d.update({'x': 1})
d.clear
d.copy()
nums.append(4)
nums.append
nums.index(1)
nums.index(9)
nums.index(2, 1)
nums.count(1)
nums.sort()
nums.copy()
(1, 2, 1).count(1)
s.__class__
d.__len__
d._x
deep.a.b[0].c
deep['a'].b.0['c']
messages[0].role
messages[-1]['content']
messages[5].role
messages[5] is defined
[1, 2, 3][1]
{'a': 1}.a
'abc'.upper().lower()
(s | upper)[0]
s[0:1, 2]
""")

STRING_METHODS = printed(r"""
'a,b,,c'.split(',')
'a,b,c'.split(',', 1)
'a,b,c'.split(sep=',', maxsplit=1)
'a,b,c'.split(maxsplit=1)
'  a  b c '.split()
'  a  b c '.split(none, 1)
'abc'.split('')
'abc'.split('x')
''.split()
''.split(',')
'<think>x</think>y'.split('</think>')[-1]
'a,b,c'.rsplit(',', 1)
' a b  c '.rsplit(none, 1)
'aaa'.rsplit('aa')
'a.b'.rsplit('.')
lines.splitlines()
lines.splitlines(true)
''.splitlines()
'a\x0bb\x1cc\u2028d'.splitlines()
spaced.strip()
spaced.lstrip()
spaced.rstrip()
'xxabxx'.strip('x')
'xyabyx'.lstrip('xy')
'\n\na\n'.strip('\n')
'a'.strip(none)
'\u3000a\u00a0'.strip()
'a'.strip(1)
'abc'.startswith('ab')
'abc'.startswith(('x', 'ab'))
'abc'.startswith(['ab'])
'abc'.startswith('b', 1)
'abc'.endswith('bc')
'abc'.endswith(('x', 'c'))
'abc'.endswith('b', 0, 2)
'abc'.endswith('')
'aXbX'.replace('X', '-')
'aXbX'.replace('X', '-', 1)
'abc'.replace('', '-')
'abc'.replace('', '-', 2)
'abc'.replace('b', '')
'abc'.replace('b')
'abcabc'.find('c')
'abcabc'.find('c', 3)
'abcabc'.find('z')
'abcabc'.rfind('c')
'éab'.find('b')
'abc'.index('c')
'abc'.index('z')
'abcb'.rindex('b')
'abc'.find('', 3)
'abc'.find('', 4)
'banana'.count('an')
'banana'.count('')
'banana'.count('a', 2)
'aaaa'.count('aa')
'HeLLo'.lower()
'straße ﬁ'.upper()
'ΑΣ ΣΑΣ'.lower()
'hello wORLD'.capitalize()
'hello wORLD it\'s ok'.title()
'HeLLo ß'.swapcase()
'HeLLo ß ﬁ ΑΣ'.casefold()
'-'.join(['a', 'b'])
'-'.join('abc')
'-'.join([1])
''.join([])
'{} {}'.format(1, 'b')
'{0} {1} {0}'.format('a', 'b')
'{a} {b}'.format(a=1, b=2)
'{} {0}'.format(1)
'{}'.format()
'{x}'.format(y=1)
'{{}} {}'.format(1)
'{:>5}|{:<5}|{:^5}|{:*^7}'.format('a', 'b', 'c', 'd')
'{:5}|{:5}|'.format('a', 1)
'{:05d} {:+d} {:x} {:#x} {:b} {:o} {:c} {:X}'.format(42, 42, 255, 255, 5, 8, 65, 255)
'{:,} {:_} {:,.2f}'.format(1234567, 1234567, 1234567.891)
'{:.2f} {:.3e} {:g} {:%} {:.1%}'.format(3.14159, 12345.678, 0.00001, 0.25, 0.1234)
'{:.3} {:.3} {:.3} {:.2}'.format(3.14159, 'abcdef', 123.0, 1e10)
'{:10.3f}|{:<10}|{:=+8}|'.format(2.5, 2.5, 5)
'{0.a} {0[b]} {1[0]}'.format({'a': 1, 'b': 2}, [7])
'{!r} {!s}'.format('a', 'b')
'{:{}}|'.format('a', 4)
'{:>{w}}|'.format('a', w=3)
'{:d}'.format('a')
'{:s}'.format(1)
'{'.format()
'}'.format()
'{:z}'.format(1)
'{}'.format([1, 'a'])
'{:>4}'.format(none)
'{} {}'.format(true, none)
'{:5}|'.format(true)
'{a}'.format_map({'a': 1})
'123'.isdigit()
'1.5'.isdigit()
'²'.isdigit()
'²'.isdecimal()
'½'.isnumeric()
''.isdigit()
'abc'.isalpha()
'abc1'.isalpha()
'abc1'.isalnum()
'a b'.isalnum()
' \t\n'.isspace()
''.isspace()
'ABC'.isupper()
'AbC'.isupper()
'123'.isupper()
'abc1'.islower()
'Hello World'.istitle()
'abc'.isascii()
'é'.isascii()
'a1_'.isidentifier()
'a\n'.isprintable()
'prefix-x'.removeprefix('prefix-')
'x'.removeprefix('y')
'x.jinja'.removesuffix('.jinja')
'42'.zfill(5)
'-42'.zfill(5)
'ab'.ljust(5) ~ '|'
'ab'.rjust(5, '.')
'ab'.center(5, '*')
'abc'.center(6, '*')
'ab'.center(7, '*')
'ab'.center(5, '**')
'a=b=c'.partition('=')
'a=b=c'.rpartition('=')
'abc'.partition('=')
'abc'.rpartition('=')
'a\tb'.expandtabs()
'a\tb'.expandtabs(4)
'abc'.upper(1)
'abc'.nosuch()
""")

FILTERS = printed(r"""
-3 | abs
-2.5 | abs
'a' | abs
true | abs
d | attr('b')
d | attr('get') is callable
(s | attr('upper'))()
nums | batch(2) | list
nums | batch(2, 'x') | list
[1,2,3,4] | batch(2) | list
'hELLO wORLD' | capitalize
5 | capitalize
'ab' | center(6) ~ '|'
'ab' | center | length
nums | count
s | length
d | length
5 | length
none | length
undefined_name | length
nums | map('string') | length
range(7) | length
undefined_name | default('x')
none_value | default('x')
none_value | default('x', true)
empty | d('x')
empty | d('x', true)
0 | default(5, boolean=true)
d.missing | default(d.b)
undefined_name | default
undefined_name.x | default('y')
d | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort
{'b': 1, 'A': 2, 'c': 0} | dictsort(true)
{'b': 1, 'A': 2, 'c': 0} | dictsort(false, 'value')
{'b': 1, 'A': 2, 'c': 0} | dictsort(by='value', reverse=true)
{'b': 1} | dictsort(by='x')
nums | dictsort
html | escape
html | e
html | forceescape
5 | e
1 | filesizeformat
0 | filesizeformat
999 | filesizeformat
1000 | filesizeformat
123456789 | filesizeformat
123456789 | filesizeformat(true)
'1500' | filesizeformat
nums | first
nothing | first
nothing | first is undefined
s | first
d | first
5 | first
undefined_name | first
'1.5' | float
'x' | float
'x' | float(9.5)
'1e3' | float
' 2.5 ' | float
'1_0' | float
'inf' | float
'nan' | float
3 | float
true | float
none | float
[1] | float(2)
'%s-%s' | format('a', 1)
'%(x)s' | format(x=5)
'%s' | format
'%s' | format('a', 'b')
users | groupby('age') | list
users | groupby('city') | list
users | groupby('city', default='zug') | map(attribute='grouper') | list
users | groupby('name', case_sensitive=true) | map('first') | list
(users | groupby('ok') | first).list | length
lines | indent
lines | indent(2, true)
lines | indent(width='> ', first=true, blank=true)
'a\n\nb' | indent(2, blank=true)
'' | indent(2, true)
5 | indent
'42' | int
'42.9' | int
'x' | int
'x' | int(5)
'0x1F' | int(0, 16)
'ff' | int(base=16)
'0b11' | int(0, 2)
'0b11' | int(0, 0)
' 7 ' | int
'-7' | int
'1_000' | int
'_1' | int
'1__0' | int
3.9 | int
-3.9 | int
true | int
none | int
[1] | int
'' | int
'z' | int(base=36)
'inf' | int
undefined_name | int
1e15 | int
d | items | list
undefined_name | items | list
nums | items | list
nums | join
nums | join(', ')
words | join('-') | upper
users | join(', ', attribute='name')
s | join('.')
undefined_name | join(',')
5 | join
[1, none, true, 2.0, [3]] | join('|')
nums | last
nothing | last
s | last
d | last
nums | map('string') | last
s | list | first
'abc' | list
d | list
range(3) | list
5 | list
undefined_name | list
'ABC' | lower
none | lower
users | map(attribute='name') | list
users | map(attribute='city') | list
users | map(attribute='city', default='?') | list
nested | map(attribute=0) | list
[deep] | map(attribute='a.b.0.c') | list
words | map('upper') | join(',')
words | map('replace', 'p', 'P') | list
nums | map('string') | join
nothing | map('upper') | list
none | map('upper') | list
nums | map | list
nums | map('nofilter') | list
nums | map(attribute='x', foo=1) | list
['1', '2'] | map('int') | sum
nums | max
nums | min
words | max
words | min
words | min(case_sensitive=true)
users | max(attribute='age')
nothing | max
nothing | max is undefined
mixed | max
nums | pprint
d | pprint
'x' | pprint
users | pprint
[1, 2, 3, 4] | reject('odd') | list
mixed | reject('none') | list
['a', 'b'] | reject('equalto', 'a') | join
mixed | reject | list
users | rejectattr('ok') | map(attribute='name') | list
users | rejectattr('city', 'defined') | map(attribute='name') | list
s | replace('l', 'L')
s | replace('l', 'L', 1)
5 | replace('5', 'five')
s | replace('l')
nums | reverse | list
s | reverse
range(3) | reverse | list
d | reverse | list
5 | reverse
2.5 | round
3.5 | round
42.55 | round
42.55 | round(1)
42.55 | round(1, 'floor')
42.51 | round(0, 'ceil')
42 | round
42 | round(-1)
1234.5 | round(-2)
45 | round(-1)
-2.5 | round
0.15 | round(1)
2.675 | round(2)
1.005 | round(2)
42 | round(1, 'ceil')
42.1 | round(method='nope')
'a' | round
html | safe
nums | select('odd') | list
mixed | select | list
mixed | select('string') | list
nums | select('>', 1) | list
nums | select('divisibleby', 3) | list
nums | select('in', [1, 2]) | list
nums | select('nosuch') | list
users | selectattr('ok') | map(attribute='name') | list
users | selectattr('age', 'equalto', 31) | map(attribute='name') | join('+')
users | selectattr('age', 'lt', 30) | list | length
messages | selectattr('role', '==', 'user') | list
messages | selectattr('role', 'in', ['user', 'system']) | map(attribute='content') | join
users | selectattr | list
[1,2,3,4,5] | slice(2) | list
[1,2,3,4,5] | slice(3, 'x') | list
nums | sort
nums | sort(reverse=true)
words | sort
words | sort(case_sensitive=true)
words | sort(true)
users | sort(attribute='age') | map(attribute='name') | list
users | sort(attribute='age,name', reverse=true) | map(attribute='name') | list
users | sort(attribute='city')
mixed | sort
nothing | sort
[[2, 1], [1, 5], [1]] | sort
s | sort | join
d | sort
'x' | string
none | string
[1] | string
html | striptags
'<!-- c --> a  <b>b</b>\n &lt;i&gt; &amp; &#65;' | striptags
nums | sum
nothing | sum
users | sum(attribute='age')
nums | sum(start=10)
[0.1, 0.2] | sum
[[1], [2]] | sum(start=[])
words | sum
"it's a foo-bar (baz) [qux]" | title
'ÉCOLE nAïve ΑΣ ΑΑΣ' | title
d | tojson
nested | tojson
uni | tojson
html | tojson
uni | tojson(ensure_ascii=true)
d | tojson(indent=2)
{'a': [], 'b': {}, 'c': [1, {'d': 2}]} | tojson(indent=4)
{'b': 1, 'a': 2} | tojson(sort_keys=true)
d | tojson(separators=(',', ':'))
d | tojson(separators=(',', ': '), indent=1)
d | tojson(indent='--')
d | tojson(true)
[1.0, 1e16, 0.1, 1e-7, 123456789.125] | tojson
{1: 2, none: 3, true: 4, 2.5: 5} | tojson
{(1, 2): 3} | tojson
(1, 2) | tojson
'\u0001\u007f"\\/' | tojson
undefined_name | tojson
range(3) | tojson
d.items() | tojson
d | tojson(indent=0)
spaced | trim
'xxaxx' | trim('x')
5 | trim
none | trim
'foo bar baz qux' | truncate(9)
'foo bar baz qux' | truncate(9, true)
'foo bar baz qux' | truncate(11)
'foo bar baz qux' | truncate(11, false, '...', 0)
'foo bar baz qux' | truncate(2)
nums | truncate(5)
nums | truncate(3, leeway=0, end='')
[1, 2, 3, 4] | truncate(3, leeway=0)
undefined_name | truncate
5 | truncate
'foo bar baz qux' | truncate(5, end='…', leeway=0)
['b', 'a', 'B', 'b'] | unique | list
['b', 'a', 'B'] | unique(true) | list
users | unique(attribute='age') | map(attribute='name') | list
[1, 1.0, true] | unique | list
[[1], [1]] | unique | list
s | upper
'a b&c/ü?' | urlencode
{'a b': 'c/d', 'e': 1} | urlencode
[('x', 1), ('y', 'z w')] | urlencode
5 | urlencode
'Hello, big-world it\'s 42' | wordcount
'' | wordcount
long | wordwrap(20)
long | wordwrap(20, false)
long | wordwrap(10, break_on_hyphens=false)
long | wordwrap(15, wrapstring='|')
lines | wordwrap(3)
{'class': 'a b', 'id': none, 'x': '<>'} | xmlattr
{'class': 'a'} | xmlattr(false)
{'a b': 1} | xmlattr
{} | xmlattr
s | nofilter
s | upper | lower | capitalize
'a' ~ 'b' | upper
-1 | abs
1 + -2 | abs
s | trim | replace('o', '0') | length
nums|sort|first ~ nums|sort|last
""")

TESTS = printed(r"""
n is defined
undefined_name is defined
undefined_name is not defined
not undefined_name is defined
n is undefined
d.zz is undefined
none_value is none
n is none
s is string
n is string
n is number
yes is number
f is number
n is integer
yes is integer
f is integer
f is float
n is float
d is mapping
nums is mapping
nums is sequence
s is sequence
d is sequence
n is sequence
undefined_name is sequence
nums is iterable
s is iterable
n is iterable
none is iterable
nums | map('string') is iterable
nums | map('string') is sequence
d.items() is iterable
d.items() is sequence
range(3) is sequence
yes is true
1 is true
no is false
0 is false
yes is boolean
0 is boolean
s.upper is callable
s is callable
namespace is callable
range is callable
2 is even
3 is even
3 is odd
'a' is odd
6 is divisibleby 3
6 is divisibleby(4)
6 is divisibleby 0
1 is equalto 1
1 is eq 2
1 is == 1
1 is ne 2
1 is lt 2
2 is gt 1
1 is le 1
2 is ge 3
'b' is greaterthan 'a'
1 is lessthan 'a'
1 is in [1, 2]
1 is not in [1, 2]
'a' is in 'abc'
'abc' is lower
'ABC' is upper
'Abc' is lower
none is sameas none
1 is sameas true
true is sameas true
d is sameas d
'upper' is filter
'nofilter' is filter
'odd' is test
'nope' is test
html is escaped
n is nosuchtest
n is defined is true
n is defined and s is string
(n is defined) is true
n is equalto(7) or false
undefined_name is equalto undefined_other
""")

GLOBALS = printed(r"""
range(3)
range(1, 10, 3) | list
range(5, 0, -2) | list
range(0)
range(1, 2, 0)
range(100001)
range('a')
range()
dict(a=1, b='x')
dict([('a', 1), ('b', 2)])
dict({'a': 1}, b=2)
dict(d, **{'z': 1})
dict([1])
namespace(a=1)
namespace(a=1).a
namespace({'b': 2}, a=1).b
namespace().x is defined
namespace(_x=1)
namespace(a=1)['a']
raise_exception('No: ' ~ n)
strftime_now('%Y-%m-%d')
strftime_now('%d %b %Y, %A %a %B %H:%M:%S %I %p %j %y %% %U %W %V %u %w')
strftime_now('%-d %e %D %T %R %F %c %x %X %h %G %g %C')
cycler('a', 'b').next()
joiner(',')()
strftime_now is defined
nosuchfunction()
range(*[1, 4]) | list
dict(**{'a': 1})
range(**{'a': 1})
""")

STATEMENTS = [
    "{% if n %}y{% endif %}", "{% if zero %}a{% elif n %}b{% else %}c{% endif %}",
    "{% if not nothing %}empty{% endif %}", "{% if undefined_name %}a{% else %}b{% endif %}",
    "{% if 1, %}tuple{% endif %}", "{% if x %}{{ x | nofilter }}{% else %}ok{% endif %}",
    "{{ x | nofilter if false else 'ok' }}", "{% if n is nosuchtest %}a{% endif %}",
    "{% for x in nums %}{{ x }},{% endfor %}", "{% for x in nothing %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in undefined_name %}{{ x }}{% else %}none{% endfor %}", "{% for x in 5 %}{% endfor %}",
    "{% for x in none %}{% endfor %}", "{% for c in 'aé👍' %}[{{ c }}]{% endfor %}",
    "{% for k in d %}{{ k }}{% endfor %}", "{% for k, v in d.items() %}{{ k }}={{ v }};{% endfor %}",
    "{% for k, v in d | items %}{{ k }}={{ v }};{% endfor %}", "{% for a, b in [(1, 2), (3, 4)] %}{{ a + b }} {% endfor %}",
    "{% for a, b in [(1, 2, 3)] %}{% endfor %}", "{% for a, b in [1] %}{% endfor %}",
    "{% for a, (b, c) in [(1, (2, 3))] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "{% for a, b in ['xy'] %}{{ b }}{{ a }}{% endfor %}",
    "{% for x in nums if x > 1 %}{{ loop.index }}:{{ x }}/{{ loop.length }} {% endfor %}",
    "{% for x in nums if x > 5 %}{{ x }}{% else %}none{% endfor %}",
    "{% for x in nums if x > 1 %}{{ x }}{{ loop.last }}{{ loop.nextitem }} {% endfor %}",
    "{% set ns = namespace(go=true) %}{% for x in nums if ns.go %}{{ x }}{% set ns.go = false %}{% endfor %}",
    "{% set ns = namespace(go=true) %}{% for x in nums if ns.go %}{{ x }}{{ loop.last }}{% set ns.go = false %}{% endfor %}",
    "{% for x in nums %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }} {% endfor %}",
    "{% for x in nums %}{{ loop.previtem }}<{{ x }}>{{ loop.nextitem }} {% endfor %}",
    "{% for x in nums %}{{ loop.previtem is defined }}{{ loop.nextitem is undefined }} {% endfor %}",
    "{% for x in nums %}{{ loop.cycle('a', 'b') }}{% endfor %}", "{% for x in nums %}{{ loop.cycle() }}{% endfor %}",
    "{% for x in [1, 1, 2, 2, 1] %}{{ loop.changed(x) }} {% endfor %}", "{% for x in nums %}{{ loop }} {% endfor %}",
    "{% for x in nums %}{{ loop.nosuch }}|{% endfor %}", "{% for x in nums %}{{ loop('a') }}{% endfor %}",
    "{% for x in nums %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in nums %}{% if x == 1 %}{% continue %}{% endif %}{{ x }}{% endfor %}",
    "{% for x in nums %}{% break %}{% else %}else{% endfor %}", "{% for x in nums %}{% continue %}{% else %}else{% endfor %}",
    "{% for x in nums %}{% if loop.last %}{% break %}{% endif %}{% else %}else{% endfor %}",
    "{% for x in nums %}{% for y in nums %}{% if y == 1 %}{% break %}{% endif %}{{ x }}{{ y }} {% endfor %}{% endfor %}",
    "{% for x in nums %}{% for y in 'ab' %}{{ loop.index }}{% endfor %}{{ loop.index }} {% endfor %}",
    "{% for x in nums %}{% set outer = loop %}{% for y in 'ab' %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}",
    "{% break %}", "{% for x in nums %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}",
    "{% for loop in nums %}{% endfor %}", "{% for x in nums %}{% set loop = 1 %}{% endfor %}",
    "{% for x in 'abc' %}{{ x }}{% else %}{{ loop }}{% endfor %}", "{{ loop }}", "{{ loop is defined }}",
    "{% for n in tree recursive %}{{ n.v }}{% if n.kids %}({{ loop(n.kids) }}){% endif %}{% endfor %}",
    "{% for n in tree recursive %}{{ loop.depth }}{{ n.v }}{{ loop(n.kids) }}{% else %}.{% endfor %}",
    "{% for x in range(3) %}{{ x }}{% endfor %}", "{% for x in nums | sort %}{{ x }}{% endfor %}",
    "{% for x in nums | map('string') %}{{ x }}{{ loop.length }}{{ loop.revindex }}{% endfor %}",
    "{% for x in 1, 2 %}{{ x }}{% endfor %}", "{% for x in [] %}{% endfor %}-", "{% for x in nums: %}{{ x }}{% endfor %}",
    "{% for x in nums if loop.index %}{{ x }}{% endfor %}",
    "{% for m in messages if m.role != 'system' %}{{ m.content }}{% endfor %}", "{% for %}{% endfor %}", "{% for x nums %}{% endfor %}",
    # set and scopes
    "{% set x = 5 %}{{ x }}", "{% set a, b = 1, 2 %}{{ a }}{{ b }}", "{% set a, b = (1, 2) %}{% set a, b = b, a %}{{ a }}{{ b }}",
    "{% set a, b = 1 %}", "{% set a, b = [1, 2, 3] %}", "{% set (a, b) = [1, 2] %}{{ a }}{{ b }}", "{% set x = 1, 2 %}{{ x }}",
    "{% set x = 1 %}{% for i in nums %}{% set x = x + 1 %}{{ x }}{% endfor %}{{ x }}",
    "{% set x = 1 %}{% if true %}{% set x = 2 %}{% endif %}{{ x }}", "{% if true %}{% set x = 2 %}{% endif %}{{ x }}",
    "{% for i in nums %}{% if i == 1 %}{% set found = i %}{% endif %}{{ found }}{% endfor %}|{{ found }}",
    "{% set ns = namespace(x=0) %}{% for i in nums %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}",
    "{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}", "{% set d.x = 1 %}", "{% set undefined_name.x = 1 %}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}", "{% set ns = namespace(a=1) %}{{ ns }}", "{% set d['x'] = 1 %}",
    "{% set x %}a{{ n }}b{% endset %}{{ x }}", "{% set x | upper %}abc{% endset %}{{ x }}", "{% set x | upper | replace('B', '-') %}abc{% endset %}{{ x }}",
    "{% set ns = namespace() %}{% set ns.x %}abc{% endset %}{{ ns.x }}", "{% set x %}{% set y = 1 %}{{ y }}{% endset %}{{ x }}{{ y }}",
    "{% set true = 1 %}", "{% set x %}", "{% set x = %}", "{% set 1 = 2 %}", "{% set n = n + 1 %}{{ n }}", "{% set messages = messages[1:] %}{{ messages | length }}",
    "{% with a = 1, b = 2 %}{{ a }}{{ b }}{% endwith %}{{ a }}", "{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q }}",
    "{% set a = 1 %}{% with a = 2, b = a %}{{ a }}{{ b }}{% endwith %}", "{% with a, b = (1, 2) %}{{ a }}{% endwith %}",
    "{% filter upper %}a{{ 'b' }}c{% endfilter %}", "{% filter replace('a', 'b') | upper %}aXa{% endfilter %}", "{% filter nofilter %}x{% endfilter %}",
    "{% block body %}x{{ n }}{% endblock %}", "{% block a %}1{% endblock a %}", "{% block a %}{% endblock %}{% block a %}{% endblock %}",
    "{% print 'x', n %}", "{% autoescape false %}{{ html }}{% endautoescape %}",
    # macros
    "{% macro m(a, b=2) %}{{ a }}-{{ b }}{% endmacro %}{{ m(1) }} {{ m(1, 3) }} {{ m(b=5, a=4) }} {{ m() }}",
    "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(x=2) }}", "{% macro m(a) %}{{ a.x }}{% endmacro %}{{ m() }}",
    "{% macro m(a, a2=a) %}{{ a }}{{ a2 }}{% endmacro %}{{ m(1) }}", "{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, 2, x=3) }}",
    "{% macro m(a) %}{{ a }}{{ varargs | length }}{% endmacro %}{{ m(1, 2, 3) }}", "{% macro m(a=1, b) %}{% endmacro %}",
    "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(4) }}", "{% macro m() %}  x  {% endmacro %}[{{ m() }}]",
    "{% macro m() %}{{ late }}{% endmacro %}{% set late = 1 %}{{ m() }}", "{% macro m() %}{{ n }}{% endmacro %}{{ m() }}",
    "{% for i in nums %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}", "{% macro m() %}{% set z = 1 %}{% endmacro %}{{ m() }}{{ z }}",
    "{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}in{{ n }}{% endcall %}",
    "{% macro m(xs) %}{% for x in xs %}{{ caller(x) }},{% endfor %}{% endmacro %}{% call(y) m(nums) %}[{{ y }}]{% endcall %}",
    "{% macro m() %}{{ caller }}{% endmacro %}{{ m() }}", "{% macro m() %}{{ caller() }}{% endmacro %}{{ m() }}", "{% macro m() %}x{% endmacro %}{% call m() %}{% endcall %}",
    "{% macro m(caller) %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}", "{% macro m(caller=none) %}{{ caller() if caller else 'no' }}{% endmacro %}{{ m() }}{% call m() %}yes{% endcall %}",
    "{% call n %}{% endcall %}", "{% macro m(a) %}{{ a|string }}{% endmacro %}{{ m('x') | upper }}{{ m('y') ~ 1 }}", "{{ m }}{% macro m() %}{% endmacro %}", "{% macro m() %}{% endmacro %}{{ m }}",
    "{% macro outer() %}{% macro inner() %}i{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}", "{% macro m(a, b) %}{{ b is defined }}{% endmacro %}{{ m(1) }}",
    "{% macro m(*args) %}{% endmacro %}", "{% macro m(a) %}{{ a }}{% endmacro %}{{ m(*[1]) }}{{ m(**{'a': 2}) }}", "{% macro m() %}{{ loop is defined }}{% endmacro %}{% for x in nums %}{{ m() }}{% endfor %}",
    # generation, cyclers, joiners
    "{% generation %}x{{ n }}{% endgeneration %}y", "{% generation %}{% set g = 1 %}{{ g }}{% endgeneration %}{{ g }}", "{%- generation -%} a {%- endgeneration -%} b",
    "{% set c = cycler('a', 'b') %}{{ c.next() }}{{ c.next() }}{{ c.next() }}{{ c.current }}{{ c.reset() }}{{ c.current }}", "{% set j = joiner() %}{% for x in nums %}{{ j() }}{{ x }}{% endfor %}", "{{ cycler() }}",
    # what is not there
    "{% include 'x' %}", "{% import 'x' as y %}", "{% from 'x' import y %}", "{% extends 'x' %}", "{% nosuch %}", "{% endif %}", "{% if x %}", "{% for x in y %}{% endif %}", "{% if x %}{% endfor %}", "{%  %}", "{{ }}", "{{", "{%", "{#", "{# x", "{% if %}{% endif %}", "{{ 'a }}", "{{ (1 }}", "{{ 1) }}", "{{ [1} }}", "{{ a..b }}", "{{ a. }}", "{{ $x }}", "{{ a ! b }}", "{{ a; b }}", "{% raw %}x", "{{ f(a=1, 2) }}", "{{ f(**a, *b) }}", "{{ f(a=1, a=2) }}",
    # white space
    "a\n{% if true %}\nb\n{% endif %}\nc\n", "a\n  {% if true %}\n  b\n  {% endif %}\n  c\n", "  {% if true %}x{% endif %}  y", "  {%+ if true %}x{%+ endif %}", "a  {%- if true -%}  b  {%- endif -%}  c",
    "a \n\n {%- if true %} \n b {% endif -%} \n\n c", "{% if true +%}\nx{% endif %}", "{{ 1 }}\n{{ 2 }}\n\n{{ 3 }}\n", "a {{- 1 -}} b", " {{- ' x ' -}} \n", "  {{ 1 }}  ", "\n\n  {% set x = 1 %}\n\n{{ x }}", "{% set x = 1 %}  \n{{ x }}",
    "a{# c #}b", "a\n  {# c #}\nb", "a {#- c -#} b", "{# a {% b %} {{ c }} #}x", "{#\nmulti\n#}\nx", "  {#+ c #}x", "{# c +#}\nx", "{##}x", "{#-#}x", "x{# }} #}y", "{# 'quote #}x",
    "{% raw %}{{ x }}{% y %}{# z #}{% endraw %}", "a {%- raw -%} {{ x }} {%- endraw -%} b", "{% raw %}\n  {{ x }}\n{% endraw %}\nz", "  {% raw %}x{% endraw %}", "{% raw %}  {% endraw %}y", "{%raw%}{%endraw%}", "{% raw -%}\n x{% endraw %}",
    "a\r\nb\rc\n{{ 1 }}\r\n", "{{ 'a\r\nb' }}", "x\n", "x\n\n", "\n", "", "x\n{% if true %}{% endif %}\n", "{% if true %}\n\n\nx{% endif %}", "{% for x in nums %}\n  {{ x }}\n{% endfor %}\n", "{% for x in nums -%}\n  {{ x }}\n{%- endfor %}\nz",
    "a{% if true %} {% endif %}b", "{{ '{{' }}{{ '}}' }}{{ '{%' }}", "{{ {'a': {'b': 1}}['a']['b'] }}", "{{ {} }}", "{{{'a': 1}.a}}", "{ { 1 } }", "{{ '%}' }}", "{% set x = '%}' %}{{ x }}", "}} %} #}", "{{ 1 -}}\n\n  x", "é{{ 'é' }}\u00a0 {%- if true %}x{% endif %}", "a\u2028  {% if true %}x{% endif %}", "\t{% if true %}x{% endif %}", "{{-1}}", "{{ -1 }}", "{{- 1}}", "{{+1}}", "{%if true%}x{%endif%}", "a\n   {{- 'b' }}\n   c", "{% if true %}a\n{% else %}b\n{% endif %}c", "line\n{% set a = 1 %}\n{% set b = 2 %}\nend", "{%- set a = 1 -%}\n\n\n{{ a }}",
    # precedence and tests in statements
    "{% if n is defined and n is number and not (s is none) %}ok{% endif %}", "{% if messages[0].role == 'system' and messages | length > 2 %}ok{% endif %}", "{% if 'x' not in d and 'a' in d %}ok{% endif %}",
    "{% set x = d.a if d.a is string else '' %}{{ x }}", "{% set x = messages | selectattr('role', 'equalto', 'user') | list %}{{ x[-1].content }}", "{% if d.b is not none and d.b == 1 %}ok{% endif %}", "{% if (n % 2 == 1) != (zero % 2 == 0) %}a{% else %}b{% endif %}",
    "{{ 'a' if n is defined else 'b' }}", "{{ n is defined if true else 1 }}", "{{ [x for x in nums] }}", "{{ lambda: 1 }}", "{{ n if n }}", "{{ s.split(',')[1].strip().upper() }}", "{{ (s | upper).split('L') | length }}", "{{ messages | map(attribute='role') | join(',') }}", "{{ messages[::-1] | map(attribute='role') | join(',') }}",
    "{% set it = nums | map('string') %}{{ it | first }}{{ it | list }}{{ it | list }}", "{% set it = d | items %}{% for k, v in it %}{{ k }}{% endfor %}{% for k, v in it %}{{ k }}{% endfor %}", "{{ nums | select('nosuch') is defined }}", "{{ 'x' | map('upper') | list }}",
    "{% set a = [1] %}{% set b = a + [2] %}{{ a }}{{ b }}", "{% set x = {'a': 1} %}{% set x = dict(x, b=2) %}{{ x }}", "{{ ns }}", "{{ undefined_name | default('d') | upper }}", "{% for u in users | sort(attribute='name') %}{{ u.name }}{% endfor %}", "{% for g, us in users | groupby('age') %}{{ g }}:{{ us | map(attribute='name') | join('&') }} {% endfor %}", "{{ '\\n' in lines }}", "{{ lines | replace('\\n', ' ') }}",
]

SNIPPETS = list(dict.fromkeys(
    LITERALS + OPERATORS + ACCESS + STRING_METHODS + FILTERS + TESTS + GLOBALS + STATEMENTS))
