//! The vendor's published price list as a world. It is a reading: the list of 2025-05 has 52 rows of model, number of GPUs,
//! cores, memory, price and country, without hosts, and without rows that are equal in all of that. Rows of one model and
//! country whose cores, memory and price grow with the GPUs are taken for those of one host: 15 hosts with 73 GPUs. What the
//! list does not have (disks, networks, versions) is drawn. Whether its prices are those of rows is the switch `price-basis`.

use super::catalog::{Model, Place, model, place};

/// A host of the list.
pub(super) struct Listed {
    pub model: &'static Model,
    pub place: &'static Place,
    /// Numbers of GPUs that it sells, the last of them all that it has.
    pub counts: &'static [u32],
    /// Tenths of a core per GPU.
    pub cores: u64,
    /// GB per GPU.
    pub memory: u64,
    /// Thousandths of a dollar per GPU-hour.
    pub price: i64,
}

const fn listed(
    model: &'static Model,
    place: &'static Place,
    counts: &'static [u32],
    (cores, memory): (u64, u64),
    price: i64,
) -> Listed {
    Listed { model, place, counts, cores, memory, price }
}

static RTX_3060_TI: Model = model("RTX 3060 Ti", 8_192, 16, (0, 0), 0, &[]);
static RTX_A2000: Model = model("RTX A2000", 6_138, 8, (0, 0), 0, &[]);
static RTX_3060: Model = model("RTX 3060", 12_288, 13, (0, 0), 0, &[]);
static RTX_3070: Model = model("RTX 3070", 8_192, 20, (0, 0), 0, &[]);
static RTX_A4000: Model = model("RTX A4000", 16_376, 19, (0, 0), 0, &[]);
static RTX_3090: Model = model("RTX 3090", 24_576, 36, (0, 0), 0, &[]);
static RTX_4090: Model = model("RTX 4090", 24_564, 82, (0, 0), 0, &[]);
static RTX_5090: Model = model("RTX 5090", 32_607, 105, (0, 0), 0, &[]);
static RTX_PRO_6000: Model = model("RTX PRO 6000 Blackwell", 97_887, 126, (0, 0), 0, &[]);

static NORWAY: Place = place("Europe", "NO", "EU-NO-01");
static POLAND: Place = place("Europe", "PL", "EU-PL-01");
static ESTONIA: Place = place("Europe", "EE", "EU-EE-01");
static CANADA: Place = place("North America", "CA", "NA-CA-01");

/// Models as the list writes them.
pub fn models() -> impl Iterator<Item = &'static str> {
    LISTED.iter().map(|listed| listed.model.name)
}

/// All of them, by number.
pub(super) static LISTED: [Listed; 15] = [
    listed(&RTX_3060_TI, &NORWAY, &[1], (140, 64), 60),
    listed(&RTX_3060_TI, &NORWAY, &[1], (80, 64), 60),
    listed(&RTX_A2000, &NORWAY, &[1, 2, 3, 4, 5, 6, 7, 8], (240, 32), 60),
    listed(&RTX_3060, &POLAND, &[1, 2], (180, 73), 70),
    listed(&RTX_3060, &CANADA, &[1, 2, 3, 4, 5, 6], (160, 64), 70),
    listed(&RTX_3070, &NORWAY, &[1], (80, 64), 85),
    listed(&RTX_A4000, &ESTONIA, &[1, 2, 3, 4], (105, 32), 90),
    listed(&RTX_3090, &ESTONIA, &[1, 2, 3], (125, 32), 220),
    listed(&RTX_4090, &POLAND, &[1, 2, 3, 4, 5, 6, 8], (320, 128), 340),
    listed(&RTX_4090, &POLAND, &[4, 5, 6, 7, 8], (320, 128), 320),
    listed(&RTX_5090, &POLAND, &[1, 2, 3, 4], (320, 128), 460),
    listed(&RTX_5090, &POLAND, &[8], (320, 128), 420),
    listed(&RTX_5090, &POLAND, &[8], (320, 128), 450),
    listed(&RTX_PRO_6000, &POLAND, &[1, 2, 3], (960, 384), 990),
    listed(&RTX_PRO_6000, &POLAND, &[4, 5, 6, 7, 8], (480, 192), 1_200),
];
