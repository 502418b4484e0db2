use super::*;

fn name(code: &str, bytes: &[u8]) -> String {
    CharacterSet::from_code(code).decode(bytes, true)
}

#[test]
fn names_of_the_annexes_of_the_standard() {
    let cases: [(&str, &[u8], &str); 8] = [
        // PS3.5 H.3.1.
        (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        // PS3.5 H.3.2.
        (
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ),
        // PS3.5 I.2.
        (
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        // PS3.5 J.1.
        (
            "ISO_IR 192",
            "Wang^XiaoDong=王^小東=".as_bytes(),
            "Wang^XiaoDong=王^小東=",
        ),
        // PS3.5 J.3.
        (
            "GB18030",
            b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
            "Wang^XiaoDong=王^小东=",
        ),
        // PS3.5 J.4.
        (
            "GBK",
            b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=",
            "Wang^XiaoDong=王^小东=",
        ),
        // PS3.5 K.2.
        (
            "\\ISO 2022 IR 58",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab= ",
            "Zhang^XiaoDong=张^小东=",
        ),
        ("", b"Adams^John Robert Quincy^^Rev.^B.A. M.Div.", "Adams^John Robert Quincy^^Rev.^B.A. M.Div."),
    ];
    for (code, bytes, expected) in cases {
        assert_eq!(name(code, bytes), expected, "{code}");
    }
}

#[test]
fn single_byte_sets() {
    // The names of pydicom's test files, as it reads them.
    let cases: [(&str, &[u8], &str); 7] = [
        ("ISO_IR 100", b"Buc^J\xe9r\xf4me", "Buc^Jérôme"),
        ("ISO_IR 100", b"\xc4neas^R\xfcdiger ", "Äneas^Rüdiger"),
        ("ISO_IR 144", b"\xbb\xee\xdace\xdc\xd1yp\xd3", "Люкceмбypг"),
        (
            "ISO_IR 126",
            b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2 ",
            "Διονυσιος",
        ),
        (
            "ISO_IR 127",
            b"\xe2\xc8\xc7\xe6\xea^\xe4\xe6\xd2\xc7\xd1 ",
            "قباني^لنزار",
        ),
        (
            "ISO_IR 138",
            b"\xf9\xf8\xe5\xef^\xe3\xe1\xe5\xf8\xe4",
            "שרון^דבורה",
        ),
        // TIS 620-2533: A1 is KO KAI.
        (
            "ISO_IR 166",
            b"\xb9\xd2\xc2\xca\xc1\xaa\xd2\xc2",
            "นายสมชาย",
        ),
    ];
    for (code, bytes, expected) in cases {
        assert_eq!(name(code, bytes), expected, "{code}");
    }
    // One letter that tells each of the others from Latin-1 (ISO 8859 parts 2, 3, 4, 9, 15).
    for (code, byte, letter) in [
        ("ISO_IR 101", 0xb1, "ą"),
        ("ISO_IR 109", 0xb1, "ħ"),
        ("ISO_IR 110", 0xb1, "ą"),
        ("ISO_IR 148", 0xfd, "ı"),
        ("ISO_IR 203", 0xa4, "€"),
        ("ISO_IR 13", 0xb1, "ｱ"),
    ] {
        assert_eq!(name(code, &[byte]), letter, "{code}");
    }
}

#[test]
fn sets_switched_by_escape_sequences() {
    // Greek and Cyrillic beside Latin-1, each escape as in PS3.3 table C.12-3. The delimiter
    // brings Latin-1 back.
    let code = "ISO 2022 IR 100\\ISO 2022 IR 144\\ISO 2022 IR 126";
    assert_eq!(
        name(
            code,
            b"Buc^J\xe9r\xf4me=\x1b-L\xbb\xee\xda=\x1b-F\xc4\xe9^\xe9"
        ),
        "Buc^Jérôme=Люк=Δι^é"
    );
    // In other text `^` is a letter and changes nothing; a line end does.
    let text = |bytes| CharacterSet::from_code(code).decode(bytes, false);
    assert_eq!(text(b"\x1b-L\xbb^\xbb"), "Л^Л");
    assert_eq!(text(b"\x1b-L\xbb\r\n\xe9"), "Л  é");
    for (escape, byte, letter) in [
        (b"\x1b-A", 0xe9, "é"),
        (b"\x1b-B", 0xb1, "ą"),
        (b"\x1b-C", 0xb1, "ħ"),
        (b"\x1b-D", 0xb1, "ą"),
        (b"\x1b-G", 0xe2, "ق"),
        (b"\x1b-H", 0xf9, "ש"),
        (b"\x1b-M", 0xfd, "ı"),
        (b"\x1b-b", 0xa4, "€"),
        (b"\x1b-T", 0xb9, "น"),
        (b"\x1b)I", 0xb1, "ｱ"),
    ] {
        let bytes = [&escape[..], &[byte]].concat();
        assert_eq!(name("ISO 2022 IR 6\\ISO 2022 IR 149", &bytes), letter);
    }
    // JIS X 0212: row 16 cell 1 is U+4E02.
    assert_eq!(name("\\ISO 2022 IR 159", b"\x1b$(D\x30\x21\x1b(B!"), "丂!");
}

#[test]
fn careless_writers_are_understood() {
    // No second escape after the delimiter; none at all; the set as the only value.
    let hong = "洪^吉洞";
    let korean = "\\ISO 2022 IR 149";
    assert_eq!(name(korean, b"\x1b$)C\xfb\xf3^\xd1\xce\xd4\xd7"), hong);
    assert_eq!(name(korean, b"\xfb\xf3^\xd1\xce\xd4\xd7"), hong);
    assert_eq!(name("ISO 2022 IR 149", b"\xfb\xf3^\xd1\xce\xd4\xd7"), hong);
    // Kanji without the way back to ASCII.
    assert_eq!(name("ISO 2022 IR 87", b"\x1b$B;3ED"), "山田");
    for code in ["ISO-IR 100", "ISO IR 100", "iso_ir_100 ", "ISO 2022-IR 100"] {
        assert_eq!(name(code, b"J\xe9r\xf4me"), "Jérôme", "{code}");
    }
    assert_eq!(name("UTF-8", "é".as_bytes()), "é");
    assert_eq!(name("", b"M\xfcller"), "Müller", "nothing declared");
    assert_eq!(name("ISO_IR 6", "Müller".as_bytes()), "Müller");
    assert_eq!(name("", b"\x1b$B;3\x1b(B"), "山", "nothing declared");
}

#[test]
fn what_has_no_meaning_is_replaced_and_nothing_fails() {
    assert_eq!(name("ISO_IR 192", b"M\xfcller"), "M\u{fffd}ller");
    assert_eq!(name("KLINGON", b"M\xfcller"), "M\u{fffd}ller");
    assert_eq!(name("\\ISO 2022 IR 87", b"M\xfcller"), "M\u{fffd}ller");
    assert_eq!(name("\\ISO 2022 IR 149", b"\x1b$)C\xfb"), "\u{fffd}");
    assert_eq!(name("ISO_IR 100", b"a\x80b"), "a\u{fffd}b");
    // An unknown escape sequence is taken out whole; nothing is left for a terminal to obey.
    assert_eq!(name("ISO_IR 100", b"a\x1b[31mb\x07"), "a31mb");
    assert_eq!(name("", b"a\x1b"), "a");
    // Whatever the bytes, there is text, and it holds no control characters.
    let mut state = 1_u32;
    for code in [
        "",
        "X",
        "ISO_IR 192",
        "GB18030",
        "ISO_IR 13",
        "ISO_IR 100",
        "\\ISO 2022 IR 87",
        "ISO 2022 IR 149\\ISO 2022 IR 159",
    ] {
        for length in 0..200 {
            let bytes: Vec<u8> = (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    let byte = (state >> 24) as u8;
                    if byte.is_multiple_of(7) { 0x1b } else { byte }
                })
                .collect();
            assert!(!name(code, &bytes).contains(char::is_control), "{code}");
        }
    }
}
