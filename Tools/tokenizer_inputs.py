# SPDX-License-Identifier: Apache-2.0
#
# Texts that tell tokenizers apart: scripts, code, emoji, marks, white space, digits, look-alikes of
# special tokens, long runs.

INPUTS = [
    "The quick brown fox jumps over the lazy dog.",
    "I've been told he's there, 'RE you sure? 'M not sure I'LL make it, 'D you? We'Ve a'lL, 'ſ 'ſt",
    "naïve café résumé Ångström Å Å ﬁ ß ẞ İ ı ſ",
    "e\u0301e\u0302\u0323 a\u0308\u0301 q\u0307\u0323 \u0344 \u1100\u1161\u11a8 \uac00\u11a8 \u0958 "
    "\u2126 \u212a \u212b",
    "क्षत्रिय हिन्दी नमस्ते தமிழ் ภาษาไทย",
    "العَرَبِيَّةُ لغة ١٢٣٤ עִבְרִית",
    "日本語のテキスト、カタカナ・ひらがな「漢字」。한국어 텍스트 조선말",
    "中文字符，全角标点！？（测试）12３４５",
    "Привет ёЁ Γειά ώᾳ ΐ ῖ ა Ꭰ",
    "😶‍🌫️ 👨‍👩‍👧‍👦 🇩🇪🇫🇷 ❤️ 👍🏽 1️⃣",
    "def f(x):\n    return x**2 + 3 # comment\n\n\tif x >= 10:\n\t\tprint('ok')\r\n",
    "for (int i = 0; i < 1000000; ++i) { a[i] = b[i] ^ 0xDEADBEEF; }",
    '<html class="x">&nbsp;</html> https://example.com/?q=1&x=%20y#f',
    "1234567890 3.14159 1,000,000 ½ Ⅷ ² ٣٤ १२ 𝟙𝟚𝟛 ㊿ 〇",
    "$100 €50 ₹500 © § † •… ---===___ !!!??? ``\"\"''",
    "  \n  \n  x \t\n\r\x0b\x0c\x85\xa0\u1680\u2000\u2028\u202f\u3000x\u3000。 ",
    "\r\n\r\n\t\t\t y",
    "\x01\x02\x7f\x80\u200b\u200d\ufeff\u00ad\ufffd\U0010ffff",
    "𐐀𐐨 𞤀𞤢 𐲀 𑢠 𝒜𝓑 𠀀𠮷 ᲐᲑ",
    "<s> </s> <unk> <|endoftext|><|im_start|>user\nhi<|im_end|>\n",
    "<｜begin▁of▁sentence｜>Hi<｜end▁of▁sentence｜> <｜User｜>x<｜Assistant｜><think>\n</think>",
    "<|begin_of_text|><|eot_id|> <|EOT|> <｜fim▁hole｜> <|end <｜begin▁of",
    "öäü ÿ õ÷Áý",
    "a" * 150,
    " " * 20 + "x" + "\n" * 12,
    "0" * 40 + "!" * 80 + "汉" * 30,
    "a\u0301\u0300\u0323\u0331" * 6 + "\u0301" * 10,
    "Ġhello Ċ <0x0A> ▁▁ hello▁world ▁",
]
