//! The colours of the picture: those of one group can be told apart by all, however they see colours.

use linux_support::memory::mapping::MappingKind;

use crate::picture::Colour;

pub(super) const NODES: [Colour; 8] = [
    Colour::new("#1d49c4", "#2a56d1"),
    Colour::new("#7f5500", "#bf862b"),
    Colour::new("#5dd196", "#68dd87"),
    Colour::new("#d03f7c", "#ad0081"),
    Colour::new("#008bcd", "#7698a1"),
    Colour::new("#ab9300", "#786100"),
    Colour::new("#c9abfe", "#dfa6fc"),
    Colour::new("#373e47", "#dee9f5"),
];
pub(super) const BASE_PAGES: Colour = Colour::new("#aab4be", "#5f6b77");
pub(super) const TRANSPARENT: Colour = Colour::new("#d9a400", "#ffc02e");
pub(super) const POOLS: [Colour; 3] =
    [Colour::new("#5b2fd6", "#8a63ff"), Colour::new("#a83a20", "#d9441f"), Colour::new("#007f96", "#35d6ee")];
pub(super) const UNKNOWN: Colour = Colour::new("#d9dee3", "#3a424b");

pub(super) fn of_kind(kind: MappingKind) -> Colour {
    match kind {
        MappingKind::FileText => Colour::new("#28396d", "#43649e"),
        MappingKind::FileData => Colour::new("#5087c9", "#5597e1"),
        MappingKind::SharedFile => Colour::new("#86a596", "#55cdd3"),
        MappingKind::Heap => Colour::new("#e17d13", "#a76930"),
        MappingKind::Anonymous => Colour::new("#efaf59", "#cf8a00"),
        MappingKind::Stack => Colour::new("#ac6179", "#ab255f"),
        MappingKind::SharedMemory => Colour::new("#8a3ac9", "#8b4de7"),
        MappingKind::HugePages => Colour::new("#0f7606", "#7aff9a"),
        MappingKind::Reserved => Colour::new("#b5bcd0", "#959595"),
        MappingKind::Device => Colour::new("#553603", "#d3b47f"),
        _ => Colour::new("#535353", "#dce9fb"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Triple = [f64; 3];

    /// How the colours of a screen are seen: with all three kinds of cone, and without the long, middle and short ones
    /// (Machado, Oliveira and Fernandes, 2009).
    const SIGHTS: [[Triple; 3]; 4] = [
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
    ];

    fn times(matrix: &[Triple; 3], vector: Triple) -> Triple {
        matrix.map(|row| row.iter().zip(vector).map(|(one, other)| one * other).sum())
    }

    fn linear(colour: &str) -> Triple {
        [1, 3, 5].map(|at| {
            let byte = u8::from_str_radix(&colour[at..at + 2], 16).unwrap();
            let part = f64::from(byte) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// The place of a colour where equal distances look equally different (Oklab).
    fn place(colour: Triple) -> Triple {
        let cones = times(
            &[
                [0.412_221_470_8, 0.536_332_536_3, 0.051_445_992_9],
                [0.211_903_498_2, 0.680_699_545_1, 0.107_396_956_6],
                [0.088_302_461_9, 0.281_718_837_6, 0.629_978_700_5],
            ],
            colour.map(|part| part.clamp(0.0, 1.0)),
        );
        times(
            &[
                [0.210_454_255_3, 0.793_617_785_0, -0.004_072_046_8],
                [1.977_998_495_1, -2.428_592_205_0, 0.450_593_709_9],
                [0.025_904_037_1, 0.782_771_766_2, -0.808_675_766_0],
            ],
            cones.map(f64::cbrt),
        )
    }

    /// How near the two nearest colours are, in the eyes that tell them apart worst.
    fn nearest(colours: &[&str]) -> f64 {
        let mut least = f64::INFINITY;
        for sight in &SIGHTS {
            for (index, one) in colours.iter().enumerate() {
                for other in &colours[..index] {
                    let [one, other] = [one, other].map(|colour| place(times(sight, linear(colour))));
                    let squares = one.iter().zip(other).map(|(one, other)| (one - other).powi(2));
                    least = least.min(squares.sum::<f64>().sqrt());
                }
            }
        }
        least
    }

    fn assert_told_apart(colours: &[Colour], least: f64) {
        let light: Vec<_> = colours.iter().map(|colour| colour.light).collect();
        let dark: Vec<_> = colours.iter().map(|colour| colour.dark).collect();
        assert!(nearest(&light) >= least, "light: {}", nearest(&light));
        assert!(nearest(&dark) >= least, "dark: {}", nearest(&dark));
    }

    #[test]
    fn colours_of_one_group_can_be_told_apart_by_all() {
        let kinds = MappingKind::ALL.map(of_kind).to_vec();
        let mut unlike: Vec<Colour> = Vec::new();
        for colour in kinds {
            // Those that the kernel makes itself share one.
            if !unlike.contains(&colour) {
                unlike.push(colour);
            }
        }
        assert_eq!(unlike.len(), 11);
        assert_told_apart(&unlike, 0.1);
        assert_told_apart(&NODES, 0.14);
        assert_told_apart(&[&[BASE_PAGES, TRANSPARENT], &POOLS[..]].concat(), 0.1);
        // Red and green of one lightness are not, and the test sees it.
        assert!(nearest(&["#c0392b", "#6b7d1e"]) < 0.1);
    }

    #[test]
    fn colours_stand_out_from_the_ground() {
        let luminance = |colour: &str| {
            let [red, green, blue] = linear(colour);
            0.2126 * red + 0.7152 * green + 0.0722 * blue + 0.05
        };
        let kinds = MappingKind::ALL.map(of_kind);
        let pages = [BASE_PAGES, TRANSPARENT];
        for colour in kinds.iter().chain(&NODES).chain(&POOLS).chain(&pages) {
            let (light, dark) = (luminance(colour.light), luminance(colour.dark));
            assert!(luminance("#ffffff") / light >= 1.8, "{colour:?}");
            assert!(dark / luminance("#15181c") >= 1.8, "{colour:?}");
        }
    }
}
