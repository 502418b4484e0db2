//! Streams of OpenJPEG 2.5 and OpenJPH 0.9, made of images that a formula gives.

use super::*;

const LIMITS: Limits = Limits {
    bytes: 1 << 20,
    deadline: None,
};

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .as_chunks::<2>()
        .0
        .iter()
        .map(|[high, low]| high << 4 | low)
        .collect()
}

/// The image of 17 × 11 pixels that the streams hold.
fn image(value: impl Fn(i32) -> i32) -> Vec<i32> {
    let at = |x: i32, y: i32| (x * x * 3 + y * y * 5 + x * y * 7) % 200;
    (0..11)
        .flat_map(|y| (0..17).map(move |x| at(x, y)))
        .map(value)
        .collect()
}

fn decoded(stream: &[u8]) -> Vec<i32> {
    let frame = decode(stream, 4, &LIMITS).unwrap();
    let words = frame.bytes.as_chunks::<4>().0;
    words.iter().map(|word| i32::from_le_bytes(*word)).collect()
}

#[test]
fn signed_samples_come_out_as_they_were() {
    let stream = bytes(SIGNED);
    let expected = image(|value| value * 20 - 2000);
    assert_eq!(decoded(&stream), expected);
    let frame = decode(&stream, 2, &LIMITS).unwrap();
    let words: Vec<u8> = expected
        .iter()
        .flat_map(|&v| (v as i16).to_le_bytes())
        .collect();
    assert_eq!((frame.rows, frame.columns, frame.components), (11, 17, 1));
    assert_eq!(frame.bytes, words);
}

#[test]
fn tiles_and_colors_come_out_as_they_were() {
    let expected: Vec<i32> = image(|value| value)
        .into_iter()
        .flat_map(|value| [value, value * 2 % 256, 255 - value])
        .collect();
    assert_eq!(decoded(&bytes(TILES_RCT)), expected);
}

#[test]
fn every_block_style_precincts_layers_and_markers_between_packets_are_read() {
    assert_eq!(decoded(&bytes(ALL_STYLES)), image(|value| value));
}

#[test]
fn regions_of_interest_are_shifted_back() {
    assert_eq!(decoded(&bytes(REGION)), image(|value| value));
}

#[test]
fn lossy_streams_are_within_one_level_of_openjpeg() {
    let decoded = decoded(&bytes(LOSSY));
    let far = decoded
        .iter()
        .zip(LOSSY_SAMPLES)
        .filter(|(a, b)| (*a - b).abs() > 1);
    assert_eq!(far.count(), 0);
}

#[test]
fn high_throughput_blocks_are_read() {
    assert_eq!(decoded(&bytes(HIGH_THROUGHPUT)), image(|value| value * 300));
}

#[test]
fn high_throughput_refinement_is_that_of_openjpeg() {
    assert_eq!(decoded(&bytes(HT_REFINED)), HT_REFINED_SAMPLES);
}

#[test]
fn progression_changes_are_followed() {
    // The same packets in the same order, said in two volumes: resolutions 0 and 1, then all. The
    // stream has one component and one layer, so that its order is RLCP as well as LRCP.
    let mut stream = bytes(SIGNED);
    let start = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0x90])
        .unwrap();
    let volumes = [0xFF, 0x5F, 0, 16, 0, 0, 0, 1, 2, 1, 1, 0, 0, 0, 1, 33, 1, 0];
    stream.splice(start..start, volumes);
    assert_eq!(decoded(&stream), image(|value| value * 20 - 2000));
    // Without the second volume packets are missing.
    stream.drain(start + 11..start + 18);
    stream[start + 3] = 9;
    assert!(decode(&stream, 4, &LIMITS).is_err());
}

#[test]
fn cut_streams_are_errors() {
    for stream in [SIGNED, TILES_RCT, ALL_STYLES, LOSSY, HIGH_THROUGHPUT] {
        let whole = bytes(stream);
        for cut in 0..whole.len() - 2 {
            let end = &whole[..cut];
            let marked = [end, &[0xFF, 0xD9]].concat();
            assert!(decode(end, 4, &LIMITS).is_err(), "{cut} of {}", whole.len());
            assert!(
                decode(&marked, 4, &LIMITS).is_err(),
                "{cut} of {}",
                whole.len()
            );
        }
    }
}

#[test]
fn no_change_of_one_byte_is_a_panic() {
    for stream in [
        SIGNED,
        TILES_RCT,
        ALL_STYLES,
        REGION,
        LOSSY,
        HIGH_THROUGHPUT,
        HT_REFINED,
    ] {
        let whole = bytes(stream);
        for place in 0..whole.len() {
            for value in [0, 0x7F, 0xFF] {
                let mut changed = whole.clone();
                changed[place] = value;
                // Any outcome but a panic: a sample may change without a trace.
                let size = decode(&changed, 4, &LIMITS).map_or(0, |frame| frame.bytes.len());
                assert!(size <= LIMITS.bytes);
            }
        }
    }
}

#[test]
fn sizes_beyond_the_limit_are_refused_before_anything_is_allocated() {
    let mut stream = bytes(SIGNED);
    stream[8..12].copy_from_slice(&0x7000_0000_u32.to_be_bytes());
    stream[12..16].copy_from_slice(&0x7000_0000_u32.to_be_bytes());
    let error = decode(&stream, 4, &LIMITS).unwrap_err();
    assert!(matches!(error, CodecError::TooLarge { .. }), "{error}");
}

#[test]
fn small_streams_cannot_ask_for_many_precincts() {
    let limits = Limits {
        bytes: 1 << 28,
        deadline: None,
    };
    // 4096 × 4096 in precincts of 2 × 2.
    let mut stream = bytes(SIGNED);
    stream[8..12].copy_from_slice(&4096_u32.to_be_bytes());
    stream[12..16].copy_from_slice(&4096_u32.to_be_bytes());
    stream[24..28].copy_from_slice(&4096_u32.to_be_bytes());
    stream[28..32].copy_from_slice(&4096_u32.to_be_bytes());
    let cod = stream
        .windows(2)
        .position(|pair| pair == [0xFF, 0x52])
        .unwrap();
    stream[cod + 3] += 3;
    stream[cod + 4] |= 1;
    stream.splice(cod + 14..cod + 14, [0x11; 3]);
    assert_eq!(decode(&stream, 4, &limits), Err(CodecError::Truncated));
}

#[test]
fn the_deadline_ends_decoding() {
    let limits = Limits {
        deadline: Some(std::time::Instant::now()),
        ..LIMITS
    };
    assert_eq!(decode(&bytes(SIGNED), 4, &limits), Err(CodecError::TooSlow));
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let error = decode(&bytes(SIGNED), 1, &LIMITS).unwrap_err();
    assert!(matches!(error, CodecError::Unsupported(_)), "{error}");
}

const SIGNED: &str = "\
    ff4fff5100290000000000110000000b0000000000000000000000110000000b000000000000000000018f0101\
    ff52000c00000001000204040001ff5c000a4080888890888890ff90000a0000000001390001ff93c1fe060006\
    f771f97ff654296750e95d7896d9d109865acc3a102e7fc03f61380fe46203fc0a8005881add49c241d900721d\
    bd11c36b9e62f33f0680ca4bebdfa99aa94765c9731e944ce37098f8265f4c2f0c0c1e4683e95a983b55f44560\
    db0ee6fc3308261fc0ff04681fe11203fc178026b4d48a3fda7aa6cdd2077ce88c27c69cb48a99bba9385296c0\
    d2f1670f78ec4450c04f2d06b2a4bb1db637cad298f147e6fe0315b8c52cf29c0c75f3162439eb974e4d03df01\
    1705bbb66fd892305ac99d0f2cf71211fb9ecfbd268977117bb63d4a055d63babc95659f05bb170d0efb498ddc\
    5aaf507288effc9fcb1ea8a5c5019e8c0e9f3e07603f09cb2067eaf634d9d5b55a764b9572c6c3d3357de05934\
    8a1aa42aa9e3f6563c57aab1530049dd23ede568ff49ff7fffd9";

const TILES_RCT: &str = "\
    ff4fff51002f0000000000110000000b00000000000000000000000a0000000700000000000000000003070101\
    070101070101ff52000c00000001010104040001ff5c00074040484850ff90000a0000000001240001ff93cfb4\
    54120edbfe9987e6203d361ebca44737e5be129bca8cff18c014c52b6bea71e8b8a47a3d49e28b30dd7cf8b7cd\
    d5a28417df80b807599936f06683182eb1d032c1ec1ea07e7326ea1fc86fc7da2b1f687c7e0220219066e948e6\
    2d56dbc16bfdb93f81ff8163ef473f18f7a19b436ef50d532728dd9f8e0b24ee32cc2a754b19e85159104ce16b\
    4a1fdf98ccfc0527e626298f13b56e19cb522c01bc0fbf27459bb12d66d0358a7b260f0e1d8939b60b8fb2473c\
    f657ca2f9b5751621d7f182415b008f3702e12fe48702b11dcce29a2bfcfc05e7e0233f31326d97005aeb38e5a\
    afb9f6504bd89ea45634db76b060021847f28c6874f6e27342409ff903d5df65198c0766efbb3b729766ecb45f\
    da089b6add5fff90000a0001000000dd0001ff93c7d41e18a917d39a15c2d963105cc2d1b21fcfb4480ecd92b0\
    7877b48dc1ca5dff6a796967b9a7cfb4481734ec5c337c39b855ea50df4b7f2ffa373bc7da1d1f686c7e01601f\
    41eb58238d631c1ad2492a3c7f1f733236e24407f096a5330084108fbe720e2ef447453107df9884fc03afd830\
    03df44769f8d62363ca338a01813d1371e6d80b667bcca5f6d43f66261370fb9edadf7a0150e584e776bcfc03e\
    7e01f3f30c1f5a51fce25cae2017d8b21445ddfb1e71bbc25279171866ca0cdd6c1f7f0be8870660f174e24fc1\
    01fdff90000a0002000000bf0001ff93c7d4141068a9997909cb8ff737cfb42c0a97cc7ecbc0d3e878dda8cfb4\
    2806be710f989fd98d7c90c3ea0a87d4150fb430104245d1a6a2a00397070c25bdb9fe93b272eff701830bb5ae\
    99e922a84ff37fcfc036fcc367e61a14df38ab01170748ed4a3170970b92d4a173ead9111e45f2e12f0cf3564f\
    de2bc9a96969757d5fcfc03a3ed0c9f987000f8a1df53c4ee275540b952dff7f0584282576e3380b9ceed87f08\
    f1e9919517261a0941c9de037fff90000a0003000000930001ff93c3e7100e3c898958bf06a3cfb4280ab1ff81\
    2d5369810fbfcfb4280bfebe48a4ce3ed79703c3ea0787d4130fb41800380f5f042b7f0914f6b12097bee27f06\
    7e008d44dfcfc0267e0151f803000b454a3b3d4c830c3f025a1cfbf116a89bdc770f94f7fe2c96cfc01e3ed099\
    f983000d9204ff43dbc60b5f078fc8a29297c30527f7e19e14ffd9";

const ALL_STYLES: &str = "\
    ff4fff5100290000000000110000000b0000000000000000000000110000000b00000000000000000001070101\
    ff52000e07030002000102023f013344ff5c00074040484850ff90000a0000000001a90001ff93ff9100040000\
    80ff92ff9100040001df8133ba561749c4e231ff921230af8dbb000bf590cbf9e3d621065386e6e31aa1fa3920\
    9c0f4832629cc720b658f92a49b45d6d0ab6f354080b00f8eab6f5dcd7c9cce0cdb6d855c63b12e7b6ff910004\
    000280ff92ff9100040003cfc232186313412511612610619f81a3aa2da50b8452298fc2952131114115115115\
    1151ff9254d747eb104001b365582e793cde4bb1257503b63fb73c7b8b148e940e98b54037113dbbde56623500\
    279baead76aab6ff7ea34bfc2af5aab6fc78ac296543b626b36d7253560817887a463156c3112cc024b8915c8b\
    5c37dee104330222426e9662b6ff7fea8b0f9214b6210aa03086b6dcc53b4cf9b609cb2067eaf634d9e06cb666\
    3cd5449b408f895052358ee92339a1b600011389002ab60096ec763e2ab600ee4030d1aab600000000002ab6ff\
    910004000480ff92ff9100040005cfb489449249241209ff92022334000bd403d7b6d7afb695bab61db665b6ff\
    910004000680ff92ff9100040007c7da44a2492492090480ff920473340003872056b656acb6f5eab612b6cab6\
    ffd9";

const REGION: &str = "\
    ff4fff5100290000000000110000000b0000000000000000000000110000000b00000000000000000001070101\
    ff52000c00000001000104040001ff5c00074040484850ff5e0005000006ff90000a0000000000da0001ff93df\
    81b8122d326e3753b1af572aa5286c27b958316792a53a62c6b853f72d6b8d526b29101210769f4b94d6a6a1b7\
    fae492d98fc3abf0228fbb65cfc0ce7e05d1f8140054d72e0ab4ce80cd8b107f51d45253d47f60c3ad52f60d4a\
    d9b5694039100e97b11861e2832260ec2a128ad2d50cbf794552bf26b416db4e335a1fadd5734e9ae36a04a69d\
    b11966eeae62fe531ca97eec03a3d5cc9440dfcfde7e3654731ea68f09cb2067eaf634d9d5b55a764b9572c6c3\
    d34afe0a6d36ee0d4dcaff834e9445c0aea8e7f2b4a2bfffd9";

const LOSSY: &str = "\
    ff4fff5100290000000000110000000b0000000000000000000000110000000b00000000000000000001070101\
    ff52000c00000001000204040000ff5c0011425f5250055005504757d357d35762ff90000a0000000000220001\
    ff93cf883806f1ec2aa349ef80c70c0054d724ede853ffd9";

/// What OpenJPEG 2.5 makes of it.
const LOSSY_SAMPLES: [i32; 187] = [
    0, 0, 13, 50, 85, 100, 107, 113, 114, 107, 96, 85, 77, 84, 96, 107, 114, 0, 0, 28, 60, 89, 100,
    104, 107, 107, 100, 92, 83, 77, 83, 93, 102, 108, 16, 29, 53, 77, 97, 101, 100, 98, 95, 90, 85,
    80, 77, 81, 88, 95, 99, 55, 64, 79, 93, 105, 103, 96, 89, 83, 80, 79, 78, 78, 80, 83, 87, 89,
    87, 92, 100, 107, 111, 104, 94, 83, 75, 74, 76, 78, 80, 81, 80, 80, 80, 93, 96, 101, 114, 109,
    105, 97, 87, 78, 85, 80, 86, 90, 79, 81, 87, 69, 88, 92, 98, 109, 109, 106, 101, 94, 88, 93,
    91, 95, 97, 87, 85, 85, 72, 81, 90, 110, 70, 127, 103, 111, 97, 118, 67, 113, 109, 82, 132, 96,
    35, 125, 74, 88, 119, 36, 137, 109, 110, 109, 138, 47, 137, 111, 74, 170, 107, 0, 173, 76, 87,
    105, 66, 96, 161, 58, 159, 97, 86, 152, 56, 121, 145, 113, 7, 151, 78, 87, 91, 97, 60, 201, 16,
    197, 60, 122, 160, 10, 161, 115, 115, 33, 124,
];

const HIGH_THROUGHPUT: &str = "\
    ff4fff5100294000000000110000000b0000000000000000000000110000000b000000000000000000010f0101\
    ff50000800020000000bff52000c00020001000200014001ff5c000a2090989898909098ff90000a0000000001\
    f20001ff93e0000dbbab1158b710c74aa20f64433a7d547d430b5fc43ff6d5fd0dbf9d204337005edf926d8101\
    c7f40b7600c0000b77000036eeb200005be08b182aebb39c84f2af86c4e85d3f59551de65b6c29063ffce701ab\
    380097889f25989d2df1df1ce453afabc1d848a8af0f14fa3f733a0053370081ca25a3f5ca0287f50b76007f87\
    31f7771f2b80209fe5cc8f4f3306374342b5f26bcd007e7fa1200a9800e0000ddb6ee380003baedd7fb4700003\
    755bac07e7e01c9c29f21998b837bc90a50d1dccf8a2d6bd0e8e2972ddfb0c7c51266e8319c7d9679021d66790\
    21d60241cf8e4e7301579a0067f1bea883c3c1e1d92664b9e1fba24cdccf36c7d906d5c4fd6c935b1c1c3cdb9a\
    b839cefcaf88027c06cd3a9cc50055c8f0c74200b99a00b7eb76ddae813490b24b0b1b6e170ea40bfbbf5d0792\
    b7eb6fb739be5d1cada9300da4ecd20adfe945d060239900af30cbd87669de2e92f1760da4db65eabd5dd8a507\
    520e2461c332563272bbd81c3b900652fe1f5c9574992043390076e9ede2ed7220ddee00c3f805f48378002ff5\
    4bdde3d797bae357c7af2f75bed4397ef9527ba9fb527fa97bfceaa5eea5fe1b1fe5bb49c027d9005feabfd47f\
    a91fbf7ea9bdd47fa9bfd47da9bfd41dbfbcd45dea5eeabed45fea5eea012137718e9480945a00ffd9";

const HT_REFINED: &str = "\
    ff4fff51002940000000000d0000000900000000000000000000000d00000009000000000000000000010f0101\
    ff500008000200000009ff52000c00020001000004044001ff5c00042088ff90000a0000000000340001ff93c0\
    0073687036c488d9c4ede392f003f88208c7002684793801f000fc4f7401bff56d7967e527ffd9";

/// What OpenJPEG 2.5 makes of it.
const HT_REFINED_SAMPLES: [i32; 117] = [
    32768, 32768, 32768, 32768, 32768, 32767, 32767, 32769, 32768, 32767, 32809, 32768, 32767,
    32768, 32768, 32768, 32768, 32768, 32767, 32785, 32767, 32769, 32768, 32769, 32767, 32767,
    32768, 32768, 32768, 32768, 32768, 32767, 32768, 32768, 32769, 32768, 32767, 32769, 32792,
    32768, 32768, 32768, 32768, 32769, 32767, 32807, 32767, 32768, 32767, 32769, 32769, 32767,
    32768, 32768, 32768, 32768, 32768, 32782, 32768, 32768, 32794, 32768, 32768, 32768, 32768,
    32768, 32768, 32768, 32768, 32769, 32768, 32768, 32768, 32768, 32825, 32768, 32768, 32768,
    32768, 32768, 32768, 32768, 32768, 32807, 32768, 32768, 32768, 32768, 32768, 32768, 32768,
    32768, 32768, 32768, 32768, 32768, 32768, 32800, 32768, 32768, 32768, 32768, 32768, 32768,
    32768, 32768, 32768, 32768, 32768, 32768, 32824, 32768, 32768, 32768, 32768, 32768, 32768,
];
